"""Arms against each other: families, marks, and how often the whole of it is wrong."""

import numpy as np
import pytest

from audiomotion.report.comparison import compare, compare_sampling
from audiomotion.report.holm import LEVEL, holm
from audiomotion.report.power import seeds_needed
from audiomotion.report.significance import difference
from audiomotion.report.statistics import Figure
from tests.report.arms import OTHER_WOBBLE, arm, three


def test_the_differences_to_the_baseline():
    found = compare(three(), baseline="b")
    assert [(one.arm, one.other) for one in found.to_baseline] == [("a", "b"), ("c", "b")]
    one = found.against_baseline("a", "fid")
    assert one.difference.mean == pytest.approx(-1.0) and one.better and one.significant
    assert not found.against_baseline("c", "fid").better
    assert found.against_baseline("b", "fid") is None


def test_each_family_is_corrected_by_itself():
    arms = three(fid=(1.0, 1.02, 1.03))
    found = compare(arms, baseline="c")
    values = {name: {seed: own["fid"].mean for seed, own in arms[name].items()} for name in "abc"}
    own = [difference(values[x], values[y]).p for x, y in ("ab", "ac", "bc")]
    assert [one.p_holm for one in found.pairs] == pytest.approx(holm(own))
    assert [one.p_holm for one in found.to_baseline] == pytest.approx(holm(own[1:]))


def test_best_and_second_are_earned():
    assert compare(three(), "a").marks == {("a", "fid"): "best", ("b", "fid"): "second"}


def test_two_leaders_that_do_not_differ_are_both_among_the_best_two():
    found = compare(three(fid=(1.0, 1.001, 3.0)), "a")
    assert found.leaders == {"fid": "a"}
    assert found.marks == {("a", "fid"): "second", ("b", "fid"): "second"}


def test_nothing_is_earned_where_nothing_differs():
    assert compare(three(fid=(1.0, 1.001, 1.002)), "a").marks == {}


def test_of_two_arms_none_is_second():
    arms = {name: own for name, own in three().items() if name != "c"}
    assert compare(arms, "a").marks == {("a", "fid"): "best"}
    assert compare({"a": arms["a"]}, "a").marks == {}


def test_a_higher_r_precision_is_the_best():
    arms = {"a": arm(top1=0.2), "b": arm(wobble=OTHER_WOBBLE, top1=0.8)}
    assert compare(arms, "a").marks == {("b", "top1"): "best"}


def test_diversity_is_compared_by_its_distance_to_real_motion():
    arms = {"a": arm(diversity=12.0), "b": arm(wobble=OTHER_WOBBLE, diversity=9.0)}
    found = compare(arms, "a", real={"diversity": Figure(9.5, 0.1)})
    assert found.marks == {("b", "diversity"): "best"}
    assert found.against_baseline("b", "diversity").difference.mean == pytest.approx(-2.0)
    assert compare(arms, "a").pairs == [] and compare(arms, "a").leaders == {}


def test_one_seed_earns_nothing():
    arms = {"a": arm(seeds=[0], fid=1.0), "b": arm(seeds=[0], fid=9.0)}
    found = compare(arms, "a")
    assert found.marks == {} and found.leaders == {"fid": "a"}
    (only,) = found.to_baseline
    assert only.p_holm is None and not only.significant
    assert only.settled_by == "not known (one training seed: no test over seeds is possible)"


def test_tests_that_are_none_do_not_enter_the_correction():
    arms = three() | {"d": arm(seeds=[0], fid=5.0)}
    found = compare(arms, "a")
    tested = [one.p_holm for one in found.pairs if one.p_holm is not None]
    assert len(found.pairs) == 6 and len(tested) == 3
    assert max(tested) <= 3 * max(one.difference.p for one in compare(three(), "a").pairs)
    # Nobody was shown to be better than d, so nobody is the best of all.
    assert "best" not in found.marks.values()


def test_an_arm_that_failed_is_not_compared():
    found = compare(three() | {"d": {}}, baseline="d")
    assert found.baseline is None and found.to_baseline == []
    assert found.marks["a", "fid"] == "best"


def test_a_figure_that_is_no_number_leads_nowhere():
    found = compare({"d": arm(fid=float("nan"))} | three(), "a")
    assert found.leaders == {"fid": "a"} and "best" not in found.marks.values()


def test_the_leader_against_the_rest():
    found = compare(three(fid=(2.0, 1.0, 3.0)), baseline="a").against_leader("fid")
    assert {(one.arm, one.other) for one in found} == {("a", "b"), ("c", "b")}
    assert all(one.difference.mean > 0 and not one.better for one in found)


def test_how_many_seeds_would_settle_a_difference():
    found = compare(three(fid=(1.0, 1.02, 3.0)), baseline="b")
    one = found.against_baseline("a", "fid")
    assert found.against_baseline("c", "fid").settled_by == ""
    assert one.next_level == LEVEL
    assert one.settled_by == f"{seeds_needed(one.difference.effect, LEVEL)} seeds"
    same = compare(three(fid=(1.0, 1.0, 3.0)), baseline="b")
    assert same.against_baseline("a", "fid").settled_by == "> 100 seeds"


def test_two_seeds_cannot_be_planned_from():
    arms = {"a": arm(seeds=[0, 1], fid=1.0), "b": arm([0, 1], OTHER_WOBBLE, fid=1.0)}
    (one,) = compare(arms, "a").to_baseline
    assert one.settled_by == "not known (two seeds give no effect size)"


def test_models_trained_once_are_compared_by_their_repeats():
    repeats = {
        "a": {"fid": [1.0, 2.0], "diversity": [9.0, 8.0]},
        "b": {"fid": [1.5, 3.5], "diversity": [10.0, 10.0]},
    }
    found = compare_sampling(repeats, "a", real={"diversity": Figure(9.5)})
    assert set(found) == {("b", "fid"), ("b", "diversity")}
    assert found["b", "fid"].mean == pytest.approx(1.0)
    # Distances to 9.5: 0.5 and 0.5 against 0.5 and 1.5.
    assert found["b", "diversity"].mean == pytest.approx(-0.5)
    assert compare_sampling(repeats, "c") == {}


def null_table(rng, num_seeds, spread):
    """Four arms that do not differ; the metrics of one seed share its luck, as arms do."""
    shape = num_seeds, 4, 3
    luck = rng.normal(size=(num_seeds, 1, 3)) + rng.normal(size=(num_seeds, 4, 1))
    drawn = (luck + rng.normal(size=shape)) * spread
    keys = "fid", "top1", "mm_distance"
    return {
        name: {
            seed: {key: Figure(drawn[seed, place, at]) for at, key in enumerate(keys)}
            for seed in range(num_seeds)
        }
        for place, name in enumerate("abcd")
    }


@pytest.mark.parametrize("num_seeds", [3, 5])
def test_a_table_without_differences_claims_one_in_at_most_5_percent(num_seeds):
    """What a table shows: differences to the baseline, and marks. Three standard errors allowed."""
    rng, num_tables = np.random.default_rng(num_seeds), 1500
    shown = in_pairs = 0
    for _ in range(num_tables):
        found = compare(null_table(rng, num_seeds, (1.0, 0.01, 0.1)), "a")
        shown += bool(found.marks) or any(one.significant for one in found.to_baseline)
        in_pairs += any(one.significant for one in found.pairs)
    limit = LEVEL + 3 * (LEVEL * (1 - LEVEL) / num_tables) ** 0.5
    assert 0 < shown / num_tables <= limit
    assert 0 < in_pairs / num_tables <= limit


def test_a_best_arm_among_two_that_do_not_differ_is_claimed_in_at_most_5_percent():
    rng, num_tables = np.random.default_rng(7), 1000
    claimed = 0
    for _ in range(num_tables):
        means = np.array([1.0, 1.0, 9.0, 9.5])
        drawn = means[:, None] + rng.normal(size=(4, 5)) * 0.05
        arms = {
            name: {seed: {"fid": Figure(value)} for seed, value in enumerate(own)}
            for name, own in zip("abcd", drawn.tolist(), strict=True)
        }
        claimed += "best" in compare(arms, "d").marks.values()
    assert 0 < claimed / num_tables <= LEVEL + 3 * (LEVEL * (1 - LEVEL) / num_tables) ** 0.5
