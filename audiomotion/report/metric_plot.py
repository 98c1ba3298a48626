"""Every metric of a launch with its intervals, arm under arm, as one picture."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from audiomotion.report.metrics import METRICS, Metric
from audiomotion.report.plot_style import (
    NEUTRAL,
    ArmStyle,
    PlotFormat,
    arm_styles,
    plot_style,
    rendered,
)
from audiomotion.report.table import ResultTable, Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_ARMS: Final = 60
"""Arms that one picture shows; of more it shows the first, and says so."""

_COLUMNS: Final = 4
_INCHES_AN_ARM: Final = 0.3
_PANEL_INCHES: Final = 4.0
"""Width of a panel that stands alone: legible on a phone."""
_REACH: Final = 1.0
"""How far a reference may lie off the arms, in widths of their range, to be drawn to scale."""


def metric_plot(table: ResultTable, form: PlotFormat = "png") -> bytes | None:
    """Draw a panel a metric: each arm's mean, its 95 % interval, and its seeds.

    Real motion and its reconstruction are lines where they lie near the arms, and always a number
    in the panel's heading. Published figures are not drawn: they stand in tables, apart.

    Returns:
        The picture; None where no arm has a figure.
    """
    rows = [row for row in table.rows if row.figures][:MOST_ARMS]
    metrics = [metric for metric in METRICS if any(metric.key in row.figures for row in rows)]
    if not metrics:
        return None
    with plot_style():
        return rendered(_draw(table, rows, metrics), form)


def metric_panels(table: ResultTable) -> dict[Metric, bytes]:
    """Draw each metric that was measured as a picture of its own, `inline`, without a title."""
    from matplotlib.figure import Figure

    rows = [row for row in table.rows if row.figures][:MOST_ARMS]
    styles = arm_styles([row.name for row in table.rows])
    found = {}
    for metric in METRICS:
        if not any(metric.key in row.figures for row in rows):
            continue
        with plot_style():
            size = (_PANEL_INCHES, 0.5 + _INCHES_AN_ARM * len(rows))
            figure = Figure(figsize=size, layout="constrained")
            axes = figure.subplots()
            _draw_metric(axes, metric, rows, table.references, styles)
            _name_rows(axes, rows)
            found[metric] = rendered(figure, "inline")
    return found


def _draw(table: ResultTable, rows: Sequence[Row], metrics: Sequence[Metric]) -> "Figure":
    from matplotlib.figure import Figure

    cells = len(metrics) + 1  # the last one is the legend's
    columns = min(_COLUMNS, cells)
    lines = math.ceil(cells / columns)
    longest = max(len(row.name) for row in rows)
    size = (3.0 * columns + 0.06 * longest, lines * (1.05 + _INCHES_AN_ARM * len(rows)) + 0.4)
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(lines, columns, squeeze=False, sharey=True).flat
    styles = arm_styles([row.name for row in table.rows])
    for metric, axes in zip(metrics, panels, strict=False):
        _draw_metric(axes, metric, rows, table.references, styles)
        _entitle(axes, metric, table.references)
    _name_rows(panels[0], rows)  # shared: set once
    for axes in list(panels)[len(metrics) :]:
        axes.set_axis_off()
    _explain(panels[len(metrics)], table, rows)
    figure.suptitle(_title(table, rows), x=0.01, ha="left", fontsize=11)
    return figure


def _name_rows(axes: "Axes", rows: Sequence[Row]) -> None:
    """Name the arms; the first one stands on top, as in the table."""
    axes.set_yticks(range(len(rows)), [row.name for row in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)


def _title(table: ResultTable, rows: Sequence[Row]) -> str:
    measured = sum(bool(row.figures) for row in table.rows)
    shown = f" (the first {len(rows)} of {measured} arms)" if measured > len(rows) else ""
    missing = [row.name for row in table.rows if not row.figures]
    without = f"; no result: {', '.join(missing)}" if 0 < len(missing) <= MOST_ARMS else ""
    return f"{table.title} on {table.dataset}{shown}{without}"


def _draw_metric(
    axes: "Axes",
    metric: Metric,
    rows: Sequence[Row],
    references: Sequence[Row],
    styles: Mapping[str, ArmStyle],
) -> None:
    for place, row in enumerate(rows):
        if metric.key in row.figures:
            _draw_arm(axes, metric, place, row, styles[row.name])
    low, high = axes.get_xlim()
    near = _REACH * (high - low)
    for row, line in zip(references, ("--", ":"), strict=False):
        if metric.key in row.figures:
            value = row.figures[metric.key].mean
            if low - near <= value <= high + near or metric.better == "real":
                axes.axvline(value, color=NEUTRAL, linestyle=line, linewidth=1.1, zorder=1)
    axes.grid(visible=False, axis="y")
    axes.locator_params(axis="x", nbins=5)


def references_said(metric: Metric, references: Sequence[Row]) -> str:
    """Return the figures of real motion and its reconstruction, drawn to scale or not."""
    return " · ".join(
        f"{row.name} {row.figures[metric.key].mean:.3f}"
        for row in references
        if metric.key in row.figures
    )


def _entitle(axes: "Axes", metric: Metric, references: Sequence[Row]) -> None:
    said = references_said(metric, references)
    axes.set_title(metric.heading, pad=17 if said else 6)
    axes.annotate(
        said,
        (0, 1),
        xytext=(0, 5),
        xycoords="axes fraction",
        textcoords="offset points",
        color=NEUTRAL,
        fontsize=7.5,
    )


def _draw_arm(axes: "Axes", metric: Metric, place: int, row: Row, style: ArmStyle) -> None:
    figure = row.figures[metric.key]
    seeds = [own[metric.key].mean for own in row.by_seed.values() if metric.key in own]
    if len(seeds) > 1:
        heights = [place + 0.24] * len(seeds)
        axes.plot(seeds, heights, "|", color=style.colour, markersize=5, alpha=0.7, zorder=2)
    axes.errorbar(
        figure.mean,
        place,
        xerr=figure.half_width or None,
        fmt=style.marker,
        color=style.colour,
        markersize=6,
        elinewidth=1.6,
        capsize=3,
        zorder=3,
    )


def _explain(axes: "Axes", table: ResultTable, rows: Sequence[Row]) -> None:
    """Say in the last cell what is drawn."""
    seeds = max(len(row.by_seed) for row in rows)
    if seeds > 1:
        lines = [
            "● mean over training seeds",
            f"├─┤ 95 %, Student's t over {seeds} seeds",
            "| one seed each",
        ]
    else:
        lines = ["● one trained model"]
        if any(figure.half_width for row in rows for figure in row.figures.values()):
            lines.append("├─┤ 95 % over its evaluation's repeats")
    marks = ("- -", "· · ·")
    lines += [f"{mark} {row.name}" for mark, row in zip(marks, table.references[:2], strict=False)]
    lines.append("↑ ↓ better that way; → nearer to real")
    axes.text(
        0.0,
        0.98,
        "\n".join(lines),
        transform=axes.transAxes,
        va="top",
        color=NEUTRAL,
        linespacing=1.5,
        fontsize=8.5,
    )
