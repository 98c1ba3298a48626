import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiomotion.errors import DataError
from audiomotion.motion.bvh import BvhClip, parse_bvh
from audiomotion.motion.kinematics import bone_directions, facing
from audiomotion.motion.retarget import (
    BANDAI_MAPPING,
    JointSource,
    SkeletonMapping,
    map_joints,
    resample,
    retarget_clip,
)
from audiomotion.motion.skeleton import HUMANML3D_22
from tests.motion.bvh_files import BANDAI_JOINTS, bandai_text

NAMES = HUMANML3D_22.joint_names


def bandai(num_frames: int = 31, **options: float) -> BvhClip:
    return parse_bvh(bandai_text(num_frames, **options).encode(), "bandai.bvh")


def test_every_bone_has_the_length_of_the_target_in_every_frame() -> None:
    joints = retarget_clip(bandai(), BANDAI_MAPPING).joints
    parents = list(HUMANML3D_22.parents[1:])
    lengths = np.linalg.norm(joints[:, 1:] - joints[:, parents], axis=-1)
    np.testing.assert_allclose(
        lengths, np.tile(HUMANML3D_22.bone_lengths[1:], (len(joints), 1)), atol=1e-6
    )


def test_every_bone_keeps_its_direction() -> None:
    clip = bandai()
    mapped = resample(map_joints(clip, BANDAI_MAPPING), 30, 20)
    joints = retarget_clip(clip, BANDAI_MAPPING).joints
    expected = bone_directions(mapped, HUMANML3D_22)
    np.testing.assert_allclose(bone_directions(joints, HUMANML3D_22), expected, atol=1e-6)


def test_left_is_left_and_the_body_faces_forward() -> None:
    joints = retarget_clip(bandai(), BANDAI_MAPPING).joints
    for side, sign in (("left", 1), ("right", -1)):
        for part in ("hip", "shoulder", "wrist", "foot"):
            assert (sign * joints[:, NAMES.index(f"{side}_{part}"), 0] > 0).all()
    assert (facing(joints, HUMANML3D_22)[:, 2] > 0.9).all()
    heights = joints[:, [NAMES.index(name) for name in ("left_foot", "pelvis", "neck", "head")], 1]
    assert (np.diff(heights, axis=1) > 0).all()


def test_path_is_scaled_by_the_leg_lengths() -> None:
    clip = bandai(31, metres_per_frame=0.02)
    joints = retarget_clip(clip, BANDAI_MAPPING).joints
    legs = HUMANML3D_22.bone_lengths[5] + HUMANML3D_22.bone_lengths[8]
    travelled = joints[-1, 0] - joints[0, 0]
    mapped = map_joints(clip, BANDAI_MAPPING) / 100
    np.testing.assert_allclose(travelled, (mapped[-1, 0] - mapped[0, 0]) * legs / 0.801, rtol=1e-4)


def test_pelvis_stands_above_the_hips_and_the_spine_is_spread_like_the_targets() -> None:
    upright = bandai_text(4).splitlines()
    zeros = np.concatenate([[*joint.offset, 0.0, 0.0, 0.0] for joint in BANDAI_JOINTS])
    # Only the spine matters here, so the order of the limbs' columns does not.
    upright[-4:] = [" ".join(str(value) for value in zeros)] * 4
    clip = parse_bvh("\n".join(upright).encode(), "upright.bvh")
    mapped = map_joints(clip, BANDAI_MAPPING)[0]
    spine = mapped[
        [NAMES.index(name) for name in ("pelvis", "spine1", "spine2", "spine3", "neck")], 1
    ]
    hips = clip.positions[0, clip.joint_names.index("Hips"), 1]
    assert spine[0] - hips == pytest.approx(4.5, abs=1e-3)
    target = np.array(
        [
            HUMANML3D_22.bone_lengths[NAMES.index(name)]
            for name in ("spine1", "spine2", "spine3", "neck")
        ]
    )
    np.testing.assert_allclose(np.diff(spine) / np.ptp(spine), target / target.sum(), rtol=1e-4)


@pytest.mark.parametrize("num_frames", [2, 3, 4, 19, 31, 62, 358])
def test_frames_after_resampling_from_30_to_20(num_frames: int) -> None:
    assert len(resample(np.zeros((num_frames, 1)), 30, 20)) == (num_frames - 1) * 2 // 3 + 1


def test_resampling_interpolates_linearly() -> None:
    positions = np.arange(10.0)[:, None] ** 2
    resampled = resample(positions, 30, 20)[:, 0]
    # t = k / 20 s is source frame 1.5 k: every second output frame is a source frame.
    np.testing.assert_allclose(resampled[::2], positions[::3, 0])
    np.testing.assert_allclose(resampled[1], (1 + 4) / 2)


@given(st.integers(2, 60), st.floats(10, 130), st.floats(10, 130))
def test_resampling_keeps_straight_lines(num_frames: int, fps: float, target_fps: float) -> None:
    times = np.arange(num_frames)[:, None] / fps
    resampled = resample(times, fps, target_fps)
    np.testing.assert_allclose(resampled[:, 0], np.arange(len(resampled)) / target_fps, atol=1e-6)
    assert times[-1, 0] - resampled[-1, 0] < 1 / target_fps + 1e-6


def test_resampling_to_the_same_rate_changes_nothing() -> None:
    positions = np.random.default_rng(0).normal(size=(7, 3, 3))
    np.testing.assert_array_equal(resample(positions, 20, 20), positions)
    np.testing.assert_array_equal(resample(positions[:1], 30, 20), positions[:1])


def test_a_wrong_unit_shows_only_in_the_record() -> None:
    clip = bandai()
    guessed, given_unit = (
        retarget_clip(clip, BANDAI_MAPPING),
        retarget_clip(clip, BANDAI_MAPPING, "cm"),
    )
    assert (guessed.unit.name, guessed.unit.guessed) == ("cm", True)
    assert (given_unit.unit.name, given_unit.unit.guessed) == ("cm", False)
    np.testing.assert_array_equal(guessed.joints, given_unit.joints)


def test_another_hierarchy_is_another_record() -> None:
    clip = bandai()
    renamed = BvhClip(
        tuple(f"mixamorig:{name}" for name in clip.joint_names),
        clip.parents,
        clip.positions,
        clip.frame_seconds,
    )
    sources = {
        name: JointSource(tuple(f"mixamorig:{joint}" for joint in source.chain), source.fraction)
        for name, source in BANDAI_MAPPING.sources.items()
    }
    mapping = SkeletonMapping("mixamo", HUMANML3D_22, sources)
    np.testing.assert_array_equal(
        retarget_clip(renamed, mapping).joints, retarget_clip(clip, BANDAI_MAPPING).joints
    )
    with pytest.raises(DataError, match=r"no joint Chest, .*'bandai' needs; it has mixamorig"):
        retarget_clip(renamed, BANDAI_MAPPING)


def test_a_mapping_names_a_source_for_each_joint() -> None:
    with pytest.raises(AssertionError, match="one source for each joint"):
        SkeletonMapping("short", HUMANML3D_22, {"pelvis": JointSource(("Hips",))})
