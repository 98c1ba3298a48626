"""Made-up clips with known properties."""

import numpy as np

from audiomotion.motion.skeleton import Skeleton


def rest_pose(skeleton: Skeleton) -> np.ndarray:
    """Joints (J, 3) of the target skeleton without any rotation, root at the origin."""
    pose = np.zeros((skeleton.num_joints, 3))
    for joint, parent in enumerate(skeleton.parents[1:], start=1):
        pose[joint] = pose[parent] + skeleton.target_offsets[joint]
    return pose


def yaw_matrix(angles: np.ndarray | float) -> np.ndarray:
    """Matrices (..., 3, 3) that turn by `angles` about the vertical."""
    cos, sin, zero = np.cos(angles), np.sin(angles), np.zeros_like(angles)
    rows = [[cos, zero, sin], [zero, zero + 1, zero], [-sin, zero, cos]]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def wiggling_clip(
    skeleton: Skeleton, seed: int = 0, frames: int = 60, turn: float = 1.0, speed: float = 0.02
) -> np.ndarray:
    """A clip (T, J, 3): the rest pose wiggling smoothly, walking and turning by `turn` radians."""
    rng = np.random.default_rng(seed)
    scale = skeleton.units_per_metre
    time = np.linspace(0, 2 * np.pi, frames)[:, None, None]
    amplitude, phase = rng.normal(size=(2, skeleton.num_joints, 3))
    clip = rest_pose(skeleton) + 0.02 * scale * amplitude * np.sin(time + phase)
    turned = np.einsum("tik,tjk->tji", yaw_matrix(np.linspace(0, turn, frames)), clip)
    path = np.linspace(0, 1, frames)[:, None] * rng.normal(size=3) * (1, 0, 1)
    return turned + (path * frames * speed * scale)[:, None]
