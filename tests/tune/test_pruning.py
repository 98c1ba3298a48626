import random

import pytest

from audiomotion.config.search import PruningConfig
from audiomotion.tune.pruning import hopeless

RULE = PruningConfig(error_level=0.05)
REPEATS = 10


def stopped(shift, seed, spread=0.02, rule=RULE):
    """Return after how many repeats a trial is stopped whose cost is higher by `shift`."""
    draw = random.Random(seed)
    common = [draw.gauss(0, 1.0) for _ in range(REPEATS)]
    best = [5 + one for one in common]
    costs = [5 + shift + one + draw.gauss(0, spread) for one in common]
    looks = range(1, REPEATS + 1)
    return next((n for n in looks if hopeless(costs[:n], best, REPEATS, rule)), None)


def test_a_trial_as_good_as_the_best_is_stopped_as_rarely_as_is_said():
    wrong = sum(stopped(0.0, seed) is not None for seed in range(600))
    assert wrong / 600 < 0.05 + 0.02  # two and a half standard errors of the count


def test_common_random_numbers_show_a_difference_far_below_the_noise_of_the_costs():
    seen = [stopped(0.1, seed) for seed in range(100)]
    assert sum(one is not None and one <= 6 for one in seen) > 90


def test_no_look_before_the_first_or_after_the_last_repeat():
    far = [9.0, 9.1, 9.2, 9.0, 9.1]
    best = [1.0] * 5
    assert hopeless(far[:2], best, 5, RULE) is None
    assert "after 3 repeats 8.1 worse" in str(hopeless(far[:3], best, 5, RULE))
    assert hopeless(far, best, 5, RULE) is None
    assert hopeless(far[:3], best, 3, RULE) is None


@pytest.mark.parametrize("error_level", [0.0])
def test_an_error_level_of_zero_stops_none(error_level):
    rule = PruningConfig(error_level=error_level)
    assert hopeless([9.0] * 4, [1.0] * 5, 5, rule) is None


def test_differences_without_any_spread_are_judged_by_their_sign():
    assert hopeless([2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 4.0], 4, RULE)
    assert hopeless([1.0, 2.0, 3.0], [1.0, 2.0, 3.0, 4.0], 4, RULE) is None
