import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import TTestPower

from audiomotion.report.power import MOST_SEEDS, POWER, power, seeds_needed


@pytest.mark.parametrize("effect", [0.1, 0.5, 1.0])
@pytest.mark.parametrize("num_seeds", [2, 3, 5, 10, 30])
@pytest.mark.parametrize("level", [0.05, 0.001])
def test_power_is_statsmodels(effect, num_seeds, level):
    reference = TTestPower().power(effect, num_seeds, level)
    assert power(effect, num_seeds, level) == pytest.approx(reference, abs=1e-9)


def test_without_an_effect_the_power_is_the_level():
    assert power(0.0, 5, 0.05) == pytest.approx(0.05, abs=1e-12)
    assert power(-2.0, 5, 0.05) == power(2.0, 5, 0.05)


@pytest.mark.parametrize(("effect", "num_seeds", "level"), [(1.5, 6, 0.05), (5, 5, 0.001)])
def test_power_is_how_often_the_test_finds_it(effect, num_seeds, level):
    """Also where the noncentral t of scipy 1.17 is NaN."""
    draws = np.random.default_rng(0).normal(effect, 1, (100_000, num_seeds))
    found = stats.ttest_1samp(draws, 0, axis=1).pvalue <= level
    assert power(effect, num_seeds, level) == pytest.approx(found.mean(), abs=0.005)


def test_the_textbook_s_number():
    # Cohen 1988: a paired test of a medium effect at 5 % and 80 % power takes 34 pairs.
    assert seeds_needed(0.5, 0.05) == 34


@pytest.mark.parametrize("effect", [0.6, 1.0, 2.5, 20.0])
@pytest.mark.parametrize("level", [0.05, 0.05 / 42])
def test_it_is_the_fewest(effect, level):
    count = seeds_needed(effect, level)
    assert power(effect, count, level) >= POWER
    assert count == 2 or power(effect, count - 1, level) < POWER


def test_beyond_what_anybody_trains():
    assert power(0.2, MOST_SEEDS, 0.05) < POWER
    assert seeds_needed(0.2, 0.05) is None
    assert seeds_needed(0.0, 0.05) is None
