import json

import numpy as np
import pytest

from audiomotion.motion.skeleton import HUMANML3D_22, KIT_21, SKELETONS, FeatureLayout, Skeleton
from tests.golden import GOLDEN

CONSTANTS = json.loads((GOLDEN / "keys" / "skeleton_constants.json").read_text())
BOTH = pytest.mark.parametrize("skeleton", SKELETONS.values(), ids=SKELETONS)


@BOTH
def test_skeleton_holds_the_published_constants(skeleton: Skeleton) -> None:
    published = CONSTANTS[skeleton.name]
    assert skeleton.num_joints == published["joints"]
    assert skeleton.feature_dim == published["dim"]
    assert [list(chain) for chain in skeleton.kinematic_chains] == published["kinematic_chain"]
    np.testing.assert_array_equal(skeleton.raw_offsets, published["raw_offsets"])
    faces = published["face_joint_indx_[r_hip,l_hip,r_shoulder,l_shoulder]"]
    assert list(skeleton.face_joints) == faces
    assert list(skeleton.right_feet) == published["fid_r"]
    assert list(skeleton.left_feet) == published["fid_l"]
    assert list(skeleton.leg_joints) == [published["l_idx1"], published["l_idx2"]]
    assert skeleton.contact_threshold == published["feet_threshold_squared_displacement"]


@BOTH
def test_layout_has_the_published_slices(skeleton: Skeleton) -> None:
    layout, slices = skeleton.layout, CONSTANTS[skeleton.name]["slices"]
    ours = {
        "root_rot_vel": layout.root_yaw,
        "root_lin_vel": layout.root_xz,
        "root_y": layout.root_height,
        "ric": layout.positions,
        "rot6d": layout.rotations,
        "local_vel": layout.velocities,
        "foot": layout.contacts,
    }
    assert {name: [part.start, part.stop] for name, part in ours.items()} == slices


def test_frame_rates_and_mirror_chains_are_the_published_ones() -> None:
    common, published = CONSTANTS["common"], CONSTANTS["humanml3d_22"]
    assert (HUMANML3D_22.fps, KIT_21.fps) == (common["fps_humanml3d"], common["fps_kit"])
    lefts, rights = (sorted(side) for side in zip(*HUMANML3D_22.mirror_pairs, strict=True))
    assert lefts == sorted(published["mirror_left_chain"])
    assert rights == sorted(published["mirror_right_chain"])


@BOTH
def test_every_joint_has_a_parent_before_it_and_a_name_of_its_own(skeleton: Skeleton) -> None:
    assert skeleton.parents[0] == -1
    assert all(0 <= parent < joint for joint, parent in enumerate(skeleton.parents[1:], start=1))
    assert len(set(skeleton.joint_names)) == skeleton.num_joints


@BOTH
def test_mirror_pairs_say_left_and_right_of_the_same_joint(skeleton: Skeleton) -> None:
    for left, right in skeleton.mirror_pairs:
        left_name, right_name = skeleton.joint_names[left], skeleton.joint_names[right]
        assert left_name.removeprefix("left_") == right_name.removeprefix("right_")
        assert left_name != right_name


@BOTH
def test_named_joints_agree_with_the_faces_and_feet(skeleton: Skeleton) -> None:
    faces = [skeleton.joint_names[joint] for joint in skeleton.face_joints]
    assert faces == ["right_hip", "left_hip", "right_shoulder", "left_shoulder"]
    sides = {skeleton.joint_names[joint].split("_")[0] for joint in skeleton.left_feet}
    assert sides == {"left"}


@BOTH
def test_target_offsets_have_the_size_of_a_person(skeleton: Skeleton) -> None:
    offsets = skeleton.target_offsets
    assert offsets.shape == (skeleton.num_joints, 3) and offsets.dtype == np.float32
    lengths = np.linalg.norm(offsets, axis=-1) / skeleton.units_per_metre
    assert lengths[0] == 0 and lengths[1:].min() > 0.05 and lengths.max() < 0.5
    np.testing.assert_allclose(
        offsets, skeleton.raw_offsets * np.array(skeleton.bone_lengths)[:, None]
    )


def test_constants_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="read-only"):
        HUMANML3D_22.target_offsets[0] = 1
    with pytest.raises(ValueError, match="read-only"):
        HUMANML3D_22.raw_offsets[0] = 1


@pytest.mark.parametrize(
    ("column", "words"),
    [
        (0, "feature 0 (root_yaw)"),
        (4, "feature 4 (positions of left_hip)"),
        (66, "feature 66 (positions of right_wrist)"),
        (67, "feature 67 (rotations of left_hip)"),
        (193, "feature 193 (velocities of pelvis)"),
        (262, "feature 262 (contacts)"),
    ],
)
def test_describe_names_part_and_joint(column: int, words: str) -> None:
    assert FeatureLayout.of(22).describe(column, HUMANML3D_22.joint_names) == words
