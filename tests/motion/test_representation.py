import dataclasses
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audiomotion.errors import DataError
from audiomotion.motion import kinematics, representation
from audiomotion.motion.skeleton import HUMANML3D_22, KIT_21, SKELETONS, Skeleton
from tests.golden import load_golden, shared_golden
from tests.motion.clips import rest_pose, wiggling_clip, yaw_matrix

BOTH = pytest.mark.parametrize("skeleton", SKELETONS.values(), ids=SKELETONS)
SYNTHETIC = pytest.mark.parametrize(
    ("skeleton", "name"),
    [(HUMANML3D_22, "repr_synthetic_t2m"), (KIT_21, "repr_synthetic_kit")],
    ids=["22", "21"],
)
SEEDS = st.integers(0, 10_000)
ANGLES = st.floats(-np.pi, np.pi)


def assert_features_close(
    ours, expected, skeleton: Skeleton, relative: float = 5e-5, least_size: float = 0.0
) -> None:
    """Compare each part of the features relative to its own size, or to `least_size`."""
    for part in dataclasses.fields(skeleton.layout):
        columns = getattr(skeleton.layout, part.name)
        size = max(least_size, float(np.abs(expected[:, columns]).max()))
        np.testing.assert_allclose(
            ours[:, columns], expected[:, columns], rtol=0, atol=relative * size, err_msg=part.name
        )


@pytest.fixture(scope="module")
def real() -> tuple[np.ndarray, np.ndarray]:
    """Joints and features of the recorded clip 012314, as published."""
    golden = shared_golden()
    if golden is None:
        pytest.skip("the recorded clip 012314 lies only in the shared folder (AMX_SHARED)")
    folder = golden / "real"
    return np.load(folder / "new_joints_012314.npy"), np.load(folder / "new_joint_vecs_012314.npy")


@SYNTHETIC
def test_features_golden(skeleton: Skeleton, name: str) -> None:
    golden = load_golden(name)
    assert skeleton.contact_threshold == golden["feet_threshold"]
    ours = representation.joints_to_features(golden["joints"], skeleton, golden["target_offsets"])
    assert ours.dtype == np.float32
    assert_features_close(ours, golden["features"], skeleton)


@SYNTHETIC
def test_aligned_joints_golden(skeleton: Skeleton, name: str) -> None:
    golden = load_golden(name)
    ours = representation.align_joints(golden["joints"], skeleton, golden["target_offsets"])
    size = np.abs(golden["global_joints"]).max()
    np.testing.assert_allclose(ours[::4], golden["global_joints"], atol=5e-5 * max(1, size))


@SYNTHETIC
def test_recovered_joints_golden(skeleton: Skeleton, name: str) -> None:
    golden = load_golden(name)
    ours = representation.features_to_joints(golden["features"], skeleton)
    size = np.abs(golden["recovered_joints"]).max()
    np.testing.assert_allclose(ours[::4], golden["recovered_joints"], atol=1e-6 * max(1, size))


def test_real_features_golden(real) -> None:
    golden, (joints, _) = load_golden("humanml3d_repr"), real
    ours = representation.joints_to_features(joints, HUMANML3D_22, golden["own_offsets"])
    assert_features_close(ours, golden["process_file_features"], HUMANML3D_22)
    plain = representation.joints_to_features(joints, HUMANML3D_22, retarget=False)
    assert_features_close(plain, golden["process_file_no_retarget_features"], HUMANML3D_22)
    aligned = representation.align_joints(joints, HUMANML3D_22, golden["own_offsets"])
    np.testing.assert_allclose(aligned, golden["process_file_global_joints"], atol=5e-5)


def test_real_features_are_as_near_the_published_ones_as_the_published_code(real) -> None:
    joints, published = real
    offsets = load_golden("humanml3d_repr")["own_offsets"]
    ours = representation.joints_to_features(joints, HUMANML3D_22, offsets)
    assert np.mean((ours - published[:-1]) ** 2) == pytest.approx(3.12e-7, rel=0.01)
    # The smoother of the published features saw one frame more at the end, hence the middle.
    assert np.mean((ours - published[:-1])[60:-60] ** 2) < 1e-11


def test_real_joints_come_back_from_positions(real) -> None:
    joints, published = real
    recovered = representation.features_to_joints(published, HUMANML3D_22)
    np.testing.assert_allclose(recovered, joints, atol=1e-6)
    np.testing.assert_allclose(
        recovered, load_golden("humanml3d_repr")["recover_from_ric_shipped"], atol=1e-6
    )
    root, path = representation.features_to_root(published, HUMANML3D_22)
    golden = load_golden("humanml3d_repr")
    np.testing.assert_allclose(root, golden["recovered_root_quat"], atol=1e-6)
    np.testing.assert_allclose(path, golden["recovered_root_pos"], atol=1e-6)


def test_real_joints_come_back_from_rotations(real) -> None:
    golden = load_golden("humanml3d_repr")
    recovered = representation.features_to_joints_from_rotations(
        real[1], HUMANML3D_22, golden["own_offsets"]
    )
    np.testing.assert_allclose(recovered[::8], golden["recover_from_rot_shipped"], atol=1e-5)


@settings(max_examples=25, deadline=None)
@given(SEEDS, ANGLES, st.tuples(*[st.floats(-5, 5)] * 3), st.sampled_from(list(SKELETONS)))
def test_where_a_clip_stands_and_looks_does_not_matter(seed, yaw, shift, name) -> None:
    skeleton = SKELETONS[name]
    clip = wiggling_clip(skeleton, seed)
    moved = clip @ yaw_matrix(yaw).T + np.array(shift) * skeleton.units_per_metre
    assert_features_close(
        representation.joints_to_features(moved, skeleton),
        representation.joints_to_features(clip, skeleton),
        skeleton,
        relative=1e-5,
        least_size=1.0,
    )


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.floats(-9, 9), st.sampled_from(list(SKELETONS)))
def test_decoding_gives_the_joints_back(seed, turn, name) -> None:
    skeleton = SKELETONS[name]
    clip = wiggling_clip(skeleton, seed, turn=turn)
    features = representation.joints_to_features(clip, skeleton, continuous_yaw=True)
    aligned = representation.align_joints(clip, skeleton)[:-1]
    tolerance = 1e-4 * skeleton.units_per_metre
    positions = representation.features_to_joints(features, skeleton)
    np.testing.assert_allclose(positions, aligned, atol=tolerance)
    rotations = representation.features_to_joints_from_rotations(features, skeleton)
    np.testing.assert_allclose(rotations, aligned, atol=tolerance)


@settings(max_examples=15, deadline=None)
@given(SEEDS, st.floats(-1, 1))
def test_both_yaw_conventions_agree_on_clips_that_never_turn_around(seed, turn) -> None:
    clip = wiggling_clip(HUMANML3D_22, seed, turn=turn)
    published = representation.joints_to_features(clip, HUMANML3D_22)
    continuous = representation.joints_to_features(clip, HUMANML3D_22, continuous_yaw=True)
    np.testing.assert_array_equal(published, continuous)


def test_published_yaw_has_the_wrong_sign_where_the_body_has_turned_around() -> None:
    clip = wiggling_clip(HUMANML3D_22, turn=5.0)
    published = representation.joints_to_features(clip, HUMANML3D_22)
    continuous = representation.joints_to_features(clip, HUMANML3D_22, continuous_yaw=True)
    differing = np.argwhere(published != continuous)
    assert differing[:, 1].tolist() == [0]
    frame = differing[0, 0]
    assert published[frame, 0] == -continuous[frame, 0]


def test_a_standing_clip_has_known_features() -> None:
    clip = np.repeat(rest_pose(HUMANML3D_22)[None], 30, axis=0) + np.array([1.0, 2.0, 3.0])
    features = representation.joints_to_features(clip, HUMANML3D_22)
    layout, lengths = HUMANML3D_22.layout, HUMANML3D_22.bone_lengths
    assert features.shape == (29, 263)
    for part in (layout.root_yaw, layout.root_xz, layout.velocities):
        np.testing.assert_allclose(features[:, part], 0, atol=1e-7)
    np.testing.assert_array_equal(features[:, layout.contacts], 1)
    leg = max(lengths[4] + lengths[7], lengths[5] + lengths[8])
    np.testing.assert_allclose(features[:, layout.root_height], leg, rtol=1e-5)
    identity = np.tile([1, 0, 0, 0, 1, 0], 21)
    np.testing.assert_allclose(
        features[:, layout.rotations], identity[None].repeat(29, 0), atol=1e-6
    )


def test_yaw_velocity_is_half_the_turning_angle() -> None:
    frames, angle = 200, 0.01
    turns = yaw_matrix(angle * np.arange(frames))
    clip = np.einsum("tik,jk->tji", turns, rest_pose(HUMANML3D_22))
    features = representation.joints_to_features(clip, HUMANML3D_22)
    # The smoother bends only the ends of an even turn.
    np.testing.assert_allclose(features[90:110, 0], -angle / 2, rtol=1e-3)


def test_contacts_list_the_left_foot_first() -> None:
    clip = np.repeat(rest_pose(HUMANML3D_22)[None], 10, axis=0)
    clip[::2, 11, 2] += 0.06  # the right toe alone: 0.0036 > 0.002
    features = representation.joints_to_features(clip, HUMANML3D_22, retarget=False)
    np.testing.assert_array_equal(features[:, 259:], np.tile([1, 1, 1, 0], (9, 1)))


@BOTH
def test_default_target_is_the_skeletons_own(skeleton: Skeleton) -> None:
    clip = wiggling_clip(skeleton, seed=5)
    joints = representation.align_joints(clip, skeleton)
    lengths = np.linalg.norm(kinematics.bone_vectors(joints, skeleton), axis=-1)
    expected = np.broadcast_to(skeleton.bone_lengths, lengths.shape)
    np.testing.assert_allclose(lengths, expected, rtol=1e-4)


def test_input_is_left_alone() -> None:
    clip = wiggling_clip(HUMANML3D_22)
    before = clip.copy()
    representation.joints_to_features(clip, HUMANML3D_22, retarget=False)
    np.testing.assert_array_equal(clip, before)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_bad_coordinate_names_frame_and_joint(value: float) -> None:
    clip = wiggling_clip(HUMANML3D_22)
    clip[12, 20, 1] = value
    with pytest.raises(DataError, match=r"frame 12, joint left_wrist: y is (nan|inf)"):
        representation.joints_to_features(clip, HUMANML3D_22)


@pytest.mark.parametrize("shape", [(10, 21, 3), (10, 22, 2), (1, 22, 3), (22, 3)])
def test_a_wrong_shape_of_joints_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(DataError, match=r"humanml3d_22 needs \(frames, 22, 3\)"):
        representation.joints_to_features(np.ones(shape), HUMANML3D_22)


def test_bad_features_are_refused() -> None:
    with pytest.raises(DataError, match=r"humanml3d_22 needs \(frames, 263\)"):
        representation.features_to_joints(np.ones((5, 251)), HUMANML3D_22)
    features = np.ones((5, 263))
    features[3, 70] = np.nan
    with pytest.raises(DataError, match=r"frame 3, feature 70 \(rotations of left_hip\)"):
        representation.features_to_joints_from_rotations(features, HUMANML3D_22)


def test_bad_target_offsets_are_refused() -> None:
    clip = wiggling_clip(HUMANML3D_22)
    with pytest.raises(DataError, match=r"target offsets have shape \(21, 3\)"):
        representation.joints_to_features(clip, HUMANML3D_22, KIT_21.target_offsets)


def test_200_frames_take_milliseconds() -> None:
    clip = wiggling_clip(HUMANML3D_22, frames=200)
    seconds = []
    for _ in range(10):
        start = time.perf_counter()
        representation.joints_to_features(clip, HUMANML3D_22)
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 0.01
