from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiomotion.config.extractors import ExtractorSchema
from audiomotion.errors import ModelError
from audiomotion.extract.base import (
    build_extractor,
    checked_waveforms,
    equal_length_batches,
    padded_size,
    similar_length_batches,
)

LENGTHS = st.lists(st.integers(1, 20), max_size=30)


class NotAnExtractorConfig(ExtractorSchema):
    implementation: ClassVar[str] = "tests.extract.test_base:NotAnExtractor"
    name: str = "not-an-extractor"


class NotAnExtractor:
    def __init__(self, config, device):
        pass


def test_a_class_that_is_no_extractor_is_refused():
    with pytest.raises(ModelError, match=r"not-an-extractor.*derive it from"):
        build_extractor(NotAnExtractorConfig())


def test_short_waveforms_are_padded_with_zeros_behind():
    (padded, kept) = checked_waveforms([np.ones(3), np.ones(5)], min_samples=4)
    assert padded.tolist() == [1, 1, 1, 0]
    assert kept.tolist() == [1] * 5
    assert padded.dtype == np.float32


def test_equal_lengths_known_answer():
    assert equal_length_batches([3, 5, 3, 3], max_samples=6) == [[0, 2], [3], [1]]


def test_similar_lengths_known_answer():
    lengths = [50, 19, 20, 90, 21, 18]
    assert similar_length_batches(lengths, max_samples=60) == [[5, 1, 2], [4], [0], [3]]


def test_a_padded_batch_is_mostly_of_what_was_given():
    assert similar_length_batches([90, 100, 79], max_samples=1000) == [[2, 0], [1]]
    assert padded_size([[2, 0], [1]], [90, 100, 79]) == 280


@given(lengths=LENGTHS, max_samples=st.integers(1, 60))
def test_batches_hold_every_place_once_and_keep_the_limit(lengths, max_samples):
    for batches in (
        equal_length_batches(lengths, max_samples),
        similar_length_batches(lengths, max_samples),
    ):
        assert sorted(place for batch in batches for place in batch) == list(range(len(lengths)))
        for batch in batches:
            padded = padded_size([batch], lengths)
            assert padded <= max_samples or len(batch) == 1
            assert sum(lengths[place] for place in batch) >= 0.9 * padded


@given(lengths=LENGTHS)
def test_equal_length_batches_hold_one_length(lengths):
    for batch in equal_length_batches(lengths, 40):
        assert len({lengths[place] for place in batch}) == 1
