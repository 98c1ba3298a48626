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
