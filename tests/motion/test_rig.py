"""Positions to a T-pose and rotations, and through a BVH file back to the same positions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audiomotion.errors import DataError
from audiomotion.motion import kinematics
from audiomotion.motion.bvh import length_unit, parse_bvh
from audiomotion.motion.bvh_writing import bvh_text
from audiomotion.motion.retarget import known_mapping, map_joints
from audiomotion.motion.rig import BASE, rig_of, t_pose
from audiomotion.motion.skeleton import HUMANML3D_22, KIT_21, SKELETONS, Skeleton
from tests.motion.clips import wiggling_clip

MILLIMETRE = 1e-3


def rigid_clip(skeleton: Skeleton, seed: int = 0, frames: int = 40) -> np.ndarray:
    """A clip in metres whose bones keep their lengths."""
    clip = wiggling_clip(skeleton, seed=seed, frames=frames)
    offsets = skeleton.target_offsets.astype(np.float64)
    return kinematics.retarget(clip, skeleton, offsets) / skeleton.units_per_metre


def wild_clip(skeleton: Skeleton, seed: int) -> np.ndarray:
    """Every bone points anywhere, in every frame: no pose is too odd for a file."""
    rng = np.random.default_rng(seed)
    clip = np.zeros((6, skeleton.num_joints, 3))
    for joint, parent in enumerate(skeleton.parents[1:], start=1):
        towards = rng.normal(size=(6, 3))
        clip[:, joint] = clip[:, parent] + 0.3 * towards / np.linalg.norm(towards, axis=1)[:, None]
    return clip + rng.normal(size=3)


def read_back(text: str, skeleton: Skeleton) -> np.ndarray:
    clip = parse_bvh(text.encode(), "made.bvh")
    order = [clip.joint_names.index(name) for name in skeleton.joint_names]
    return clip.positions[:, order]


@pytest.mark.parametrize("skeleton", SKELETONS.values(), ids=SKELETONS)
@pytest.mark.parametrize("unit", ["m", "cm"])
def test_a_file_holds_every_joint_to_a_millimetre(skeleton: Skeleton, unit) -> None:
    clip = rigid_clip(skeleton)
    rig = rig_of(clip, skeleton)
    assert rig.largest_shift_m < 1e-9
    metres = read_back(bvh_text(rig, unit), skeleton) * (0.01 if unit == "cm" else 1.0)
    assert np.abs(metres - clip).max() < MILLIMETRE / 100


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(list(SKELETONS.values())))
def test_no_pose_is_too_odd(seed: int, skeleton: Skeleton) -> None:
    clip = wild_clip(skeleton, seed)
    assert np.abs(read_back(bvh_text(rig_of(clip, skeleton)), skeleton) - clip).max() < MILLIMETRE


def test_bones_that_stretch_are_made_rigid_and_it_is_said() -> None:
    clip = rigid_clip(HUMANML3D_22)
    clip[5, 15] = clip[5, 12] + 1.2 * (clip[5, 15] - clip[5, 12])
    rig = rig_of(clip, HUMANML3D_22)
    assert rig.largest_shift_m == pytest.approx(0.2 * HUMANML3D_22.bone_lengths[15], rel=1e-3)
    assert np.abs(read_back(bvh_text(rig), HUMANML3D_22) - rig.positions).max() < MILLIMETRE


@pytest.mark.parametrize("skeleton", SKELETONS.values(), ids=SKELETONS)
def test_the_rest_pose_is_a_t(skeleton: Skeleton) -> None:
    directions = dict(zip(skeleton.joint_names, t_pose(skeleton), strict=True))
    for name, across in (("left_wrist", 1), ("right_wrist", -1), ("left_hip", 1)):
        assert directions[name].tolist() == [across, 0, 0]
    assert directions["head"].tolist() == [0, 1, 0]
    assert directions["left_knee"].tolist() == [0, -1, 0]
    assert directions["right_foot"].tolist() == [0, 0, 1]
    lengths = np.linalg.norm(t_pose(skeleton), axis=1)
    assert lengths.tolist() == [0.0] + [1.0] * (skeleton.num_joints - 1)


def test_a_t_pose_needs_no_rotation() -> None:
    still = np.zeros((3, 22, 3))
    for joint, parent in enumerate(HUMANML3D_22.parents[1:], start=1):
        still[:, joint] = still[:, parent] + 0.2 * t_pose(HUMANML3D_22)[joint]
    rotations = rig_of(still, HUMANML3D_22).rotations
    np.testing.assert_allclose(np.abs(rotations[..., 0]), 1.0, atol=1e-9)


def test_only_branches_have_joints_of_no_length() -> None:
    rig = rig_of(rigid_clip(HUMANML3D_22), HUMANML3D_22)
    extra = [joint.name for joint in rig.joints if joint.name.endswith(BASE)]
    assert len(rig.joints) == 22 + 6
    assert sorted(extra) == [
        "left_collar_base", "left_hip_base", "neck_base", "right_collar_base", "right_hip_base",
        "spine1_base",
    ]  # fmt: skip
    assert all(joint.parent < place for place, joint in enumerate(rig.joints))


def test_our_own_import_takes_the_file() -> None:
    clip = rigid_clip(KIT_21)
    read = parse_bvh(bvh_text(rig_of(clip, KIT_21), "cm").encode(), "made.bvh")
    mapping = known_mapping(read, KIT_21)
    assert mapping is not None and length_unit(read).name == "cm" and read.fps == KIT_21.fps
    assert np.abs(map_joints(read, mapping) / 100 - clip).max() < MILLIMETRE


def test_angles_go_the_short_way_between_frames() -> None:
    clip = rigid_clip(HUMANML3D_22, frames=60)
    angles = np.linspace(0, 4 * np.pi, 60)
    turn = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    x, z = clip[..., 0].copy(), clip[..., 2].copy()
    clip[..., 0] = turn[:, :1] * x + turn[:, 1:] * z
    clip[..., 2] = -turn[:, 1:] * x + turn[:, :1] * z
    rows = bvh_text(rig_of(clip, HUMANML3D_22)).partition("Frame Time")[2].splitlines()[1:]
    yaw = np.array([float(row.split()[5]) for row in rows])
    assert np.abs(np.diff(yaw)).max() < 45
    assert abs(yaw[-1] - yaw[0]) > 360


def test_what_cannot_be_animated() -> None:
    clip = rigid_clip(HUMANML3D_22)
    with pytest.raises(DataError, match="shape"):
        rig_of(clip[:, :3], HUMANML3D_22)
    clip[3, 4] = np.nan
    with pytest.raises(DataError, match="not finite"):
        rig_of(clip, HUMANML3D_22)
    clip[3, 4] = clip[3, 1]
    with pytest.raises(DataError, match="left_knee lies on its parent"):
        rig_of(clip, HUMANML3D_22)
