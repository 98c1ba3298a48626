import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiomotion.report.metrics import METRICS
from audiomotion.report.statistics import Figure
from audiomotion.report.verdicts import Conditions, Verdict, obstacles, verdict

METRIC = {metric.key: metric for metric in METRICS}
PUBLISHED = Conditions("kit original", "published", "pre-trained")


@pytest.mark.parametrize(
    ("ours", "word"),
    [
        # h = √(0.03² + 0.04²) = 0.05
        (1.049, "reproduced"),
        (0.951, "reproduced"),
        (1.051, "near"),
        (1.149, "near"),
        (1.151, "worse"),
        (0.849, "better"),
    ],
)
def test_the_rule_for_fid(ours, word):
    found = verdict(METRIC["fid"], Figure(ours, 0.04), Figure(1.0, 0.03))
    assert found == Verdict(word, pytest.approx(ours - 1.0), pytest.approx(0.05))


def test_higher_r_precision_is_better():
    assert verdict(METRIC["top1"], Figure(0.6, 0.01), Figure(0.4, 0.01)).word == "better"
    assert verdict(METRIC["top1"], Figure(0.2, 0.01), Figure(0.4, 0.01)).word == "worse"


def test_an_unpublished_interval_is_two_percent_of_the_value():
    found = verdict(METRIC["fid"], Figure(3.0, 0.0), Figure(2.920))
    assert found.half_width == pytest.approx(0.0584) and found.word == "near"


def test_an_interval_published_as_zero_is_not_an_unpublished_one():
    assert verdict(METRIC["fid"], Figure(3.0, 0.01), Figure(2.92, 0.0)).half_width == 0.01


@given(st.floats(0.01, 10), st.floats(0, 1), st.floats(0.01, 10), st.floats(0, 1))
def test_who_is_ours_decides_only_between_better_and_worse(ours, width, theirs, their_width):
    one = verdict(METRIC["fid"], Figure(ours, width), Figure(theirs, their_width))
    other = verdict(METRIC["fid"], Figure(theirs, their_width), Figure(ours, width))
    turned = {"better": "worse", "worse": "better"}
    assert other.word == turned.get(one.word, one.word)
    assert one.half_width == math.hypot(width, their_width)


def test_diversity_is_better_near_real_motion():
    metric = METRIC["diversity"]
    far, near = Figure(12.0, 0.1), Figure(9.6, 0.1)
    assert verdict(metric, near, far, real=(9.5, 9.5)).word == "better"
    assert verdict(metric, far, near, real=(9.5, 9.5)).word == "worse"
    # The evaluators' spaces differ in scale: each is near its own real motion or is not.
    assert verdict(metric, far, near, real=(12.0, 9.0)).word == "better"
    assert verdict(metric, near, far).word == "not comparable"


def test_what_differs_is_said_and_the_difference_kept():
    ours = Conditions("demo original", "learned here", "random, 2 layers")
    reasons = obstacles(ours, PUBLISHED, METRIC["fid"])
    found = verdict(METRIC["fid"], Figure(1.0, 0.1), Figure(1.0), obstacles=reasons)
    assert found.word == "not comparable" and found.difference == 0
    assert found.why == (
        "dataset: demo original, published: kit original; "
        "evaluator: learned here, published: published; "
        "weights: random, 2 layers, published: pre-trained"
    )


def test_equal_conditions_are_no_obstacle_and_pools_matter_to_r_precision():
    assert obstacles(PUBLISHED, PUBLISHED, METRIC["top1"]) == []
    small = Conditions("kit original", "published", "pre-trained", pool=16)
    assert obstacles(small, PUBLISHED, METRIC["fid"]) == []
    assert obstacles(small, PUBLISHED, METRIC["top3"]) == ["pool: 16, published: 32"]


def test_a_slip_of_the_source_is_no_verdict_on_us():
    found = verdict(
        METRIC["mm_distance"],
        Figure(2.955, 0.01),
        Figure(1.221),
        suspect="table 3 gives 2.955 for the same system",
        obstacles=["dataset: demo, published: humanml3d"],
    )
    assert found.word == "suspect source"
    assert found.why == (
        "table 3 gives 2.955 for the same system; dataset: demo, published: humanml3d"
    )


def test_one_repeat_of_one_seed_is_no_measurement():
    found = verdict(METRIC["fid"], Figure(1.0), Figure(1.0, 0.1))
    assert found.word == "not comparable" and "no interval" in found.why
    assert found.half_width is None


def test_agreement_by_a_wide_interval_says_so():
    wide = verdict(METRIC["fid"], Figure(1.5, 0.9), Figure(1.0, 0.1))
    assert wide.word == "reproduced" and "says little" in wide.why
    assert verdict(METRIC["fid"], Figure(1.0, 0.02), Figure(1.0)).why == ""
    assert verdict(METRIC["fid"], Figure(9.0, 0.9), Figure(1.0, 0.1)).why == ""
