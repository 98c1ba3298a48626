"""How a search went: the value of each trial, and the best so far."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from audiomotion.report.plot_style import COLOURS, NEUTRAL, PlotFormat, plot_style, rendered
from audiomotion.report.search.found import FoundSearch, FoundTrial

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def history_plot(search: FoundSearch, form: PlotFormat = "png") -> bytes | None:
    """Draw each objective by trial; pruned trials stand apart. None where no trial has a value."""
    if not any(trial.values for trial in search.trials):
        return None
    with plot_style():
        return rendered(_draw(search), form)


def best_so_far(search: FoundSearch, objective: int) -> list[tuple[int, float]]:
    """Return the best value up to each trial that counts."""
    found: list[tuple[int, float]] = []
    pick = min if search.lower_is_better[objective] else max
    for trial in search.trials:
        if trial.counts:
            value = trial.values[objective]
            found.append((trial.number, pick(value, found[-1][1]) if found else value))
    return found


def _draw(search: FoundSearch) -> "Figure":
    from matplotlib.figure import Figure

    number = len(search.objectives)
    figure = Figure(figsize=(7.2, 1.2 + 2.6 * number), layout="constrained")
    panels = figure.subplots(number, 1, squeeze=False, sharex=True)[:, 0]
    for objective, axes in enumerate(panels):
        _draw_objective(axes, search, objective)
    panels[0].set_title(search.title)
    panels[-1].set_xlabel("trial")
    panels[-1].xaxis.get_major_locator().set_params(integer=True)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower left", ncols=3)
    return figure


def _draw_objective(axes: "Axes", search: FoundSearch, objective: int) -> None:
    for said, marker, colour, trials in _kinds(search):
        shown = [trial for trial in trials if trial.values]
        if shown:
            axes.plot(
                [trial.number for trial in shown],
                [trial.values[objective] for trial in shown],
                marker,
                color=colour,
                markerfacecolor="none" if marker != "o" else colour,
                markersize=5,
                linestyle="none",
                label=said,
            )
    line = best_so_far(search, objective)
    if line and len(search.objectives) == 1:
        last = max(trial.number for trial in search.trials)
        x, y = zip(*line, (last, line[-1][1]), strict=True)
        axes.step(x, y, where="post", color=COLOURS[1], label="best so far")
    axes.set_ylabel(search.label(objective).replace(", ", ",\n"))


def _kinds(search: FoundSearch) -> Iterator[tuple[str, str, str, list[FoundTrial]]]:
    """Yield what is said of a kind of trials, how they are drawn, and them."""
    done = [trial for trial in search.trials if trial.status == "done"]
    yield "done", "o", COLOURS[0], [trial for trial in done if trial.feasible]
    yield "misses a constraint", "v", NEUTRAL, [trial for trial in done if not trial.feasible]
    pruned = [trial for trial in search.trials if trial.status == "pruned"]
    yield "pruned: mean of the repeats it had", "d", NEUTRAL, pruned
