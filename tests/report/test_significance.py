import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from audiomotion.report.significance import (
    SamplingDifference,
    difference,
    hedges,
    sampling_difference,
    sign_flip_p,
)

OURS = {0: 0.50, 1: 0.53, 2: 0.49, 3: 0.55, 4: 0.52}
THEIRS = {0: 0.47, 1: 0.49, 2: 0.48, 3: 0.50, 4: 0.50}


def values(arm):
    return [arm[seed] for seed in sorted(arm)]


def test_a_paired_difference_by_hand():
    # 0.03, 0.04, 0.01, 0.05, 0.02: mean 0.03, deviation √(0.001 / 4) = 0.01581, t = 4.243.
    found = difference(OURS, THEIRS)
    assert found.test == "paired t" and found.num_seeds == 5
    assert found.mean == pytest.approx(0.03)
    assert found.half_width == pytest.approx(2.776 * 0.01581 / math.sqrt(5), rel=1e-3)
    assert found.p == pytest.approx(0.01324, rel=1e-3)
    # d_z = 0.03 / 0.01581 = 1.897; J(4) = Γ(2) / (√2 · Γ(1.5)) = 0.7979.
    assert found.effect == pytest.approx(1.897 * 0.7979, rel=1e-3)


def test_a_paired_difference_is_scipys():
    found = difference(OURS, THEIRS)
    reference = stats.ttest_rel(values(OURS), values(THEIRS))
    interval = reference.confidence_interval(0.95)
    assert found.p == pytest.approx(reference.pvalue, rel=1e-9)
    assert found.mean - found.half_width == pytest.approx(interval.low, rel=1e-9)
    assert found.mean + found.half_width == pytest.approx(interval.high, rel=1e-9)


def test_seeds_are_paired_by_their_number_and_not_by_their_order():
    turned = dict(reversed(THEIRS.items()))
    assert difference(OURS, turned) == difference(OURS, THEIRS)


def test_other_seeds_are_compared_by_welch_and_it_is_said():
    theirs = {**THEIRS, 7: 0.44}
    found = difference(OURS, theirs)
    reference = stats.ttest_ind(list(OURS.values()), list(theirs.values()), equal_var=False)
    interval = reference.confidence_interval(0.95)
    assert found.test == "Welch t" and found.num_seeds == 5 and "Welch" in found.why
    assert found.p == pytest.approx(reference.pvalue, rel=1e-9)
    assert found.half_width == pytest.approx((interval.high - interval.low) / 2, rel=1e-9)
    assert found.sign_flip_p is None
    unit = math.sqrt((np.var(values(OURS), ddof=1) + np.var(values(theirs), ddof=1)) / 2)
    assert found.effect == pytest.approx(found.mean / unit * hedges(reference.df), rel=1e-9)


@pytest.mark.parametrize(
    ("ours", "theirs", "why"),
    [
        ({0: 0.5}, {0: 0.4}, "one training seed: no test"),
        ({0: 0.5}, {0: 0.4, 1: 0.3}, "an arm has one training seed"),
        ({0: 0.5, 1: 0.6, 2: 0.7}, {0: 0.4, 1: 0.5, 2: 0.6}, "nothing varied"),
        ({0: 0.5, 1: 0.5}, {0: 0.4, 2: 0.4}, "nothing varied"),
    ],
)
def test_what_cannot_be_tested_has_a_difference_and_no_p(ours, theirs, why):
    found = difference(ours, theirs)
    assert found.test == "none" and why in found.why
    assert found.mean == pytest.approx(
        np.mean(list(ours.values())) - np.mean(list(theirs.values()))
    )
    assert (found.p, found.half_width, found.effect, found.sign_flip_p) == (None,) * 4


def test_a_figure_that_is_no_number_is_not_tested():
    found = difference({0: 0.5, 1: math.nan}, {0: 0.4, 1: 0.3})
    assert found.p is None and math.isnan(found.mean) and "finite" in found.why


def test_two_seeds_give_a_p_and_no_effect():
    found = difference({0: 1.0, 1: 2.0}, {0: 0.0, 1: 0.5})
    assert found.p == pytest.approx(stats.ttest_1samp([1.0, 1.5], 0).pvalue)
    assert found.effect is None


@pytest.mark.parametrize("degrees", [2, 4, 9, 4.7])
def test_hedges_correction(degrees):
    exact = math.gamma(degrees / 2) / (math.sqrt(degrees / 2) * math.gamma((degrees - 1) / 2))
    assert hedges(degrees) == pytest.approx(exact)
    assert hedges(degrees) == pytest.approx(1 - 3 / (4 * degrees - 1), abs=0.02)


def test_the_corrected_effect_is_unbiased():
    draws = np.random.default_rng(0).normal(0.8, 1, (40_000, 5))
    effects = draws.mean(1) / draws.std(1, ddof=1)
    assert np.mean(effects) > 0.95
    assert np.mean(effects) * hedges(4) == pytest.approx(0.8, abs=0.01)


def test_five_seeds_of_one_sign_have_the_smallest_p_there_is():
    found = difference(OURS, THEIRS)
    assert found.sign_flip_p == found.smallest_sign_flip_p == 0.0625
    # Here the two agree that there is an order; only the t test can say so at 5 %.
    assert found.p < 0.05 < stats.wilcoxon(values(OURS), values(THEIRS)).pvalue == 0.0625


@given(st.lists(st.floats(-9, 9).map(lambda x: round(x, 3)), min_size=2, max_size=8).filter(any))
def test_sign_flips_are_scipys(differences):
    reference = stats.permutation_test(
        (np.array(differences), np.zeros(len(differences))),
        lambda x, y, axis: np.abs(np.sum(x - y, axis=axis)),
        permutation_type="samples",
        n_resamples=np.inf,
        alternative="greater",
        vectorized=True,
    )
    assert sign_flip_p(differences) == pytest.approx(reference.pvalue)


def test_many_seeds_need_no_sign_flips():
    ours = {seed: float(seed % 4) for seed in range(13)}
    found = difference(ours, dict.fromkeys(ours, 0.5))
    assert found.p is not None and found.sign_flip_p is None


def test_the_other_way_round():
    found, other = difference(OURS, THEIRS), difference(THEIRS, OURS)
    assert found.reversed().mean == pytest.approx(other.mean)
    assert found.reversed().effect == pytest.approx(other.effect)
    assert found.reversed().p == pytest.approx(other.p)
    assert found.reversed().reversed() == found


def test_repeats_of_two_models_are_paired_by_their_draws():
    # Differences 1 and 3: population deviation 1. The draws' own noise of 100 is gone.
    found = sampling_difference([101.0, 3.0], [100.0, 0.0])
    assert found == SamplingDifference(2.0, pytest.approx(1.96 / math.sqrt(2)), 2)
    assert not hasattr(found, "p") and "sampling only" in found.label


def test_repeats_without_a_partner_are_left_out():
    assert sampling_difference([1.0, 2.0, 9.0], [0.5, 1.5]).num_repeats == 2
    assert sampling_difference([1.0], [0.5]) == SamplingDifference(0.5, None, 1)


@pytest.mark.parametrize("theirs", [range(5), range(2, 6), range(5, 15)])
def test_the_interval_of_a_difference_covers_95_percent(theirs):
    """Of equal seeds paired, with a share that cancels; else by Welch, with twice the spread."""
    rng = np.random.default_rng(len(theirs))
    luck = rng.normal(size=(6_000, 15)) if theirs == range(5) else np.zeros((6_000, 15))
    ours, others = luck + rng.normal(size=luck.shape) + 0.5, luck + 2 * rng.normal(size=luck.shape)
    found = [
        difference({seed: one[seed] for seed in range(5)}, {seed: other[seed] for seed in theirs})
        for one, other in zip(ours.tolist(), others.tolist(), strict=True)
    ]
    assert 0.93 <= np.mean([abs(one.mean - 0.5) <= one.half_width for one in found]) <= 0.97
