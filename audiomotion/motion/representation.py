"""Joints to the published motion features and back: 263 numbers a frame for 22 joints, 251 for 21.

Source: Guo et al. 2022, "Generating Diverse and Natural 3D Human Motions from Text", Sec. 3, with
the behaviour of the published code where it differs, because all published features carry it.
"""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from audiomotion.errors import DataError
from audiomotion.motion import kinematics, quaternion
from audiomotion.motion.quaternion import FloatArray
from audiomotion.motion.skeleton import Skeleton

Float32Array: TypeAlias = npt.NDArray[np.float32]


def joints_to_features(
    joints: npt.ArrayLike,
    skeleton: Skeleton,
    target_offsets: npt.ArrayLike | None = None,
    retarget: bool = True,
    continuous_yaw: bool = False,
) -> Float32Array:
    """Compute the features `(T-1, P)` of a clip of joints `(T, J, 3)`, Y up.

    The clip is retargeted to `target_offsets` `(J, 3)` (default: the skeleton's own), put on the
    floor, moved to the origin and turned to face +z. `retarget=False` keeps its own bones.

    `continuous_yaw` differs from the published features where the body turns through the
    direction opposite to its first one: there they hold one frame's yaw velocity with the wrong
    sign, and decoding bends the path by twice that turn. True stores the right sign.

    Raises:
        DataError: The shape is wrong, a coordinate is not finite, or a direction does not exist.
    """
    aligned = _aligned(joints, skeleton, target_offsets, retarget)
    rotations = kinematics.inverse_kinematics(aligned, skeleton)
    root = rotations[:, 0]
    turns = quaternion.multiply(root[1:], quaternion.conjugate(root[:-1]))
    if continuous_yaw:
        turns = np.where(turns[:, :1] < 0, -turns, turns)
    steps = aligned[1:] - aligned[:-1]
    parts = (
        np.arcsin(np.clip(turns[:, 2:3], -1.0, 1.0)),
        quaternion.rotate(root[1:], steps[:, 0])[:, [0, 2]],
        aligned[:-1, 0, 1:2],
        _local_positions(aligned[:-1], root[:-1]),
        quaternion.to_cont6d(rotations[:-1, 1:]),
        quaternion.rotate(root[:-1, None], steps),
        _contacts(steps, skeleton),
    )
    return np.concatenate([part.reshape(len(steps), -1) for part in parts], axis=1).astype(
        np.float32
    )


def align_joints(
    joints: npt.ArrayLike,
    skeleton: Skeleton,
    target_offsets: npt.ArrayLike | None = None,
    retarget: bool = True,
) -> Float32Array:
    """Retarget a clip `(T, J, 3)`, put it on the floor, at the origin, facing +z.

    These are the joints that `joints_to_features` describes.
    """
    return _aligned(joints, skeleton, target_offsets, retarget).astype(np.float32)


def features_to_joints(features: npt.ArrayLike, skeleton: Skeleton) -> Float32Array:
    """Place the joints `(N, J, 3)` from the positions that features `(N, P)` hold."""
    values = _checked_features(features, skeleton)
    root, root_positions = _root_motion(values, skeleton)
    local = values[:, skeleton.layout.positions].reshape(len(values), -1, 3)
    others = quaternion.rotate(quaternion.conjugate(root)[:, None], local)
    others += (root_positions * (1.0, 0.0, 1.0))[:, None]
    return np.concatenate([root_positions[:, None], others], axis=1).astype(np.float32)


def features_to_joints_from_rotations(
    features: npt.ArrayLike, skeleton: Skeleton, offsets: npt.ArrayLike | None = None
) -> Float32Array:
    """Place the joints `(N, J, 3)` from the rotations that features `(N, P)` hold.

    `offsets` `(J, 3)` are the bones in the rest pose (default: the skeleton's target offsets).
    """
    values = _checked_features(features, skeleton)
    root, root_positions = _root_motion(values, skeleton)
    cont6d = values[:, skeleton.layout.rotations].reshape(len(values), -1, 6)
    matrices = np.concatenate(
        [quaternion.to_matrix(root)[:, None], quaternion.cont6d_to_matrix(cont6d)], axis=1
    )
    bones = _checked_offsets(offsets, skeleton)
    return kinematics.forward_kinematics(matrices, root_positions, skeleton, bones).astype(
        np.float32
    )


def features_to_root(
    features: npt.ArrayLike, skeleton: Skeleton
) -> tuple[Float32Array, Float32Array]:
    """Recover the root's quaternions `(N, 4)`, which turn its facing to +z, and path `(N, 3)`."""
    root, positions = _root_motion(_checked_features(features, skeleton), skeleton)
    return root.astype(np.float32), positions.astype(np.float32)


def _aligned(
    joints: npt.ArrayLike,
    skeleton: Skeleton,
    target_offsets: npt.ArrayLike | None,
    retarget: bool,
) -> FloatArray:
    assert retarget or target_offsets is None, "target_offsets need retarget=True"
    clip = checked_joints(joints, skeleton)
    if retarget:
        clip = kinematics.retarget(clip, skeleton, _checked_offsets(target_offsets, skeleton))
    return kinematics.place_at_origin(clip, skeleton)


def _local_positions(joints: FloatArray, root: FloatArray) -> FloatArray:
    ground_points = joints[:, :1] * (1.0, 0.0, 1.0)
    return quaternion.rotate(root[:, None], joints[:, 1:] - ground_points)


def _contacts(steps: FloatArray, skeleton: Skeleton) -> FloatArray:
    feet = steps[:, [*skeleton.left_feet, *skeleton.right_feet]]
    contacts = np.sum(feet * feet, axis=-1) < skeleton.contact_threshold
    return np.asarray(contacts, dtype=steps.dtype)


def _root_motion(features: FloatArray, skeleton: Skeleton) -> tuple[FloatArray, FloatArray]:
    layout = skeleton.layout
    half_angles = np.zeros(len(features))
    half_angles[1:] = np.cumsum(features[:-1, layout.root_yaw.start])
    root = quaternion.from_half_yaw(half_angles)
    steps = np.zeros((len(features), 3))
    steps[1:, [0, 2]] = features[:-1, layout.root_xz]
    positions = np.cumsum(quaternion.rotate(quaternion.conjugate(root), steps), axis=0)
    positions[:, 1] = features[:, layout.root_height.start]
    return root, positions


def checked_joints(joints: npt.ArrayLike, skeleton: Skeleton) -> FloatArray:
    """Return a clip `(T, J, 3)` in double precision.

    Raises:
        DataError: Its shape is not the skeleton's, or a coordinate is not finite.
    """
    clip = np.asarray(joints, dtype=np.float64)
    if clip.ndim != 3 or clip.shape[1:] != (skeleton.num_joints, 3) or len(clip) < 2:
        raise DataError(
            f"joints have shape {clip.shape}; {skeleton.name} needs (frames, "
            f"{skeleton.num_joints}, 3) and at least 2 frames: check the skeleton and the file"
        )
    if not np.isfinite(clip).all():
        frame, joint, axis = np.argwhere(~np.isfinite(clip))[0].tolist()
        raise DataError(
            f"frame {frame}, joint {skeleton.joint_names[joint]}: {'xyz'[axis]} is "
            f"{clip[frame, joint, axis]}; coordinates must be finite: drop the clip or mend it"
        )
    return clip


def _checked_features(features: npt.ArrayLike, skeleton: Skeleton) -> FloatArray:
    values = np.asarray(features, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] != skeleton.feature_dim or len(values) < 1:
        raise DataError(
            f"features have shape {values.shape}; {skeleton.name} needs (frames, "
            f"{skeleton.feature_dim}) and at least 1 frame: check the skeleton and the file"
        )
    if not np.isfinite(values).all():
        frame, column = np.argwhere(~np.isfinite(values))[0].tolist()
        raise DataError(
            f"frame {frame}, {skeleton.layout.describe(column, skeleton.joint_names)}: the value "
            f"is {values[frame, column]}; features must be finite: drop the clip or mend it"
        )
    return values


def _checked_offsets(offsets: npt.ArrayLike | None, skeleton: Skeleton) -> FloatArray:
    bones = np.asarray(skeleton.target_offsets if offsets is None else offsets, dtype=np.float64)
    if bones.shape != (skeleton.num_joints, 3) or not np.isfinite(bones).all():
        raise DataError(
            f"target offsets have shape {bones.shape}; {skeleton.name} needs finite numbers of "
            f"shape ({skeleton.num_joints}, 3): one bone for each joint"
        )
    return bones
