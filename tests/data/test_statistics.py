import numpy as np
import pytest

from audiomotion.data.statistics import Statistics
from audiomotion.motion.skeleton import HUMANML3D_22

P = HUMANML3D_22.feature_dim


def test_deviations_are_averaged_within_a_group_of_features():
    rng = np.random.default_rng(0)
    frames = (rng.standard_normal((100, P)) * rng.uniform(0.1, 3, P)).astype(np.float32)
    std = Statistics.of(frames, HUMANML3D_22).std
    layout = HUMANML3D_22.layout
    for group in (layout.root_xz, layout.positions, layout.velocities, layout.contacts):
        assert len(np.unique(std[group])) == 1
        assert std[group][0] == pytest.approx(frames.std(0)[group].mean(), rel=1e-5)


def test_a_feature_that_never_moves_does_not_divide_by_nothing():
    stats = Statistics.of(np.full((10, P), 2.0, np.float32), HUMANML3D_22)
    assert (stats.std > 0).all()
    np.testing.assert_allclose(stats.mean, 2.0)


@pytest.fixture
def stats():
    rng = np.random.default_rng(1)
    return Statistics.of(rng.normal(3, 2, (50, P)).astype(np.float32), HUMANML3D_22)


def test_normalising_can_be_undone(stats):
    motion = np.random.default_rng(2).normal(3, 2, (30, P)).astype(np.float32)
    normal = stats.normalise(motion)
    assert normal.dtype == np.float32
    assert abs(normal.mean()) < 0.1
    assert normal.std() == pytest.approx(1, abs=0.1)
    np.testing.assert_allclose(stats.denormalise(normal), motion, atol=1e-5)


def test_statistics_come_back(stats, tmp_path):
    stats.save(tmp_path)
    found = Statistics.load(tmp_path)
    assert np.array_equal(found.mean, stats.mean)
    assert np.array_equal(found.std, stats.std)


@pytest.mark.parametrize("num_frames", [1, 7, 1000, 5003])
def test_clips_one_by_one_give_the_same_bits_as_all_at_once(num_frames):
    rng = np.random.default_rng(num_frames)
    scale = rng.uniform(1e-3, 100, P)
    frames = (rng.normal(size=(num_frames, len(scale))) * scale + 50).astype(np.float32)
    clips = np.split(frames, sorted(rng.integers(0, num_frames, 9)))
    stats = Statistics.of_clips(clips, HUMANML3D_22)
    mean, std = frames.mean(0, dtype=np.float64), frames.std(0, dtype=np.float64)
    assert stats.mean.tobytes() == mean.astype(np.float32).tobytes()
    layout = HUMANML3D_22.layout
    for part in ("root_yaw", "root_height", "rotations", "contacts"):
        columns = getattr(layout, part)
        expected = np.float32(max(std[columns].mean(), 1e-4))
        assert set(stats.std[columns].tolist()) == {float(expected)}
