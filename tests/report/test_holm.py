import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from audiomotion.report.holm import LEVEL, holm, next_level


def test_by_hand():
    # 0.01 · 4; 0.02 · 3; 0.03 · 2 = 0.06 as before; 0.04 · 1, raised to the one before.
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([0.03]) == [0.03]
    assert holm([]) == []


@pytest.mark.parametrize("count", [1, 2, 7, 42])
def test_it_is_statsmodels(count):
    p_values = (np.random.default_rng(count).random(count) ** 6).round(3).tolist()
    reference = multipletests(p_values, method="holm")[1]
    assert holm(p_values) == pytest.approx(reference.tolist(), rel=1e-12)


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=20),
    st.lists(st.floats(0, 1), min_size=1, max_size=20),
)
def test_more_tests_never_make_one_more_significant(own, others):
    assert all(more >= less for more, less in zip(holm([*own, *others]), holm(own), strict=False))


def test_the_next_p_has_to_reach_what_the_remaining_tests_leave():
    assert next_level(holm([0.001, 0.02, 0.4])) == LEVEL
    assert next_level(holm([0.001, 0.03, 0.4])) == LEVEL / 2
    assert holm([0.001, LEVEL / 2, 0.4])[1] <= LEVEL < holm([0.001, LEVEL / 2 + 1e-6, 0.4])[1]


def test_where_all_are_significant_the_level_is_the_family_s():
    assert next_level(holm([0.001, 0.002])) == LEVEL
