"""Rotations as quaternions `(..., 4)` in the order w, x, y, z, and as six numbers.

Every function works along the last axis, broadcasts the others and keeps the input's precision.
"""

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

FloatArray: TypeAlias = npt.NDArray[np.floating[Any]]

_CONJUGATE = np.array([1, -1, -1, -1], dtype=np.int8)
# Below this sine two directions count as opposite: their cross product is rounding noise.
_OPPOSITE_SINE = 1e-10


def normalise(vectors: FloatArray) -> FloatArray:
    """Scale vectors or quaternions `(..., D)` to length 1; they must not be zero."""
    lengths: FloatArray = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.divide(vectors, lengths)


def multiply(left: FloatArray, right: FloatArray) -> FloatArray:
    """Multiply quaternions: the result applies `right` first, then `left`."""
    left, right = np.broadcast_arrays(left, right)
    left_real, left_vector = left[..., :1], left[..., 1:]
    right_real, right_vector = right[..., :1], right[..., 1:]
    real = left_real * right_real - np.sum(left_vector * right_vector, axis=-1, keepdims=True)
    vector = left_real * right_vector + right_real * left_vector
    return np.concatenate([real, vector + cross(left_vector, right_vector)], axis=-1)


def conjugate(quaternions: FloatArray) -> FloatArray:
    """Turn the other way; the inverse of a unit quaternion."""
    return quaternions * _CONJUGATE


def rotate(quaternions: FloatArray, vectors: FloatArray) -> FloatArray:
    """Rotate vectors `(..., 3)` by unit quaternions `(..., 4)`."""
    real, axis = quaternions[..., :1], quaternions[..., 1:]
    twice = 2 * cross(axis, vectors)
    return vectors + real * twice + cross(axis, twice)


def between(source: FloatArray, target: FloatArray) -> FloatArray:
    """Find the shortest rotation that turns `source` `(..., 3)` into the direction of `target`.

    The real part is never negative. Opposite directions are turned about the vertical as far as
    possible; the published code returns NaN for them. Neither vector may be zero.
    """
    source, target = np.broadcast_arrays(source, target)
    lengths = np.linalg.norm(source, axis=-1, keepdims=True)
    lengths = lengths * np.linalg.norm(target, axis=-1, keepdims=True)
    real = lengths + np.sum(source * target, axis=-1, keepdims=True)
    quaternions = np.concatenate([real, cross(source, target)], axis=-1)
    opposite = np.linalg.norm(quaternions, axis=-1) < _OPPOSITE_SINE * lengths[..., 0]
    if opposite.any():
        quaternions[opposite] = _half_turn(source[opposite])
    return normalise(quaternions)


def _half_turn(directions: FloatArray) -> FloatArray:
    units = normalise(directions)
    axes = np.array([0.0, 1.0, 0.0]) - units[:, 1:2] * units
    vertical = np.linalg.norm(axes, axis=-1) < _OPPOSITE_SINE
    axes[vertical] = (1.0, 0.0, 0.0)
    return np.concatenate([np.zeros_like(axes[:, :1]), normalise(axes)], axis=-1)


def from_half_yaw(half_angles: FloatArray) -> FloatArray:
    """Turn about the vertical by twice `half_angles` (radians): `(...)` to `(..., 4)`."""
    zero = np.zeros_like(half_angles)
    return np.stack([np.cos(half_angles), zero, np.sin(half_angles), zero], axis=-1)


def make_continuous(quaternions: FloatArray) -> FloatArray:
    """Flip signs along the first axis (time) so that successive quaternions lie close together."""
    flips = np.sum(quaternions[1:] * quaternions[:-1], axis=-1) < 0
    odd = np.cumsum(flips, axis=0) % 2 == 1
    continuous = quaternions.copy()
    continuous[1:][odd] *= -1
    return continuous


def to_matrix(quaternions: FloatArray) -> FloatArray:
    """Convert quaternions of any non-zero length to rotation matrices `(..., 3, 3)`."""
    w, x, y, z = np.moveaxis(quaternions, -1, 0)
    s = 2.0 / np.sum(quaternions * quaternions, axis=-1)
    rows = [
        [1 - s * (y * y + z * z), s * (x * y - z * w), s * (x * z + y * w)],
        [s * (x * y + z * w), 1 - s * (x * x + z * z), s * (y * z - x * w)],
        [s * (x * z - y * w), s * (y * z + x * w), 1 - s * (x * x + y * y)],
    ]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def to_cont6d(quaternions: FloatArray) -> FloatArray:
    """Convert quaternions to six numbers: the first matrix column, then the second.

    Source: Zhou et al. 2019, "On the Continuity of Rotation Representations", Sec. 4.
    """
    matrices = to_matrix(quaternions)
    return np.concatenate([matrices[..., 0], matrices[..., 1]], axis=-1)


def cont6d_to_matrix(cont6d: FloatArray) -> FloatArray:
    """Convert six numbers to rotation matrices `(..., 3, 3)`; the first column's direction holds.

    Source: Zhou et al. 2019, "On the Continuity of Rotation Representations", Sec. 4.
    """
    x = normalise(cont6d[..., :3])
    z = normalise(cross(x, cont6d[..., 3:]))
    return np.stack([x, cross(z, x), z], axis=-1)


def cross(left: FloatArray, right: FloatArray) -> FloatArray:
    """Cross product of vectors `(..., 3)`; several times faster than `numpy.cross` on clips."""
    lx, ly, lz = left[..., 0], left[..., 1], left[..., 2]
    rx, ry, rz = right[..., 0], right[..., 1], right[..., 2]
    return np.stack([ly * rz - lz * ry, lz * rx - lx * rz, lx * ry - ly * rx], axis=-1)
