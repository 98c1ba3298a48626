"""The objective of a search over both guidance scales: every trial, and a surface through them."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from audiomotion.report.guidance import SCALES
from audiomotion.report.plot_style import PlotFormat, plot_style, rendered
from audiomotion.report.search.found import FoundSearch

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]

FEWEST: Final = 6
"""Points below which no surface is drawn through them."""

_LEVELS: Final = 10
_CELLS: Final = 80
_SMOOTHING: Final = 0.02
"""Of the surface: trials are noisy, and a surface through every one would show the noise."""

_TRIALS: Final = {
    "done": ("o", 30, "a trial"),
    "pruned": ("d", 18, "a pruned trial: mean of the repeats it had"),
}
_MARKS: Final = {"paper-c": "s", "paper-s": "D", "no-guidance": "o"}
_SAID: Final = {
    "paper-c": "the paper's scales, read as c",
    "paper-s": "the paper's scales, read as s = c − 1",
    "no-guidance": "c = 1: no guidance",
}


def contour_plot(search: FoundSearch, objective: int = 0, form: PlotFormat = "png") -> bytes | None:
    """Draw an objective over both scales, with the paper's points, no guidance and the winner.

    Returns:
        The picture; None where the scales were not varied or no trial has a value.
    """
    points, values = scale_points(search, objective)
    if not search.on_plane or not len(values):
        return None
    with plot_style():
        return rendered(_draw(search, objective, points, values), form)


def scale_points(
    search: FoundSearch, objective: int, statuses: Collection[str] = ("done", "pruned")
) -> tuple[Floats, Floats]:
    """Return the places `(M, 2)` of trials on the plane, and the mean value at each.

    A pruned trial has the mean of the repeats that it had: it is known to be no better.
    """
    found: dict[tuple[float, ...], list[float]] = defaultdict(list)
    for trial in search.trials:
        whole = all(path in trial.params for path in SCALES)
        if whole and trial.values and trial.status in statuses:
            place = tuple(float(trial.params[path]) for path in SCALES)
            found[place].append(trial.values[objective])
    points = np.array(list(found), dtype=np.float64).reshape(-1, 2)
    return points, np.array([np.mean(values) for values in found.values()], dtype=np.float64)


def surface(points: Floats, values: Floats) -> tuple[Floats, Floats, Floats] | None:
    """Return a smoothed surface `(x, y, z)` within the hull of the points, NaN outside of it.

    None where they are too few, or on one line.
    """
    from scipy.interpolate import RBFInterpolator
    from scipy.spatial import Delaunay, QhullError

    if len(points) < FEWEST:
        return None
    low, high = points.min(axis=0), points.max(axis=0)
    width = np.where(high > low, high - low, 1.0)
    places = (points - low) / width
    try:
        hull = Delaunay(places)
    except QhullError:
        return None
    line = np.linspace(0, 1, _CELLS)
    x, y = np.meshgrid(line, line)
    cells = np.stack([x.ravel(), y.ravel()], axis=1)
    smooth = RBFInterpolator(places, values, kernel="thin_plate_spline", smoothing=_SMOOTHING)
    z = np.clip(smooth(cells), values.min(), values.max())
    z[hull.find_simplex(cells) < 0] = np.nan
    return low[0] + width[0] * x, low[1] + width[1] * y, z.reshape(x.shape)


def _draw(search: FoundSearch, objective: int, points: Floats, values: Floats) -> "Figure":
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 4.8), layout="constrained")
    axes = figure.subplots()
    colours = _colours(values, search.lower_is_better[objective])
    if colours["norm"] is not None and (found := surface(points, values)) is not None:
        axes.contourf(*found, levels=colours["norm"].boundaries, **colours)
    bar = figure.colorbar(_draw_trials(axes, search, objective, colours), ax=axes, format="%.3g")
    bar.set_label(search.label(objective))
    _draw_marks(axes, search)
    axes.margins(0.06)
    axes.set_xlabel("masked transformer: guidance scale c (s = c − 1)")
    axes.set_ylabel("residual transformer: c")
    axes.set_title(search.title)
    axes.grid(visible=False)
    figure.legend(loc="outside lower left", ncols=2)
    return figure


def _colours(values: Floats, lower: bool) -> dict[str, Any]:
    """Return the map from values to colours: the darker, the better."""
    from matplotlib.colors import BoundaryNorm

    # Levels are quantiles: one bad corner would leave the rest in one colour.
    levels = np.unique(np.quantile(values, np.linspace(0, 1, _LEVELS + 1)))
    norm = BoundaryNorm(levels, 256) if len(levels) > 2 else None
    return {"cmap": "cividis" if lower else "cividis_r", "norm": norm}


def _draw_trials(
    axes: "Axes", search: FoundSearch, objective: int, colours: Mapping[str, Any]
) -> Any:
    """Draw the trials; return what the bar of colours is made from."""
    shown = None
    for status, (marker, size, said) in _TRIALS.items():
        points, values = scale_points(search, objective, (status,))
        if len(values):
            drawn = axes.scatter(
                points[:, 0],
                points[:, 1],
                c=values,
                marker=marker,
                s=size,
                edgecolors="white",
                linewidths=0.8,
                zorder=3,
                clip_on=False,
                label=said,
                **colours,
            )
            shown = shown or drawn
    return shown


def _draw_marks(axes: "Axes", search: FoundSearch) -> None:
    for name, point in search.points.items():
        axes.plot(
            *point,
            _MARKS[name],
            markersize=10,
            markerfacecolor="none",
            markeredgecolor="#D55E00",
            markeredgewidth=1.8,
            linestyle="none",
            clip_on=False,
            zorder=4,
            label=_SAID[name],
        )
    winner = next((one for one in search.trials if one.number == search.winner), None)
    if winner is not None and all(path in winner.params for path in SCALES):
        place = [float(winner.params[path]) for path in SCALES]
        said = f"winner: trial {winner.number}, c = ({place[0]:g}, {place[1]:g})"
        axes.plot(
            *place,
            "*",
            markersize=15,
            color="#D55E00",
            markeredgecolor="white",
            linestyle="none",
            zorder=5,
            clip_on=False,
            label=said,
        )
