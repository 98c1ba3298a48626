import numpy as np
import pytest

from audiomotion.errors import DataError
from audiomotion.evaluate.metrics.diversity import diversity, draw_pairs
from tests.golden import load_golden


def test_diversity_equals_the_published_one():
    golden = load_golden("metrics")
    measured = diversity(golden["fid_a"], 300, np.random.RandomState(7))
    assert measured == pytest.approx(golden["diversity_a"], rel=1e-6)


def test_pairs_are_the_published_ones():
    golden = load_golden("metrics")
    first, second = draw_pairs(400, 300, np.random.RandomState(7))
    assert first.tolist() == golden["diversity_first_indices"].tolist()
    assert second.tolist() == golden["diversity_second_indices"].tolist()


def test_diversity_of_two_clusters_is_half_their_distance():
    clusters = np.repeat([[0.0, 0.0], [3.0, 4.0]], 2000, axis=0)
    measured = diversity(clusters, 4000, np.random.default_rng(0))
    assert measured == pytest.approx(2.5, rel=0.05)


def test_diversity_of_one_motion_is_zero():
    assert diversity(np.ones((50, 4)), 50, np.random.default_rng(0)) == 0


def test_more_pairs_than_motions_is_an_error():
    with pytest.raises(DataError, match="Diversity of 51 pairs needs as many motions, not 50"):
        diversity(np.ones((50, 4)), 51, np.random.default_rng(0))
