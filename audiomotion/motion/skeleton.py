"""The two published skeletons, and where each part of a pose stands in the feature vector."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import pairwise
from types import MappingProxyType
from typing import ClassVar

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class FeatureLayout:
    """Slices of the per-frame feature vector `(..., P)` of a skeleton.

    Source: Guo et al. 2022, "Generating Diverse and Natural 3D Human Motions from Text", Sec. 3.
    """

    # First joint and numbers a joint of the parts that hold joints.
    _JOINTS: ClassVar[Mapping[str, tuple[int, int]]] = MappingProxyType(
        {"positions": (1, 3), "rotations": (1, 6), "velocities": (0, 3)}
    )

    root_yaw: slice
    """Yaw velocity of the root: half the turning angle to the next frame, in radians."""
    root_xz: slice
    """Root velocity along x and z in the facing frame of the next frame."""
    root_height: slice
    positions: slice
    """Joints 1..J-1, three numbers each, from the root's ground point, in the facing frame."""
    rotations: slice
    """Joints 1..J-1, six numbers each: the first two columns of the rotation matrix."""
    velocities: slice
    """Joints 0..J-1, three numbers each, in the facing frame."""
    contacts: slice
    """Left ankle, left toe, right ankle, right toe; 1 while on the ground."""

    @classmethod
    def of(cls, num_joints: int) -> "FeatureLayout":
        """Lay out the features of a skeleton with `num_joints` joints."""
        widths = (1, 2, 1, 3 * (num_joints - 1), 6 * (num_joints - 1), 3 * num_joints, 4)
        ends = np.cumsum(widths).tolist()
        return cls(*(slice(end - width, end) for end, width in zip(ends, widths, strict=True)))

    @property
    def feature_dim(self) -> int:
        """Width P of the feature vector."""
        return int(self.contacts.stop)

    def describe(self, column: int, joint_names: Sequence[str]) -> str:
        """Say in words what a column of the feature vector holds."""
        name = next(part.name for part in fields(self) if column < getattr(self, part.name).stop)
        first, width = self._JOINTS.get(name, (0, 0))
        if not width:
            return f"feature {column} ({name})"
        joint = first + (column - getattr(self, name).start) // width
        return f"feature {column} ({name} of {joint_names[joint]})"


@dataclass(frozen=True, eq=False)
class Skeleton:
    """Everything that depends on the joints of a data set. Y is up; compared by identity.

    The rotation of a joint turns the bone that ENDS at it (from its parent), as published.
    """

    name: str
    joint_names: tuple[str, ...]
    kinematic_chains: tuple[tuple[int, ...], ...]
    """Chains of joints; the first three start at the root, the arm chains at the upper spine."""
    raw_offsets: npt.NDArray[np.float32]
    """`(J, 3)` unit direction of the bone to each joint in the rest pose, zero for the root."""
    bone_lengths: tuple[float, ...]
    """Length of the bone to each joint of the target skeleton, in the skeleton's units."""
    face_joints: tuple[int, int, int, int]
    """Right hip, left hip, right shoulder, left shoulder: they tell where the body faces."""
    left_feet: tuple[int, int]
    """Left ankle, left toe."""
    right_feet: tuple[int, int]
    """Right ankle, right toe."""
    leg_joints: tuple[int, int]
    """Two joints whose bones give the leg length that scales the root path."""
    contact_threshold: float
    """A foot is on the ground where its squared displacement a frame is below this."""
    fps: float
    units_per_metre: float
    mirror_pairs: tuple[tuple[int, int], ...]
    """(left, right) joints that change places in a mirrored motion."""

    @property
    def num_joints(self) -> int:
        """Number of joints J."""
        return len(self.joint_names)

    @property
    def feature_dim(self) -> int:
        """Width P of the feature vector."""
        return self.layout.feature_dim

    @cached_property
    def layout(self) -> FeatureLayout:
        """Slices of the feature vector."""
        return FeatureLayout.of(self.num_joints)

    @cached_property
    def parents(self) -> tuple[int, ...]:
        """Parent of each joint; -1 for the root."""
        parents = [-1] * self.num_joints
        for chain in self.kinematic_chains:
            for parent, child in pairwise(chain):
                parents[child] = parent
        return tuple(parents)

    @cached_property
    def target_offsets(self) -> npt.NDArray[np.float32]:
        """Bones `(J, 3)` of the target skeleton in its rest pose, in the skeleton's units."""
        lengths = np.asarray(self.bone_lengths, dtype=np.float32)
        return _constant(self.raw_offsets * lengths[:, None])


def _constant(values: npt.ArrayLike) -> npt.NDArray[np.float32]:
    array = np.asarray(values, dtype=np.float32)
    array.flags.writeable = False
    return array


_LEFT, _RIGHT, _UP, _DOWN, _FRONT = (1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1)

HUMANML3D_22 = Skeleton(
    name="humanml3d_22",
    joint_names=(
        *("pelvis", "left_hip", "right_hip", "spine1", "left_knee", "right_knee", "spine2"),
        *("left_ankle", "right_ankle", "spine3", "left_foot", "right_foot", "neck"),
        *("left_collar", "right_collar", "head", "left_shoulder", "right_shoulder"),
        *("left_elbow", "right_elbow", "left_wrist", "right_wrist"),
    ),
    kinematic_chains=(
        (0, 2, 5, 8, 11),
        (0, 1, 4, 7, 10),
        (0, 3, 6, 9, 12, 15),
        (9, 14, 17, 19, 21),
        (9, 13, 16, 18, 20),
    ),
    raw_offsets=_constant(
        [
            *((0, 0, 0), _LEFT, _RIGHT, _UP, _DOWN, _DOWN, _UP, _DOWN, _DOWN, _UP, _FRONT, _FRONT),
            *(_UP, _LEFT, _RIGHT, _FRONT, _DOWN, _DOWN, _DOWN, _DOWN, _DOWN, _DOWN),
        ]
    ),
    # Measured on published HumanML3D motions; every clip of that set has this one skeleton.
    bone_lengths=(
        *(0.0, 0.1031, 0.1099, 0.1316, 0.3936, 0.3902, 0.1432, 0.4324, 0.4256, 0.0574, 0.1434),
        *(0.1494, 0.2194, 0.1375, 0.1434, 0.1030, 0.1316, 0.1230, 0.2568, 0.2631, 0.2660, 0.2699),
    ),
    face_joints=(2, 1, 17, 16),
    left_feet=(7, 10),
    right_feet=(8, 11),
    leg_joints=(5, 8),
    contact_threshold=0.002,
    fps=20.0,
    units_per_metre=1.0,
    mirror_pairs=((1, 2), (4, 5), (7, 8), (10, 11), (13, 14), (16, 17), (18, 19), (20, 21)),
)

KIT_21 = Skeleton(
    name="kit_21",
    joint_names=(
        *("pelvis", "spine1", "spine2", "neck", "head"),
        *("right_shoulder", "right_elbow", "right_wrist"),
        *("left_shoulder", "left_elbow", "left_wrist"),
        *("right_hip", "right_knee", "right_ankle", "right_heel", "right_foot"),
        *("left_hip", "left_knee", "left_ankle", "left_heel", "left_foot"),
    ),
    kinematic_chains=(
        (0, 11, 12, 13, 14, 15),
        (0, 16, 17, 18, 19, 20),
        (0, 1, 2, 3, 4),
        (3, 5, 6, 7),
        (3, 8, 9, 10),
    ),
    # The published constants name +x the right side here, the opposite of the 22-joint skeleton.
    raw_offsets=_constant(
        [
            *((0, 0, 0), _UP, _UP, _UP, _UP),
            *((1, 0, 0), _DOWN, _DOWN, (-1, 0, 0), _DOWN, _DOWN),
            *((1, 0, 0), _DOWN, _DOWN, _FRONT, _FRONT),
            *((-1, 0, 0), _DOWN, _DOWN, _FRONT, _FRONT),
        ]
    ),
    # The published target skeleton (motion 03950) is not available: these lengths are ours, the
    # 22-joint bones in millimetres over KIT's joints. Published KIT features need no retargeting.
    bone_lengths=(
        *(0.0, 132.0, 201.0, 219.0, 103.0, 190.0, 260.0, 268.0, 190.0, 260.0, 268.0),
        *(107.0, 392.0, 429.0, 60.0, 90.0, 107.0, 392.0, 429.0, 60.0, 90.0),
    ),
    face_joints=(11, 16, 5, 8),
    left_feet=(19, 20),
    right_feet=(14, 15),
    leg_joints=(17, 18),
    contact_threshold=0.05,
    fps=12.5,
    units_per_metre=1000.0,
    mirror_pairs=((16, 11), (17, 12), (18, 13), (19, 14), (20, 15), (8, 5), (9, 6), (10, 7)),
)

SKELETONS: Mapping[str, Skeleton] = MappingProxyType(
    {skeleton.name: skeleton for skeleton in (HUMANML3D_22, KIT_21)}
)
