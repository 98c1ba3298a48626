"""Bones, facing direction, retargeting, and joints to rotations and back, for clips `(T, J, 3)`.

All functions expect finite joints of the skeleton's shape; `representation` checks what it gets.
"""

from itertools import pairwise

import numpy as np
from scipy.ndimage import gaussian_filter1d

from audiomotion.errors import DataError
from audiomotion.motion import quaternion
from audiomotion.motion.quaternion import FloatArray
from audiomotion.motion.skeleton import Skeleton

_FORWARD = np.array([0.0, 0.0, 1.0])
_UP = np.array([0.0, 1.0, 0.0])
_FACING_SIGMA_FRAMES = 20.0
# Shorter than this, in any unit a skeleton uses, a bone or facing vector has no direction.
_NO_LENGTH = 1e-9


def bone_vectors(joints: FloatArray, skeleton: Skeleton) -> FloatArray:
    """Vector from its parent to each joint `(T, J, 3)`; zero for the root."""
    bones = np.zeros_like(joints)
    bones[:, 1:] = joints[:, 1:] - joints[:, list(skeleton.parents[1:])]
    return bones


def bone_directions(joints: FloatArray, skeleton: Skeleton) -> FloatArray:
    """Unit vector from its parent to each joint but the root: `(T, J-1, 3)`.

    Raises:
        DataError: A joint lies on its parent.
    """
    bones = bone_vectors(joints, skeleton)[:, 1:]
    lengths = np.linalg.norm(bones, axis=-1, keepdims=True)
    if lengths.min() < _NO_LENGTH:
        frame, index = np.argwhere(lengths[..., 0] < _NO_LENGTH)[0].tolist()
        name, parent = (
            skeleton.joint_names[joint] for joint in (index + 1, skeleton.parents[index + 1])
        )
        raise DataError(
            f"frame {frame}: joint {name} lies on its parent {parent}, so the bone between them "
            "has no direction; every bone needs a length: drop the clip or mend the frame"
        )
    directions: FloatArray = bones / lengths
    return directions


def measure_offsets(pose: FloatArray, skeleton: Skeleton) -> FloatArray:
    """Measure the bones of one pose `(J, 3)`, laid along the rest pose: `(J, 3)`."""
    lengths = np.linalg.norm(bone_vectors(pose[None], skeleton)[0], axis=-1, keepdims=True)
    offsets: FloatArray = skeleton.raw_offsets * lengths
    return offsets


def facing(joints: FloatArray, skeleton: Skeleton) -> FloatArray:
    """Unit vector on the ground `(T, 3)` along which the body faces in each frame."""
    return _facing_of(_across(joints, skeleton, hip_sign=1.0))


def smoothed_facing(joints: FloatArray, skeleton: Skeleton) -> FloatArray:
    """Facing direction that the features use `(T, 3)`, smoothed over time.

    The hip term has the opposite sign of the shoulder term: a slip of the published code that all
    published features carry, so it stays.
    """
    return _facing_of(_across(joints, skeleton, hip_sign=-1.0), _FACING_SIGMA_FRAMES)


def _across(joints: FloatArray, skeleton: Skeleton, hip_sign: float) -> FloatArray:
    right_hip, left_hip, right_shoulder, left_shoulder = skeleton.face_joints
    hips = joints[:, right_hip] - joints[:, left_hip]
    shoulders = joints[:, right_shoulder] - joints[:, left_shoulder]
    return _with_direction(hip_sign * hips + shoulders)


def _facing_of(across: FloatArray, sigma_frames: float | None = None) -> FloatArray:
    forward = quaternion.cross(_UP, across)
    if sigma_frames is not None:
        forward = gaussian_filter1d(forward, sigma_frames, axis=0, mode="nearest")
    return _with_direction(forward)


def _with_direction(vectors: FloatArray) -> FloatArray:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    if lengths.min() < _NO_LENGTH:
        raise DataError(
            f"frame {int(lengths.argmin())}: hips and shoulders give no facing direction (they "
            "cancel out, or lie on a vertical line); drop the clip or mend the frame"
        )
    directions: FloatArray = vectors / lengths
    return directions


def rotation_to_forward(directions: FloatArray) -> FloatArray:
    """Quaternions `(T, 4)` that turn facing directions `(T, 3)` to +z."""
    return quaternion.between(directions, _FORWARD)


def inverse_kinematics(joints: FloatArray, skeleton: Skeleton) -> FloatArray:
    """Find the rotation of each joint `(T, J, 4)`, with the published quirks.

    The root's quaternion turns the smoothed facing to +z and is the identity in the first frame;
    every chain starts from the root's rotation, also the arms', which hang off the spine.
    """
    root = rotation_to_forward(smoothed_facing(joints, skeleton))
    root[0] = (1.0, 0.0, 0.0, 0.0)
    raw_offsets = skeleton.raw_offsets[1:].astype(joints.dtype)
    bones = quaternion.between(raw_offsets, bone_directions(joints, skeleton))
    total = np.concatenate([root[:, None], bones], axis=1)
    before = total[:, _joints_before(skeleton)]
    rotations = quaternion.multiply(quaternion.conjugate(before), total)
    rotations[:, 0] = root
    return rotations


def _joints_before(skeleton: Skeleton) -> list[int]:
    before = [0] * skeleton.num_joints
    for chain in skeleton.kinematic_chains:
        for previous, joint in pairwise(chain[1:]):
            before[joint] = previous
    return before


def forward_kinematics(
    rotations: FloatArray, root_positions: FloatArray, skeleton: Skeleton, offsets: FloatArray
) -> FloatArray:
    """Place the joints `(T, J, 3)` that rotation matrices `(T, J, 3, 3)` give.

    Every chain starts from the root's rotation, as in `inverse_kinematics`. `offsets` `(J, 3)` are
    the bones in the rest pose.
    """
    joints = np.empty(rotations.shape[:-1], dtype=rotations.dtype)
    joints[:, 0] = root_positions
    for chain in skeleton.kinematic_chains:
        total = rotations[:, 0]
        for parent, joint in pairwise(chain):
            total = total @ rotations[:, joint]
            joints[:, joint] = joints[:, parent] + total @ offsets[joint]
    return joints


def retarget(joints: FloatArray, skeleton: Skeleton, target_offsets: FloatArray) -> FloatArray:
    """Give a clip the bone lengths of `target_offsets` `(J, 3)`, keeping every bone's direction.

    The root path is scaled by the ratio of leg lengths. Only the lengths of the offsets count.
    This is what inverse, then forward kinematics come to while offsets lie along the rest pose.
    """
    lengths = np.linalg.norm(target_offsets, axis=-1, keepdims=True)
    own_lengths = np.linalg.norm(bone_vectors(joints[:1], skeleton)[0], axis=-1, keepdims=True)
    bones = bone_directions(joints, skeleton) * lengths[1:]
    leg = list(skeleton.leg_joints)
    placed = np.empty_like(joints)
    placed[:, 0] = joints[:, 0] * (lengths[leg].sum() / own_lengths[leg].sum())
    for joint, parent in enumerate(skeleton.parents[1:], start=1):
        placed[:, joint] = placed[:, parent] + bones[:, joint - 1]
    return placed


def place_at_origin(joints: FloatArray, skeleton: Skeleton) -> FloatArray:
    """Put a clip on the floor, its first root at x = z = 0 and its first pose facing +z."""
    ground_point = (joints[0, 0, 0], joints[..., 1].min(), joints[0, 0, 2])
    turn = rotation_to_forward(facing(joints[:1], skeleton))
    return quaternion.rotate(turn[:, None], joints - ground_point)


def mirror_joints(joints: FloatArray, skeleton: Skeleton) -> FloatArray:
    """Mirror joints `(..., J, 3)` left to right: x changes sign, the sides change places."""
    order = list(range(skeleton.num_joints))
    for left, right in skeleton.mirror_pairs:
        order[left], order[right] = right, left
    mirrored: FloatArray = joints[..., order, :].copy()
    mirrored[..., 0] *= -1
    return mirrored
