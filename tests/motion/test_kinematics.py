import numpy as np
import pytest

from audiomotion.errors import DataError
from audiomotion.motion import kinematics, quaternion
from audiomotion.motion.skeleton import HUMANML3D_22, KIT_21, SKELETONS, Skeleton
from tests.golden import load_golden, shared_golden
from tests.motion.clips import rest_pose, wiggling_clip, yaw_matrix

BOTH = pytest.mark.parametrize("skeleton", SKELETONS.values(), ids=SKELETONS)


@pytest.fixture(scope="module")
def real_clip() -> np.ndarray:
    golden = shared_golden()
    if golden is None:
        pytest.skip("the recorded clip 012314 lies only in the shared folder (AMX_SHARED)")
    return np.load(golden / "real" / "new_joints_012314.npy").astype(np.float64)


def test_inverse_kinematics_golden(real_clip) -> None:
    rotations = kinematics.inverse_kinematics(real_clip, HUMANML3D_22)
    golden = load_golden("humanml3d_repr")["ik_quat_smooth"]
    np.testing.assert_allclose(rotations[::8], golden, atol=1e-5)


def test_retarget_golden(real_clip) -> None:
    golden = load_golden("humanml3d_repr")
    offsets = kinematics.measure_offsets(real_clip[0], HUMANML3D_22)
    np.testing.assert_allclose(offsets, golden["own_offsets"], atol=1e-6)
    moved = kinematics.retarget(real_clip, HUMANML3D_22, offsets)
    np.testing.assert_allclose(moved[::8], golden["uniform_skeleton_joints"], atol=1e-5)


@BOTH
def test_forward_kinematics_undoes_inverse_kinematics(skeleton: Skeleton) -> None:
    clip = wiggling_clip(skeleton, seed=1)
    clip = kinematics.retarget(clip, skeleton, skeleton.target_offsets)
    matrices = quaternion.to_matrix(kinematics.inverse_kinematics(clip, skeleton))
    placed = kinematics.forward_kinematics(matrices, clip[:, 0], skeleton, skeleton.target_offsets)
    np.testing.assert_allclose(placed, clip, atol=1e-6 * skeleton.units_per_metre)


@BOTH
def test_no_rotation_is_the_rest_pose(skeleton: Skeleton) -> None:
    matrices = np.broadcast_to(np.eye(3), (2, skeleton.num_joints, 3, 3))
    placed = kinematics.forward_kinematics(
        matrices, np.zeros((2, 3)), skeleton, skeleton.target_offsets
    )
    np.testing.assert_allclose(placed[1], rest_pose(skeleton), rtol=1e-6)


@BOTH
def test_retarget_keeps_directions_and_takes_the_new_lengths(skeleton: Skeleton) -> None:
    clip, offsets = wiggling_clip(skeleton, seed=2), skeleton.target_offsets * np.float32(1.5)
    moved = kinematics.retarget(clip, skeleton, offsets)
    lengths = np.linalg.norm(kinematics.bone_vectors(moved, skeleton), axis=-1)
    expected = np.broadcast_to(np.linalg.norm(offsets, axis=-1), lengths.shape)
    np.testing.assert_allclose(lengths, expected, rtol=1e-6)
    np.testing.assert_allclose(
        kinematics.bone_directions(moved, skeleton), kinematics.bone_directions(clip, skeleton)
    )


def test_retarget_scales_the_path_with_the_legs() -> None:
    pose = rest_pose(HUMANML3D_22)
    clip = np.stack([pose, pose + np.array([1.0, 0.0, 0.0])])
    moved = kinematics.retarget(clip, HUMANML3D_22, 2 * HUMANML3D_22.target_offsets)
    np.testing.assert_allclose(moved[1, 0] - moved[0, 0], [2, 0, 0], rtol=1e-6)


@pytest.mark.parametrize("yaw", [0.0, 0.7, np.pi, -2.5])
def test_facing_follows_the_body(yaw: float) -> None:
    clip = rest_pose(HUMANML3D_22)[None] @ yaw_matrix(yaw).T
    facing = kinematics.facing(clip, HUMANML3D_22)
    np.testing.assert_allclose(facing, [[np.sin(yaw), 0, np.cos(yaw)]], atol=1e-9)


@BOTH
def test_place_at_origin(skeleton: Skeleton) -> None:
    clip = wiggling_clip(skeleton, seed=3) @ yaw_matrix(2.0).T + (3.0, -2.0, 1.0)
    placed = kinematics.place_at_origin(clip, skeleton)
    assert placed[..., 1].min() == pytest.approx(0)
    np.testing.assert_allclose(placed[0, 0, [0, 2]], 0, atol=1e-12)
    np.testing.assert_allclose(kinematics.facing(placed[:1], skeleton), [[0, 0, 1]], atol=1e-9)


def test_one_frame_glitch_hardly_turns_the_smoothed_facing() -> None:
    clip = wiggling_clip(HUMANML3D_22, turn=0.0)
    clip[30] = clip[30] @ yaw_matrix(1.0).T
    facing = kinematics.smoothed_facing(clip, HUMANML3D_22)
    steps = np.arccos(np.clip(np.sum(facing[1:] * facing[:-1], axis=-1), -1, 1))
    assert steps.max() < 0.05


def test_a_bone_without_length_names_frame_and_joints() -> None:
    clip = wiggling_clip(HUMANML3D_22)
    clip[7, 20] = clip[7, 18]
    with pytest.raises(DataError, match="frame 7: joint left_wrist lies on its parent left_elbow"):
        kinematics.bone_directions(clip, HUMANML3D_22)


def test_a_body_that_faces_nowhere_is_refused() -> None:
    clip = wiggling_clip(HUMANML3D_22)
    clip[5, list(HUMANML3D_22.face_joints)] = 0.0
    with pytest.raises(DataError, match="frame 5: hips and shoulders give no facing"):
        kinematics.facing(clip, HUMANML3D_22)


@pytest.mark.parametrize("skeleton", [HUMANML3D_22, KIT_21])
def test_mirroring_twice_is_nothing(skeleton: Skeleton) -> None:
    clip = wiggling_clip(skeleton, seed=4)
    once = kinematics.mirror_joints(clip, skeleton)
    np.testing.assert_array_equal(kinematics.mirror_joints(once, skeleton), clip)
    assert np.abs(once - clip).max() > 0


def test_mirroring_puts_the_left_hand_where_the_right_was() -> None:
    pose = rest_pose(HUMANML3D_22)
    pose[20] = (0.9, 1.0, 0.1)
    mirrored = kinematics.mirror_joints(pose, HUMANML3D_22)
    np.testing.assert_allclose(mirrored[21], (-0.9, 1.0, 0.1))
    facing = kinematics.facing(mirrored[None], HUMANML3D_22)
    np.testing.assert_allclose(facing, [[0, 0, 1]], atol=1e-9)
