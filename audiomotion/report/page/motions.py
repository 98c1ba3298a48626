"""Motions small enough to travel in a page, and in words for those who do not see them."""

import base64
from typing import Any

import numpy as np

from audiomotion.motion import kinematics
from audiomotion.motion.skeleton import Skeleton
from audiomotion.report.page.scenes import Joints

_UNITS_PER_METRE = 1000.0
_LARGEST = np.iinfo(np.int16).max


def packed(joints: Joints) -> dict[str, Any]:
    """Return joints `(N, J, 3)` for JSON: whole millimetres as little-endian int16, in base64.

    A path that leaves the 32 m that this spans gets a coarser unit.
    """
    largest = float(np.abs(joints).max(initial=0.0))
    unit = max(1.0 / _UNITS_PER_METRE, largest / _LARGEST)
    whole = np.rint(joints / unit).astype("<i2")
    data = base64.b64encode(whole.tobytes()).decode("ascii")
    return {"frames": len(joints), "unit": unit, "data": data}


def described(joints: Joints, skeleton: Skeleton) -> str:
    """Return what a motion does, in figures that can be read aloud."""
    root = joints[:, 0]
    path = root[:, [0, 2]]
    travelled = float(np.linalg.norm(np.diff(path, axis=0), axis=1).sum())
    lowest, highest = float(root[:, 1].min()), float(root[:, 1].max())
    return (
        f"{len(joints) / skeleton.fps:.1f} s; the hips travel {travelled:.1f} m and end "
        f"{_whereabouts(path[-1] - path[0])}; the body {_turn(joints, skeleton)}; "
        f"the hips are {lowest:.2f} to {highest:.2f} m high"
    )


def _whereabouts(step: np.ndarray) -> str:
    """Return where a step `(2,)` over the ground leads, seen by a body that faces +z."""
    left, ahead = float(step[0]), float(step[1])
    parts = [
        f"{abs(distance):.1f} m {names[distance < 0]}"
        for distance, names in (
            (ahead, ("ahead", "behind")),
            (left, ("to the left", "to the right")),
        )
        if abs(distance) >= 0.05
    ]
    return " and ".join(parts) if parts else "where they began"


def _turn(joints: Joints, skeleton: Skeleton) -> str:
    facing = kinematics.facing(np.asarray(joints, np.float64), skeleton)
    angles = np.unwrap(np.arctan2(facing[:, 0], facing[:, 2]))
    degrees = round(float(np.degrees(angles[-1] - angles[0])))
    if abs(degrees) < 5:
        return "does not turn"
    return f"turns {abs(degrees)}° to the {'left' if degrees > 0 else 'right'}"


def skeleton_record(skeleton: Skeleton) -> dict[str, Any]:
    """Return what the viewer must know of a skeleton."""
    lefts = {left for left, _ in skeleton.mirror_pairs}
    rights = {right for _, right in skeleton.mirror_pairs}
    sides = ["L" if joint in lefts else "R" if joint in rights else "M"
             for joint in range(skeleton.num_joints)]  # fmt: skip
    return {
        "fps": skeleton.fps,
        "parents": list(skeleton.parents),
        "sides": "".join(sides),
        "head": skeleton.kinematic_chains[2][-1],
        "face": list(skeleton.face_joints),
        "trunk": list(skeleton.kinematic_chains[2]),
    }
