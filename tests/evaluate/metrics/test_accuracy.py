import numpy as np
import pytest

from audiomotion.evaluate.metrics.accuracy import (
    balanced_accuracy,
    bootstrap_balanced_accuracy,
    wilson,
)


@pytest.mark.parametrize(
    ("right", "number", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (20, 20, 0.8389, 1),
    ],
)
def test_wilson_as_published(right, number, low, high):
    # The first three: Newcombe, Statistics in Medicine 17 (1998), table I.
    found = wilson(right, number)
    assert found.value == right / number
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


def test_wilson_covers():
    rng = np.random.default_rng(0)
    found = [wilson(int(count), 50) for count in rng.binomial(50, 0.3, size=2000)]
    assert 0.93 < np.mean([one.low <= 0.3 <= one.high for one in found]) < 0.97


def test_a_frequent_voice_weighs_no_more_than_a_rare_one():
    classes = np.array([0] * 90 + [2] * 10)
    always_first = classes == 0
    assert always_first.mean() == 0.9
    assert balanced_accuracy(always_first, classes) == 0.5


def test_the_bootstrap_draws_clips():
    rng = np.random.default_rng(1)
    clips = np.repeat(np.arange(40), 10)
    classes = np.tile(np.arange(2), 200)
    right = np.repeat(rng.random(40) < 0.7, 10)  # of a clip all or none
    found = bootstrap_balanced_accuracy(right, classes, clips, 1000, 0)
    width = found.high - found.low
    assert found.low < found.value < found.high
    assert 0.8 < width / (2 * 1.96 * np.sqrt(0.7 * 0.3 / 40)) < 1.2
    alone = bootstrap_balanced_accuracy(right, classes, np.arange(400), 1000, 0)
    assert alone.high - alone.low < width / 2
    assert bootstrap_balanced_accuracy(right, classes, clips, 1000, 0) == found
