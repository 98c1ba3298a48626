"""A motion as a picture: poses side by side over time, and its path seen from above."""

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from audiomotion.motion import kinematics
from audiomotion.motion.quaternion import FloatArray
from audiomotion.motion.representation import checked_joints
from audiomotion.motion.skeleton import Skeleton

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LEFT, _RIGHT, _MIDDLE = "#1f77b4", "#d95f02", "#444444"
_SIDES = {_MIDDLE: "spine", _LEFT: "left side", _RIGHT: "right side"}
# The viewer stands in front of the body's first pose, a little to its left and above it.
_VIEW_YAW, _VIEW_PITCH = np.radians(-30.0), np.radians(12.0)
_CELL_METRES = 1.25
_ARROW_METRES = 0.25
_TITLE_CHARACTERS_AN_INCH = 9


def draw_filmstrip(
    joints: npt.ArrayLike, skeleton: Skeleton, path: Path, title: str, num_poses: int = 8
) -> None:
    """Draw `num_poses` poses of a clip `(T, J, 3)`, evenly spaced in time, into a PNG at `path`.

    Poses stand side by side, each over its own root; below them is the root's path seen from
    above, with the facing of the same frames. The first pose faces the viewer.

    Raises:
        DataError: The shape is wrong, a coordinate is not finite, or a pose faces nowhere.
    """
    from matplotlib.figure import Figure  # here, since it costs half a second to import

    assert num_poses >= 1, "a filmstrip shows at least one pose"
    metres = checked_joints(joints, skeleton) / skeleton.units_per_metre
    clip = kinematics.place_at_origin(metres, skeleton)
    frames = np.unique(np.linspace(0, len(clip) - 1, num_poses).round().astype(int))
    figure = Figure(figsize=(max(6.0, 1.4 * len(frames)), 4.8), dpi=110, layout="constrained")
    poses, ground = figure.subplots(2, 1, height_ratios=(2.2, 1.0))
    # Not matplotlib's wrap=True, which reads a "$" in a caption as mathematics.
    lines = textwrap.wrap(title, width=int(_TITLE_CHARACTERS_AN_INCH * figure.get_figwidth()))
    figure.suptitle("\n".join(lines), parse_math=False)
    _draw_poses(poses, clip, frames, skeleton)
    _draw_path(ground, clip, frames, skeleton)
    figure.savefig(path, format="png")


def _project(points: FloatArray) -> FloatArray:
    x, y, z = np.moveaxis(points, -1, 0)
    across = np.cos(_VIEW_YAW) * x + np.sin(_VIEW_YAW) * z
    depth = np.cos(_VIEW_YAW) * z - np.sin(_VIEW_YAW) * x
    return np.stack([across, np.cos(_VIEW_PITCH) * y - np.sin(_VIEW_PITCH) * depth], axis=-1)


def _draw_poses(
    axes: "Axes", clip: FloatArray, frames: npt.NDArray[np.intp], skeleton: Skeleton
) -> None:
    centred = clip - clip[:, :1] * (1.0, 0.0, 1.0)
    flat = _project(centred[frames])
    cells = np.arange(len(frames)) * _CELL_METRES
    flat[..., 0] += cells[:, None]
    for pose, shift in zip(flat, cells, strict=True):
        _draw_shadow(axes, shift)
        for joint, colour in _bones(skeleton):
            bone = pose[[skeleton.parents[joint], joint]]
            axes.plot(*bone.T, color=colour, linewidth=2.6, solid_capstyle="round", zorder=2)
        head = pose[skeleton.kinematic_chains[2][-1]]
        axes.plot(*head, "o", color=_MIDDLE, markersize=9, zorder=2)
    axes.axhline(0.0, color="#999999", linewidth=1.0, zorder=0)
    axes.set_xticks(cells, [f"{frame / skeleton.fps:.2f} s" for frame in frames])
    axes.set_xlim(cells[0] - _CELL_METRES / 2, cells[-1] + _CELL_METRES / 2)
    axes.set_aspect("equal")
    axes.set_yticks([])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    for colour, label in _SIDES.items():
        axes.plot([], [], color=colour, linewidth=2.6, label=label)
    axes.legend(loc="upper right", ncols=3, frameon=False, bbox_to_anchor=(1.0, 1.22))


def _draw_shadow(axes: "Axes", centre: float) -> None:
    angles = np.linspace(0.0, 2.0 * np.pi, 60)
    circle = 0.3 * np.stack([np.cos(angles), np.zeros_like(angles), np.sin(angles)], axis=-1)
    ring = _project(circle)
    axes.fill(ring[:, 0] + centre, ring[:, 1], color="#eeeeee", zorder=1)


def _bones(skeleton: Skeleton) -> list[tuple[int, str]]:
    lefts = {left for left, _ in skeleton.mirror_pairs}
    rights = {right for _, right in skeleton.mirror_pairs}
    colours = [
        _LEFT if joint in lefts else _RIGHT if joint in rights else _MIDDLE
        for joint in range(skeleton.num_joints)
    ]
    return list(enumerate(colours))[1:]


def _draw_path(
    axes: "Axes", clip: FloatArray, frames: npt.NDArray[np.intp], skeleton: Skeleton
) -> None:
    path = clip[:, 0, [0, 2]]
    points, directions = path[frames], kinematics.facing(clip[frames], skeleton)[:, [0, 2]]
    axes.plot(*path.T, color="#999999", linewidth=1.5, zorder=1)
    axes.quiver(
        *points.T,
        *(directions * _ARROW_METRES).T,
        angles="xy",
        scale_units="xy",
        scale=1.0,
        color=_MIDDLE,
        units="inches",
        width=0.025,
        zorder=2,
    )
    axes.plot(*points.T, "o", color=_MIDDLE, markersize=4, zorder=3)
    axes.plot(*path[0], "o", color="#2ca02c", markersize=8, zorder=3, label="start")
    low, high = path.min(axis=0) - 2 * _ARROW_METRES, path.max(axis=0) + 2 * _ARROW_METRES
    axes.set(xlim=(low[0], high[0]), ylim=(high[1], low[1]), aspect="equal")
    axes.locator_params(axis="x", nbins=2)
    axes.set_xlabel("root path from above, arrows where the body faces (metres)")
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
