"""Joint positions to a skeleton that files can hold: a T-pose, and rotations that reproduce a clip.

The rotations inside the motion features cannot do this: they turn the bone that ends at a joint,
and arms start from the root. Here they are found anew, from the positions.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from audiomotion.errors import DataError
from audiomotion.motion import kinematics, quaternion
from audiomotion.motion.quaternion import FloatArray
from audiomotion.motion.skeleton import Skeleton

BASE = "_base"
"""Ends the name of a joint of no length that aims one of several bones of the joint above it."""

_UP, _DOWN, _FRONT = (0.0, 1.0, 0.0), (0.0, -1.0, 0.0), (0.0, 0.0, 1.0)
_LEFT = np.array([1.0, 0.0, 0.0])


@dataclass(frozen=True, eq=False)
class RigJoint:
    """One joint of the hierarchy."""

    name: str
    parent: int
    """Place of its parent, which comes before it; -1 for the root."""
    offset: FloatArray
    """From its parent in the T-pose `(3,)`, in metres."""


@dataclass(frozen=True, eq=False)
class Rig:
    """A clip as an animated hierarchy. In the T-pose all rotations are none: Y up, facing +z."""

    joints: tuple[RigJoint, ...]
    rotations: FloatArray
    """Local rotation of each joint `(N, joints, 4)`, quaternions w, x, y, z, continuous in time."""
    root_positions: FloatArray
    """`(N, 3)`, in metres."""
    positions: FloatArray
    """What the hierarchy shows of the skeleton's joints `(N, J, 3)`: the clip, its bones rigid."""
    fps: float
    largest_shift_m: float
    """How far making the bones rigid moved a joint at most, in metres."""

    @property
    def ends(self) -> dict[int, FloatArray]:
        """Tip of each joint without children, from the joint: a tenth of a metre onwards."""
        parents = {joint.parent for joint in self.joints}
        return {
            place: 0.1 * joint.offset / np.linalg.norm(joint.offset)
            for place, joint in enumerate(self.joints)
            if place not in parents
        }


def t_pose(skeleton: Skeleton) -> FloatArray:
    """Return the direction of the bone to each joint in the T-pose `(J, 3)`, zero for the root.

    Legs and feet as in the published rest pose; arms straight out, the left at +x; the head up.
    """
    directions = np.zeros((skeleton.num_joints, 3))
    lefts = {left for left, _ in skeleton.mirror_pairs}
    first_leg, second_leg, spine, *arms = skeleton.kinematic_chains
    directions[list(spine[1:])] = _UP
    for leg in (first_leg, second_leg):
        hip, knee, ankle, *feet = leg[1:]
        directions[hip] = _LEFT if hip in lefts else -_LEFT
        directions[[knee, ankle]] = _DOWN
        directions[feet] = _FRONT
    for arm in arms:
        directions[list(arm[1:])] = _LEFT if arm[1] in lefts else -_LEFT
    return directions


def rig_of(joints: npt.ArrayLike, skeleton: Skeleton) -> Rig:
    """Return a clip `(N, J, 3)` in metres as an animated hierarchy.

    Every bone keeps its direction in every frame and gets its median length over the clip: in a
    file bones are rigid, while generated positions stretch them a little.

    Raises:
        DataError: The shape is wrong, a coordinate is not finite, or a joint lies on its parent.
    """
    clip = _checked(joints, skeleton)
    directions = np.zeros_like(clip)
    directions[:, 1:] = kinematics.bone_directions(clip, skeleton)
    lengths = np.median(np.linalg.norm(kinematics.bone_vectors(clip, skeleton), axis=-1), axis=0)
    positions = _rigid(clip, directions, lengths, skeleton)
    offsets = t_pose(skeleton) * lengths[:, None]
    hierarchy, turned = _solve(offsets, directions, skeleton)
    local = np.empty((len(clip), len(hierarchy), 4))
    for place, joint in enumerate(hierarchy):
        above = turned[joint.parent] if joint.parent >= 0 else None
        local[:, place] = (
            turned[place]
            if above is None
            else quaternion.multiply(quaternion.conjugate(above), turned[place])
        )
    return Rig(
        tuple(hierarchy),
        quaternion.make_continuous(quaternion.normalise(local)),
        clip[:, 0],
        positions,
        skeleton.fps,
        float(np.linalg.norm(positions - clip, axis=-1).max()),
    )


def _checked(joints: npt.ArrayLike, skeleton: Skeleton) -> FloatArray:
    clip = np.asarray(joints, np.float64)
    if clip.ndim != 3 or clip.shape[1:] != (skeleton.num_joints, 3) or not len(clip):
        raise DataError(
            f"joints have shape {clip.shape}; {skeleton.name} needs (frames, "
            f"{skeleton.num_joints}, 3) and at least 1 frame"
        )
    if not np.isfinite(clip).all():
        raise DataError("a joint's coordinate is not finite; such a motion cannot be animated")
    return clip


def _rigid(
    clip: FloatArray, directions: FloatArray, lengths: FloatArray, skeleton: Skeleton
) -> FloatArray:
    placed = np.empty_like(clip)
    placed[:, 0] = clip[:, 0]
    for parent, joint in _bones(skeleton):
        placed[:, joint] = placed[:, parent] + directions[:, joint] * lengths[joint]
    return placed


def _bones(skeleton: Skeleton) -> list[tuple[int, int]]:
    """Return parent and joint of every bone, parents first."""
    return [bone for chain in skeleton.kinematic_chains for bone in pairwise(chain)]


def _solve(
    offsets: FloatArray, directions: FloatArray, skeleton: Skeleton
) -> tuple[list[RigJoint], list[FloatArray]]:
    """Return the hierarchy, depth first, and the world rotation `(N, 4)` of each of its joints."""
    children: dict[int, list[int]] = {}
    for parent, joint in _bones(skeleton):
        children.setdefault(parent, []).append(joint)
    hierarchy: list[RigJoint] = []
    turned: list[FloatArray] = []

    def add(name: str, parent: int, offset: FloatArray, rotation: FloatArray) -> int:
        hierarchy.append(RigJoint(name, parent, offset))
        turned.append(rotation)
        return len(hierarchy) - 1

    def visit(joint: int, parent: int, before: FloatArray) -> None:
        name, below = skeleton.joint_names[joint], children.get(joint, [])
        offset = offsets[joint]
        if len(below) == 1:
            place = add(name, parent, offset, _aimed(before, offsets, directions, below[0]))
            visit(below[0], place, turned[place])
            return
        fitted = _fitted(offsets[below], directions[:, below]) if below else before
        place = add(name, parent, offset, fitted)
        for child in below:
            aimed = _aimed(fitted, offsets, directions, child)
            base = add(skeleton.joint_names[child] + BASE, place, np.zeros(3), aimed)
            visit(child, base, aimed)

    still = np.tile([1.0, 0.0, 0.0, 0.0], (len(directions), 1))
    visit(0, -1, still)
    return hierarchy, turned


def _aimed(
    before: FloatArray, offsets: FloatArray, directions: FloatArray, child: int
) -> FloatArray:
    """Return `before` `(N, 4)`, turned by as little as it takes to aim the bone to `child`."""
    swing = quaternion.between(quaternion.rotate(before, offsets[child]), directions[:, child])
    return quaternion.normalise(quaternion.multiply(swing, before))


def _fitted(offsets: FloatArray, directions: FloatArray) -> FloatArray:
    """Return the rotations `(N, 4)` that bring bones `(c, 3)` nearest to directions `(N, c, 3)`.

    Source: Kabsch 1976, "A solution for the best rotation to relate two sets of vectors".
    """
    from scipy.spatial.transform import Rotation

    units = quaternion.normalise(offsets)
    left, _, right = np.linalg.svd(np.einsum("nci,cj->nij", directions, units))
    handed = np.linalg.det(left @ right)
    left[..., -1] *= handed[:, None]
    found: FloatArray = Rotation.from_matrix(left @ right).as_quat(scalar_first=True)
    return found
