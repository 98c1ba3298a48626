from audiomotion.report.comparison import compare
from audiomotion.report.comparison_notes import comparison_notes
from tests.report.arms import OTHER_WOBBLE, arm, three


def test_the_rule_of_the_marks_and_the_numbers_of_tests_are_said():
    (rule,) = comparison_notes(compare(three(), "a"))
    assert "Bold: better than every other arm" in rule and "Holm over 3 tests" in rule
    assert "Differences to a: 5 % after Holm over 2 tests." in rule


def test_what_is_not_settled_names_arms_and_seeds():
    _, unsettled = comparison_notes(compare(three(fid=(1.0, 1.0, 3.0)), "a"))
    assert "80 % power" in unsettled
    assert unsettled.endswith("FID, a against b > 100 seeds.")


def test_one_seed_is_said_once_and_nothing_else():
    arms = {name: arm(seeds=[0], fid=1.0, top1=0.5) for name in "abc"}
    assert comparison_notes(compare(arms, "a")) == [
        "All arms: one training seed: no test over seeds is possible."
    ]


def test_arms_that_are_not_paired_are_named():
    arms = three() | {"d": arm([1, 2, 3], OTHER_WOBBLE, fid=9.0)}
    _, unpaired = comparison_notes(compare(arms, "a"))[:2]
    assert unpaired.startswith("b and d, c and d, d and a: the arms have different training seeds")


def test_a_baseline_without_a_result_is_not_compared_with():
    (rule,) = comparison_notes(compare(three() | {"d": {}}, "d"))
    assert "Differences to" not in rule


def test_a_table_of_one_arm_says_nothing():
    assert comparison_notes(compare({"a": arm(fid=1.0)}, "a")) == []
