from pathlib import Path

import numpy as np
import pytest

from audiomotion.config.datasets import DemoConfig, HumanML3DConfig, KitConfig
from audiomotion.config.outside import OutsideManifest
from audiomotion.data.dataset import read_dataset
from audiomotion.data.outside_motion import MotionReader
from audiomotion.errors import DataError
from audiomotion.motion.skeleton import HUMANML3D_22, KIT_21
from tests.data.outside_forms import bvh_of, joints_of
from tests.golden import load_golden

SKELETON = HUMANML3D_22


@pytest.fixture(scope="module")
def clips() -> list[np.ndarray]:
    raw = read_dataset(DemoConfig(num_clips=64), None, lambda done, total: None)
    return [clip.features for clip in raw.clips][:12]


def reader(skeleton=SKELETON, **manifest) -> MotionReader:
    return MotionReader(skeleton, OutsideManifest(**manifest), continuous_yaw=True)


def saved(folder: Path, values: np.ndarray) -> Path:
    path = folder / "motion.npy"
    np.save(path, values)
    return path


def test_features_are_taken_as_they_are(tmp_path, clips):
    motion = reader().read(saved(tmp_path, clips[0].astype(np.float64)))
    assert motion.form == "features" and motion.features.dtype == np.float32
    np.testing.assert_array_equal(motion.features, clips[0])


def test_kit_has_features_and_joints_of_its_own(tmp_path):
    features = load_golden("repr_synthetic_kit")["features"]
    kit = MotionReader(KIT_21, OutsideManifest(), continuous_yaw=False)
    given = kit.read(saved(tmp_path, features))
    np.testing.assert_array_equal(given.features, features)
    joints = kit.read(saved(tmp_path, joints_of(features, KIT_21))).features
    positions = KIT_21.layout.positions
    # In millimetres.
    np.testing.assert_allclose(joints[:-20, positions], features[:-20, positions], atol=1.0)


def test_joints_give_the_features_that_they_were_made_of(tmp_path, clips):
    for features in clips:
        motion = reader().read(saved(tmp_path, joints_of(features, SKELETON)))
        assert motion.form == "joints" and motion.features.shape == features.shape
        # The last frame was made up, and smoothing spreads it.
        np.testing.assert_allclose(motion.features[:-1], features[:-1], atol=1e-2)


def test_joints_of_another_rate_are_resampled(tmp_path, clips):
    joints = joints_of(clips[0], SKELETON)
    twice = np.repeat(joints, 2, axis=0)[:-1]
    twice[1::2] = (joints[1:] + joints[:-1]) / 2
    once = reader().read(saved(tmp_path, joints)).features
    resampled = reader(fps=40.0).read(saved(tmp_path, twice)).features
    np.testing.assert_allclose(resampled, once, atol=1e-5)


def test_a_bvh_gives_the_features_of_its_joints(tmp_path, clips):
    path = tmp_path / "motion.bvh"
    for features in clips:
        path.write_text(bvh_of(joints_of(features, SKELETON), SKELETON, SKELETON.fps))
        motion = reader().read(path)
        assert motion.form == "BVH" and motion.features.shape == features.shape
        np.testing.assert_allclose(motion.features[:-1], features[:-1], atol=2e-2)


def test_a_bvh_of_another_rate_is_resampled(tmp_path, clips):
    path = tmp_path / "motion.bvh"
    path.write_text(bvh_of(joints_of(clips[0], SKELETON), SKELETON, 2 * SKELETON.fps))
    assert len(reader().read(path).features) == len(clips[0]) // 2


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.zeros((60, 251), np.float32), r"shape \(60, 251\); .* needs features \(frames, 263"),
        (np.zeros((60, 21, 3), np.float32), r"\(60, 21, 3\); humanml3d_22 needs \(frames, 22, 3"),
        (np.full((60, 263), np.nan, np.float32), "not finite"),
        (np.full((60, 22, 3), np.inf, np.float32), "must be finite"),
        (np.zeros((60, 263), np.int64), "no array of real numbers"),
        (np.zeros(60, np.float32), r"shape \(60,\)"),
    ],
)  # fmt: skip
def test_what_is_no_motion_of_the_skeleton_is_refused(tmp_path, values, message):
    with pytest.raises(DataError, match=message):
        reader().read(saved(tmp_path, values))


def test_features_of_another_rate_are_refused(tmp_path, clips):
    path = saved(tmp_path, clips[0])
    with pytest.raises(DataError, match="20 frames a second alone, and the manifest says fps 30"):
        reader(fps=30.0).read(path)
    assert reader(fps=20.0).read(path).form == "features"


def test_damage_is_one_sentence(tmp_path, clips):
    path = saved(tmp_path, clips[0])
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match="cannot be read as an array") as raised:
        reader().read(path)
    assert "\n" not in str(raised.value)


def test_a_bvh_of_another_hierarchy_is_refused(tmp_path, clips):
    path = tmp_path / "motion.bvh"
    path.write_text(bvh_of(joints_of(clips[0], SKELETON), SKELETON, 20.0))
    with pytest.raises(DataError, match=r"has the joints pelvis, .* not those of kit_21"):
        reader(KIT_21).read(path)


def test_yaw_is_that_of_the_data_sets_own_features():
    assert DemoConfig.continuous_yaw
    assert not (KitConfig.continuous_yaw or HumanML3DConfig.continuous_yaw)
