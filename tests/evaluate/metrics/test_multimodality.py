import numpy as np
import pytest

from audiomotion.errors import DataError
from audiomotion.evaluate.metrics.diversity import draw_pairs
from audiomotion.evaluate.metrics.multimodality import multimodality
from tests.golden import load_golden


def test_multimodality_equals_the_published_one():
    golden = load_golden("metrics")
    first, second = draw_pairs(30, 10, np.random.RandomState(8))
    assert first.tolist() == golden["multimodality_first_indices"].tolist()
    assert second.tolist() == golden["multimodality_second_indices"].tolist()
    measured = multimodality(golden["mm_embeddings"], 10, np.random.RandomState(8))
    assert measured == pytest.approx(golden["multimodality"], rel=1e-6)


def test_equal_motions_of_each_instruction_have_none():
    motions = np.repeat(np.random.default_rng(0).standard_normal((5, 1, 3)), 8, axis=1)
    assert multimodality(motions, 8, np.random.default_rng(0)) == 0


def test_more_pairs_than_motions_of_an_instruction_is_an_error():
    with pytest.raises(DataError, match=r"MultiModality of 10 pairs .* not 4"):
        multimodality(np.ones((3, 4, 2)), 10, np.random.default_rng(0))
