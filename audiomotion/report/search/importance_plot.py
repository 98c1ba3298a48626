"""Which parameters of a search decide its value."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from audiomotion.report.plot_style import COLOURS, PlotFormat, plot_style, rendered
from audiomotion.report.search.found import FoundSearch, short_path

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def importance_plot(
    search: FoundSearch, shares: Mapping[str, float], form: PlotFormat = "png"
) -> bytes | None:
    """Draw the share of each parameter in the first objective; None where none is known.

    Args:
        search: The search.
        shares: By path; they sum to 1.
        form: What to return.
    """
    if not shares:
        return None
    with plot_style():
        return rendered(_draw(search, shares), form)


def _draw(search: FoundSearch, shares: Mapping[str, float]) -> "Figure":
    from matplotlib.figure import Figure

    ordered = sorted(shares.items(), key=lambda item: item[1])
    figure = Figure(figsize=(7.2, 1.1 + 0.4 * len(ordered)), layout="constrained")
    axes = figure.subplots()
    bars = axes.barh(
        [short_path(path) for path, _ in ordered], [v for _, v in ordered], color=COLOURS[0]
    )
    axes.bar_label(bars, fmt="%.2f", padding=3)
    axes.set_xlim(0, 1.08)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel(f"share in what sets the best trials apart (PED-ANOVA), {search.objectives[0]}")
    axes.set_title(search.title)
    return figure
