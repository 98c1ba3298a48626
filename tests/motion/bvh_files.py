"""BVH files made by the tests."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

SIX = ("Xposition", "Yposition", "Zposition", "Zrotation", "Xrotation", "Yrotation")
ROTATIONS = SIX[3:]


@dataclass(frozen=True)
class Joint:
    name: str
    parent: str | None
    offset: tuple[float, float, float]
    channels: tuple[str, ...] = ROTATIONS


def bvh_text(joints: Sequence[Joint], values: np.ndarray, frame_time: str = "0.0333333") -> str:
    """Write joints, each after its parent, depth first, and channel values (T, channels)."""
    roots = [joint for joint in joints if joint.parent is None]
    lines = ["HIERARCHY"]
    for root in roots:
        lines += _block(root, joints, "ROOT")
    lines += ["MOTION", f"Frames:\t{len(values)}", f"Frame Time:\t{frame_time}"]
    lines += [" ".join(f"{value:.6f}" for value in row) for row in values]
    return "\n".join(lines) + "\n"


def _block(joint: Joint, joints: Sequence[Joint], keyword: str) -> list[str]:
    children = [other for other in joints if other.parent == joint.name]
    offset = " ".join(f"{value:.6f}" for value in joint.offset)
    channels = " ".join(("CHANNELS", str(len(joint.channels)), *joint.channels))
    lines = [f"{keyword} {joint.name}", "{", f"OFFSET {offset}", channels]
    for child in children:
        lines += ["\t" + line for line in _block(child, joints, "JOINT")]
    if not children:
        lines += ["End Site", "{", "OFFSET 0 0 0", "}"]
    return [*lines, "}"]


def _limbs(side: str, sign: float) -> list[Joint]:
    rows = [
        (f"Shoulder_{side}", "Chest", (5.0 * sign, 13.0, 0.0)),
        (f"UpperArm_{side}", f"Shoulder_{side}", (5.3 * sign, 0.0, 0.0)),
        (f"LowerArm_{side}", f"UpperArm_{side}", (0.0, -24.3, 0.0)),
        (f"Hand_{side}", f"LowerArm_{side}", (0.0, -22.3, 0.0)),
        (f"UpperLeg_{side}", "Hips", (6.5 * sign, -2.2, 0.0)),
        (f"LowerLeg_{side}", f"UpperLeg_{side}", (0.0, -39.1, 0.0)),
        (f"Foot_{side}", f"LowerLeg_{side}", (0.0, -41.0, 0.0)),
        (f"Toes_{side}", f"Foot_{side}", (0.0, 0.0, 11.8)),
    ]
    return [Joint(name, parent, offset, SIX) for name, parent, offset in rows]


BANDAI_JOINTS = [
    Joint("joint_Root", None, (0.0, 0.0, 0.0), SIX),
    Joint("Hips", "joint_Root", (1.0, 2.0, 3.0), SIX),
    Joint("Spine", "Hips", (0.0, 15.7357, 0.0), SIX),
    Joint("Chest", "Spine", (0.0, 8.9937, 0.0), SIX),
    Joint("Neck", "Chest", (0.0, 16.3773, 0.0), SIX),
    Joint("Head", "Neck", (0.0, 6.4567, 0.0), SIX),
    *_limbs("L", 1.0),
    *_limbs("R", -1.0),
]
"""The hierarchy of the Bandai data, standing upright and facing +z where all rotations are zero."""


def depth_first(joints: Sequence[Joint], parent: str | None = None) -> list[Joint]:
    """Sort joints as the file and its columns hold them."""
    ordered = []
    for joint in joints:
        if joint.parent == parent:
            ordered += [joint, *depth_first(joints, joint.name)]
    return ordered


def bandai_text(num_frames: int, seed: int = 0, metres_per_frame: float = 0.02) -> str:
    """A Bandai file of a body that wiggles at random and travels along +z."""
    rng = np.random.default_rng(seed)
    time = np.linspace(0, 2 * np.pi, num_frames)
    columns = []
    for joint in depth_first(BANDAI_JOINTS):
        positions = np.tile(joint.offset, (num_frames, 1))
        angles = np.zeros((num_frames, 3))
        if joint.name == "Hips":
            positions = np.tile((0.0, 90.0, 0.0), (num_frames, 1))
            positions[:, 2] = 100 * metres_per_frame * np.arange(num_frames)
        if joint.name != "joint_Root":
            angles = 5 * rng.normal(size=3) * np.sin(time[:, None] + rng.normal(size=3))
        columns += [positions, angles]
    return bvh_text(BANDAI_JOINTS, np.concatenate(columns, axis=1))
