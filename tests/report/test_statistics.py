import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t

from audiomotion.report.statistics import Figure, TwoNoises, over_repeats, over_seeds, two_noises


def test_two_seeds_by_hand():
    # t(0.975, 1) = 12.706; the deviation of (1, 3) is sqrt 2, its standard error 1.
    assert over_seeds([1.0, 3.0]).mean == 2
    assert over_seeds([1.0, 3.0]).half_width == pytest.approx(12.706, abs=1e-3)


@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=12))
def test_the_interval_over_seeds_is_scipys(means):
    found = over_seeds(means)
    error = np.std(means, ddof=1) / np.sqrt(len(means))
    assert found.mean == pytest.approx(np.mean(means), abs=1e-6)
    if error > 1e-9:
        low, high = t.interval(0.95, len(means) - 1, np.mean(means), error)
        assert found.mean - found.half_width == pytest.approx(low, abs=1e-6, rel=1e-6)
        assert found.mean + found.half_width == pytest.approx(high, abs=1e-6, rel=1e-6)


def test_equal_seeds_have_no_spread():
    assert over_seeds([0.1] * 5) == Figure(pytest.approx(0.1), pytest.approx(0, abs=1e-12))


def test_a_figure_without_an_interval_claims_none():
    assert str(Figure(0.12345)) == "0.123"
    assert str(Figure(0.12345, 0.0061)) == "0.123 ± 0.006"


def test_the_interval_over_repeats_is_the_published_one():
    # The population deviation of (1, 3) is 1.
    found = over_repeats([1.0, 3.0])
    assert found == Figure(2.0, pytest.approx(1.96 / math.sqrt(2)))
    assert over_repeats([1.5]) == Figure(1.5)


def test_the_two_noises_are_kept_apart():
    noises = two_noises([Figure(1.0, 0.3), Figure(3.0, 0.4)])
    assert noises.num_seeds == 2
    assert noises.over_seeds == over_seeds([1.0, 3.0]).half_width
    assert noises.over_repeats == pytest.approx(math.sqrt((0.3**2 + 0.4**2) / 2))


def test_one_seed_knows_nothing_of_seeds_and_one_repeat_nothing_of_repeats():
    assert two_noises([Figure(1.0, 0.3)]) == TwoNoises(pytest.approx(0.3), None, 1)
    assert two_noises([Figure(1.0), Figure(2.0)]).over_repeats is None
