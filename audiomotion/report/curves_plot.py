"""Learning curves of all arms over their seeds, as one picture."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from audiomotion.orchestrate.records import RunRecord
from audiomotion.report.plot_style import (
    NEUTRAL,
    ArmStyle,
    PlotFormat,
    arm_styles,
    plot_style,
    rendered,
)
from audiomotion.stages.results import CURVES
from audiomotion.train.curves import read_curves

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SHOWN: Final = ("loss", "validation_fid")
_LABELS: Final = {"loss": "loss", "validation_fid": "FID on validation"}
_MOST_POINTS: Final = 500
"""Of one line: more are told apart by nobody."""

MOST_ARMS: Final = 28
"""Arms that one picture shows: so many lines look different. Of more it shows the first."""

_PANEL_INCHES: Final = (4.0, 3.0)
"""Of a panel that stands alone: legible on a phone."""

_SHARED: Final = "all arms"
_COLUMNS: Final = 3
_LOG_RATIO: Final = 20.0
"""Where the largest value of a panel is so many times the smallest, the scale is logarithmic."""


@dataclass(frozen=True)
class Curve:
    """The points of one training of one arm and seed."""

    stage: str
    arm: str
    seed: int
    points: Sequence[Mapping[str, float]]
    """Each with `step`, and values by name; read by `read_curves`."""


def launch_curves(record: RunRecord, artifacts: Path) -> list[Curve]:
    """Return the curves of every training of a launch; of what arms share once, for `all arms`.

    Args:
        record: The launch.
        artifacts: Folder `artifacts` of the store.
    """
    users: dict[tuple[str, str], dict[tuple[str, int], None]] = defaultdict(dict)
    for arm in record.arms:
        for stage, fingerprint in arm.fingerprints.items():
            users[stage, fingerprint][arm.arm, arm.seed] = None
    curves = []
    num_arms = len({arm.arm for arm in record.arms})
    for (stage, fingerprint), used_by in users.items():
        points = read_curves(artifacts / stage / fingerprint / CURVES)
        names = dict.fromkeys(arm for arm, _ in used_by)
        if len(names) == num_arms > 1 and points:
            curves.append(Curve(stage, _SHARED, min(seed for _, seed in used_by), points))
        elif points:
            curves += [Curve(stage, arm, seed, points) for arm, seed in used_by]
    return curves


def curves_plot(curves: Sequence[Curve], form: PlotFormat = "png") -> bytes | None:
    """Draw a panel a stage and value: each arm's mean over seeds, and its seeds faintly.

    Only the loss and the FID on validation are drawn. Of very many arms the first are.

    Returns:
        The picture; None where there is no curve.
    """
    arms = _arms(curves)
    panels = _panels(curves, arms)
    if not panels:
        return None
    with plot_style():
        return rendered(_draw(panels, arms), form)


def curve_panels(curves: Sequence[Curve]) -> dict[str, bytes]:
    """Draw each stage and value as a picture of its own, for a page: `inline`, by its title."""
    from matplotlib.figure import Figure

    arms = _arms(curves)
    styles = _styles(arms)
    found = {}
    for (stage, name), own in _panels(curves, arms).items():
        with plot_style():
            figure = Figure(figsize=_PANEL_INCHES, layout="constrained")
            axes = figure.subplots()
            _draw_panel(axes, name, own, styles)
            axes.set_xlabel("step")
            figure.legend(loc="outside lower left", ncols=3)
            found[f"{stage}: {_LABELS[name]}"] = rendered(figure, "inline")
    return found


def _arms(curves: Sequence[Curve]) -> list[str]:
    return list(dict.fromkeys(curve.arm for curve in curves if curve.arm != _SHARED))


def _styles(arms: Sequence[str]) -> dict[str, ArmStyle]:
    return arm_styles(arms) | {_SHARED: ArmStyle(NEUTRAL, "", "-")}


def _panels(curves: Sequence[Curve], arms: Sequence[str]) -> dict[tuple[str, str], list[Curve]]:
    """Return the curves of each picture, by stage and value."""
    panels: dict[tuple[str, str], list[Curve]] = defaultdict(list)
    for curve in curves:
        for name in _SHOWN if curve.arm in (*arms[:MOST_ARMS], _SHARED) else ():
            if any(name in point for point in curve.points):
                panels[curve.stage, name].append(curve)
    return panels


def _draw(panels: Mapping[tuple[str, str], Sequence[Curve]], arms: Sequence[str]) -> "Figure":
    from matplotlib.figure import Figure

    styles = _styles(arms)
    columns = min(_COLUMNS, len(panels))
    lines = math.ceil(len(panels) / columns)
    figure = Figure(figsize=(4.2 * columns, 2.8 * lines + 0.5), layout="constrained")
    grid = figure.subplots(lines, columns, squeeze=False)
    for axes in list(grid.flat)[len(panels) :]:
        axes.set_axis_off()
    for axes, ((stage, name), own) in zip(grid.flat, panels.items(), strict=False):
        _draw_panel(axes, name, own, styles)
        axes.set_title(f"{stage}: {_LABELS[name]}")
        axes.set_xlabel("step")
    handles = {
        line.get_label(): line
        for axes in grid.flat
        for line in axes.get_lines()
        if not str(line.get_label()).startswith("_")
    }
    figure.legend(
        handles.values(), handles.keys(), loc="outside lower left", ncols=min(6, len(handles))
    )
    if len(arms) > MOST_ARMS:
        figure.suptitle(f"the first {MOST_ARMS} of {len(arms)} arms", x=0.01, ha="left")
    return figure


def _draw_panel(
    axes: "Axes", name: str, curves: Sequence[Curve], styles: Mapping[str, ArmStyle]
) -> None:
    from matplotlib.ticker import LogLocator, NullFormatter

    by_arm: dict[str, list[Mapping[int, float]]] = defaultdict(list)
    for curve in curves:
        values = {int(point["step"]): point[name] for point in curve.points if name in point}
        by_arm[curve.arm].append(values)
    for arm, seeds in by_arm.items():
        style = styles[arm]
        if len(seeds) > 1:
            for one in seeds:
                axes.plot(*_thinned(one), color=style.colour, linewidth=0.7, alpha=0.35, zorder=2)
        steps, means = _thinned(_mean(seeds))
        axes.plot(
            steps, means, color=style.colour, linestyle=style.line, linewidth=1.5, label=arm,
            marker=style.marker or None, markevery=max(1, len(steps) // 8), markersize=4, zorder=3,
        )  # fmt: skip
    drawn = [value for seeds in by_arm.values() for one in seeds for value in one.values()]
    if min(drawn) > 0 and max(drawn) > _LOG_RATIO * min(drawn):
        axes.set_yscale("log")
        # The default formatter writes mathematics, which the style turns off for arms' names.
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter(NullFormatter())


def _mean(seeds: Sequence[Mapping[int, float]]) -> dict[int, float]:
    """Return the mean at the steps that all seeds have: one that ended early ends the mean."""
    steps = sorted(set(seeds[0]).intersection(*seeds[1:]))
    return {step: math.fsum(one[step] for one in seeds) / len(seeds) for step in steps}


def _thinned(values: Mapping[int, float]) -> tuple[list[int], list[float]]:
    """Return steps and values, evenly thinned out; the last one stays."""
    steps = sorted(values)
    every = math.ceil(len(steps) / _MOST_POINTS) or 1
    kept = [*steps[:-1][::every], *steps[-1:]]
    return kept, [values[step] for step in kept]
