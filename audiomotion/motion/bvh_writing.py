"""Writing BVH: a hierarchy in its T-pose, one line of angles a frame."""

import warnings
from collections.abc import Iterator
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from audiomotion.motion.quaternion import FloatArray
from audiomotion.motion.rig import Rig

_ROTATIONS = "Zrotation Xrotation Yrotation"
"""The order that most files have; every program reads it from the file."""


def bvh_text(rig: Rig, unit: Literal["m", "cm"] = "m") -> str:
    """Return the content of a BVH file: Y up, facing +z in the T-pose, angles in degrees.

    Blender takes a file's unit for its own, so that metres come out right with its scale of 1.
    """
    scale = 1.0 if unit == "m" else 100.0
    lines = ["HIERARCHY", *_hierarchy(rig, scale)]
    lines += ["MOTION", f"Frames: {len(rig.rotations)}", f"Frame Time: {1.0 / rig.fps:.8f}"]
    for row in _channels(rig, scale):
        lines.append(" ".join(f"{value:.6f}" for value in row))
    return "\n".join(lines) + "\n"


def _hierarchy(rig: Rig, scale: float) -> Iterator[str]:
    ends = rig.ends
    children: dict[int, list[int]] = {}
    for place, joint in enumerate(rig.joints):
        children.setdefault(joint.parent, []).append(place)

    def block(place: int, depth: int) -> Iterator[str]:
        joint, indent = rig.joints[place], "\t" * depth
        yield f"{indent}{'JOINT' if depth else 'ROOT'} {joint.name}"
        yield f"{indent}{{"
        yield f"{indent}\tOFFSET {_triple(joint.offset * scale)}"
        channels = f"3 {_ROTATIONS}" if depth else f"6 Xposition Yposition Zposition {_ROTATIONS}"
        yield f"{indent}\tCHANNELS {channels}"
        for child in children.get(place, []):
            yield from block(child, depth + 1)
        if place in ends:
            tip = _triple(ends[place] * scale)
            yield from (f"{indent}\t{line}" for line in ("End Site", "{", f"\tOFFSET {tip}", "}"))
        yield f"{indent}}}"

    yield from block(0, 0)


def _triple(vector: FloatArray) -> str:
    return " ".join(f"{value + 0.0:.6f}" for value in vector)


def _channels(rig: Rig, scale: float) -> NDArray[np.float64]:
    """Return the values of each frame, joint by joint in the order of the hierarchy."""
    from scipy.spatial.transform import Rotation

    num_frames, num_joints = rig.rotations.shape[:2]
    turns = Rotation.from_quat(rig.rotations.reshape(-1, 4), scalar_first=True)
    with warnings.catch_warnings():
        # At a right angle the other two are not unique; scipy takes one, which is as good.
        warnings.simplefilter("ignore", UserWarning)
        angles = turns.as_euler("ZXY").reshape(num_frames, num_joints * 3)
    # Programs that interpolate between frames would go the long way round at 180 degrees.
    degrees = np.degrees(np.unwrap(angles, axis=0))
    values: NDArray[np.float64] = np.concatenate([rig.root_positions * scale, degrees], axis=1)
    return values
