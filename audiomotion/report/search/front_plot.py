"""Several objectives against each other: every trial, and those that no other is better than."""

from itertools import combinations
from typing import TYPE_CHECKING

from audiomotion.report.plot_style import COLOURS, NEUTRAL, PlotFormat, plot_style, rendered
from audiomotion.report.search.found import FoundSearch

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def front_plot(search: FoundSearch, form: PlotFormat = "png") -> bytes | None:
    """Draw a panel for each pair of objectives; None where there is but one, or no front."""
    if len(search.objectives) < 2 or not search.front:
        return None
    with plot_style():
        return rendered(_draw(search), form)


def _draw(search: FoundSearch) -> "Figure":
    from matplotlib.figure import Figure

    pairs = list(combinations(range(len(search.objectives)), 2))
    figure = Figure(figsize=(1.0 + 3.4 * len(pairs), 4.0), layout="constrained")
    panels = figure.subplots(1, len(pairs), squeeze=False)[0]
    for (x, y), axes in zip(pairs, panels, strict=True):
        _draw_pair(axes, search, x, y)
    figure.suptitle(search.title, x=0.01, ha="left", fontsize=10, fontweight="bold")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower left", ncols=4)
    return figure


def _draw_pair(axes: "Axes", search: FoundSearch, x: int, y: int) -> None:
    front = set(search.front)
    done = [trial for trial in search.trials if trial.status == "done"]
    kinds = (
        ("other trials", "o", NEUTRAL, [t for t in done if t.feasible and t.number not in front]),
        ("misses a constraint", "v", NEUTRAL, [t for t in done if not t.feasible]),
        ("front: no trial is better in all", "D", COLOURS[0],
         [t for t in done if t.number in front and t.number != search.winner]),
        ("winner: of the front the best in the first", "*", COLOURS[1],
         [t for t in done if t.number == search.winner]),
    )  # fmt: skip
    for said, marker, colour, trials in kinds:
        if trials:
            axes.scatter(
                [trial.values[x] for trial in trials],
                [trial.values[y] for trial in trials],
                marker=marker,
                s=110 if marker == "*" else 26,
                color=colour,
                alpha=0.6 if colour == NEUTRAL else 1.0,
                label=said,
                zorder=3,
            )
    axes.set_xlabel(search.label(x))
    axes.set_ylabel(search.label(y))
    axes.locator_params(axis="x", nbins=5)
