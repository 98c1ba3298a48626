import pytest

from audiomotion.evaluate.metrics.interval import interval
from tests.golden import load_golden


def test_interval_equals_the_published_one():
    golden = load_golden("metrics")
    mean, half_width = interval(golden["ci_values"])
    assert mean == pytest.approx(golden["ci_mean"], rel=1e-12)
    assert half_width == pytest.approx(golden["ci_conf"], rel=1e-12)


def test_interval_of_known_values():
    assert interval([1.0, 3.0, 1.0, 3.0]) == pytest.approx((2.0, 1.96 * 1.0 / 2.0))


def test_interval_of_one_repeat_has_no_width():
    assert interval([0.7]) == (0.7, 0.0)
