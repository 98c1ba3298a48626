"""Feet on the ground: how far they slide, and a clean-up that holds them where they touch."""

import numpy as np
from numpy.typing import NDArray

from audiomotion.motion.quaternion import FloatArray
from audiomotion.motion.skeleton import Skeleton

_BLEND_FRAMES = 3
"""Frames before and after a contact over which a foot goes over to where it is held."""
_REACH = 0.999
"""Share of a leg's length up to which it is stretched: a straight knee has no direction."""


def skating(joints: FloatArray, contacts: NDArray[np.bool_], skeleton: Skeleton) -> float:
    """Return the mean speed over the ground of feet in contact, in the joints' unit a second.

    Args:
        joints: `(N, J, 3)`, Y up.
        contacts: `(N, 4)`, True where left ankle, left toe, right ankle or right toe touch.
        skeleton: Whose feet and frame rate.
    """
    feet = joints[:, [*skeleton.left_feet, *skeleton.right_feet]][..., [0, 2]]
    speeds = np.linalg.norm(np.diff(feet, axis=0), axis=-1) * skeleton.fps
    held = contacts[1:] & contacts[:-1]
    return float(speeds[held].mean()) if held.any() else 0.0


def cleaned(
    joints: FloatArray, contacts: NDArray[np.bool_], skeleton: Skeleton
) -> NDArray[np.float32]:
    """Return joints `(N, J, 3)` whose feet stay where they are while their toes touch the ground.

    A foot is moved as a whole to the mean place of each contact, and the knee is bent anew; bones
    keep their lengths. Where a leg cannot reach, the foot stays as near as it can.
    """
    placed = np.array(joints, np.float64)
    for leg, column in ((_leg(skeleton, skeleton.left_feet), 1),
                        (_leg(skeleton, skeleton.right_feet), 3)):  # fmt: skip
        _hold(placed, leg, contacts[:, column])
    return placed.astype(np.float32)


def _leg(skeleton: Skeleton, feet: tuple[int, int]) -> list[int]:
    """Return hip, knee, ankle and all below."""
    return next(list(chain[1:]) for chain in skeleton.kinematic_chains if feet[1] in chain)


def _hold(joints: FloatArray, leg: list[int], touching: NDArray[np.bool_]) -> None:
    """Move one leg, in place."""
    hip, knee, ankle, *below = leg
    shift = _shifts(joints[:, below[-1]], touching)
    upper = np.linalg.norm(joints[:, knee] - joints[:, hip], axis=-1, keepdims=True)
    lower = np.linalg.norm(joints[:, ankle] - joints[:, knee], axis=-1, keepdims=True)
    moved = (np.abs(shift) > 0).any(axis=-1)
    target = joints[:, ankle] + shift
    way = target - joints[:, hip]
    distance = np.linalg.norm(way, axis=-1, keepdims=True)
    least, most = np.abs(upper - lower) + 1e-6, _REACH * (upper + lower)
    reached = np.clip(distance, least, np.maximum(most, least))
    direction = way / np.maximum(distance, 1e-9)
    along = (upper**2 - lower**2 + reached**2) / (2 * reached)
    aside = np.sqrt(np.maximum(upper**2 - along**2, 0.0))
    bent = joints[:, knee] - joints[:, hip]
    bent = bent - np.sum(bent * direction, axis=-1, keepdims=True) * direction
    length = np.linalg.norm(bent, axis=-1, keepdims=True)
    new_knee = joints[:, hip] + along * direction + aside * bent / np.maximum(length, 1e-9)
    new_ankle = joints[:, hip] + reached * direction
    usable = moved & (length[:, 0] > 1e-6)
    joints[usable, knee] = new_knee[usable]
    difference = (new_ankle - joints[:, ankle])[usable]
    for joint in (ankle, *below):
        joints[usable, joint] += difference


def _shifts(toe: FloatArray, touching: NDArray[np.bool_]) -> FloatArray:
    """Return how far to move a foot in each frame `(N, 3)`, along the ground alone."""
    shifts = np.zeros_like(toe)
    known = np.zeros(len(toe), bool)
    for start, end in _intervals(touching):
        shifts[start:end] = (toe[start:end].mean(axis=0) - toe[start:end]) * (1.0, 0.0, 1.0)
        known[start:end] = True
        for step in range(1, _BLEND_FRAMES + 1):
            share = 1.0 - step / (_BLEND_FRAMES + 1)
            for frame, edge in ((start - step, start), (end - 1 + step, end - 1)):
                if 0 <= frame < len(toe) and not touching[frame] and not known[frame]:
                    shifts[frame] = shifts[edge] * share
    return shifts


def _intervals(touching: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return start and end of each run of frames that touch."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], touching, [False]]).astype(np.int8)))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]
