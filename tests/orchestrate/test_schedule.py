import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiomotion.orchestrate.failures import Failure
from audiomotion.orchestrate.plan import Plan, Target
from audiomotion.orchestrate.schedule import Schedule
from tests.orchestrate.test_plan import targets
from tests.orchestrate.toy import COUNTED, note


def texts(stages):
    return [stage.config.text for stage in stages]


def test_the_longest_chain_comes_first():
    lone, head = note("lone"), note("head")
    middle = note("middle", head)
    schedule = Schedule([lone, head, middle, note("end", middle)], {})
    assert texts(schedule.ready()) == ["head", "lone"]


def test_recorded_times_decide_what_a_long_chain_is():
    slow, head = note("slow", kind=COUNTED), note("head")
    schedule = Schedule([head, note("end", head), slow], {"counted": 60.0, "note": 1.0})
    assert texts(schedule.ready()) == ["slow", "head"]


def test_a_stage_waits_for_its_inputs():
    data = note("data")
    rvq = note("rvq", data)
    schedule = Schedule([data, rvq], {})
    schedule.start(data)
    assert schedule.ready() == []
    assert not schedule.finished
    schedule.finish(data)
    assert schedule.ready() == [rvq]


def test_an_input_that_is_cached_need_not_run():
    rvq = note("rvq", note("data"))
    assert Schedule([rvq], {}).ready() == [rvq]


def test_a_failure_skips_all_that_needs_it_and_nothing_else():
    data, other = note("data"), note("other")
    rvq = note("rvq", data)
    masked, alone = note("masked", rvq, other), note("alone", other)
    schedule = Schedule([data, other, rvq, masked, alone], {})
    schedule.start(data)
    schedule.fail(Failure(data, "the disk is full", 3))
    assert [schedule.status[stage.fingerprint] for stage in (data, rvq, masked)] == [
        "failed",
        "skipped",
        "skipped",
    ]
    assert schedule.failures[masked.fingerprint].reason == "the disk is full"
    assert schedule.failures[masked.fingerprint].stage is data
    assert schedule.ready() == [other]
    for stage in (other, alone):
        schedule.finish(stage)
    assert schedule.finished


def test_the_first_failure_is_the_reason_that_stays():
    data, other = note("data"), note("other")
    both = note("both", data, other)
    schedule = Schedule([data, other, both], {})
    schedule.fail(Failure(data, "first"))
    schedule.fail(Failure(other, "second"))
    assert schedule.failures[both.fingerprint].reason == "first"


def arms(**stages):
    return {stage.fingerprint: frozenset(arm.split("_")) for arm, stage in stages.items()}


def test_arms_that_fail_for_one_reason_stop_the_others():
    first, second, running, waiting = (note(text) for text in ("1", "2", "running", "waiting"))
    schedule = Schedule(
        [first, second, running, waiting], {}, arms(a=first, b=second, c=running, d=waiting)
    )
    for stage in (first, second, running):
        schedule.start(stage)
    schedule.fail(Failure(first, "no weights", 5, cause="ModelError: no weights"))
    assert schedule.ready() == [waiting]
    schedule.fail(Failure(second, "no weights", 5, cause="ModelError: no weights"))
    assert schedule.ready() == []
    assert not schedule.finished
    schedule.finish(running)
    assert schedule.finished
    told = schedule.failures[waiting.fingerprint]
    assert (told.kind, told.exit_code) == ("stopped", 5)
    assert "arms a, b failed for one reason (no weights)" in told.reason


@pytest.mark.parametrize(
    ("owners", "causes"),
    [
        (("a", "a"), ("bug at x.py:3", "bug at x.py:3")),  # two seeds of one arm
        (("a", "b"), ("bug at x.py:3", "bug at y.py:3")),
        (("a", "b"), ("", "")),  # lost workers, exhausted memory
    ],
)
def test_other_failures_stop_nothing(owners, causes):
    stages = note("1"), note("2")
    waiting = note("waiting")
    needed = {stage.fingerprint: frozenset(arm) for stage, arm in zip(stages, owners, strict=True)}
    schedule = Schedule([*stages, waiting], {}, needed | arms(c=waiting))
    for stage, cause in zip(stages, causes, strict=True):
        schedule.fail(Failure(stage, "why", cause=cause))
    assert schedule.ready() == [waiting]


def test_a_stage_that_was_lost_after_the_stop_is_not_begun_again():
    first, second, lost = note("1"), note("2"), note("lost")
    schedule = Schedule([first, second, lost], {}, arms(a=first, b=second, c=lost))
    schedule.start(lost)
    for stage in (first, second):
        schedule.fail(Failure(stage, "why", cause="why"))
    schedule.put_back(lost)
    assert schedule.finished
    assert schedule.status[lost.fingerprint] == "skipped"


def test_a_stage_made_elsewhere_is_neither_ready_nor_over():
    data = note("data")
    rvq = note("rvq", data)
    schedule = Schedule([data, rvq], {})
    schedule.start(data)
    schedule.set_aside(data)
    assert schedule.elsewhere() == [data]
    assert schedule.ready() == []
    assert not schedule.finished
    schedule.put_back(data)
    assert schedule.ready() == [data]
    schedule.finish(data)
    assert schedule.ready() == [rvq]


@given(targets(), st.data())
def test_whatever_runs_or_fails_first_every_stage_gets_a_verdict(wanted, data):
    schedule = Schedule(
        Plan([Target("a", 0, target.stage) for target in wanted]).missing(set()), {}
    )
    while ready := schedule.ready():
        stage = data.draw(st.sampled_from(ready))
        schedule.start(stage)
        if data.draw(st.booleans()):
            schedule.set_aside(stage)
            schedule.put_back(stage)
            assert schedule.ready() == ready
        if data.draw(st.booleans()):
            schedule.finish(stage)
        else:
            schedule.fail(Failure(stage, "failed"))
    assert schedule.finished
    for key, stage in schedule.stages.items():
        inputs_done = all(schedule.status[i.fingerprint] == "done" for i in stage.inputs.values())
        assert inputs_done == (schedule.status[key] != "skipped")
        assert (key in schedule.failures) == (schedule.status[key] != "done")
