from hypothesis import given
from hypothesis import strategies as st

from audiomotion.orchestrate.plan import Plan, Target
from audiomotion.orchestrate.schedule import Failure, Schedule
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


@given(targets(), st.data())
def test_whatever_runs_or_fails_first_every_stage_gets_a_verdict(wanted, data):
    schedule = Schedule(
        Plan([Target("a", 0, target.stage) for target in wanted]).missing(set()), {}
    )
    while ready := schedule.ready():
        stage = data.draw(st.sampled_from(ready))
        schedule.start(stage)
        if data.draw(st.booleans()):
            schedule.finish(stage)
        else:
            schedule.fail(Failure(stage, "failed"))
    assert schedule.finished
    for key, stage in schedule.stages.items():
        inputs_done = all(schedule.status[i.fingerprint] == "done" for i in stage.inputs.values())
        assert inputs_done == (schedule.status[key] != "skipped")
        assert (key in schedule.failures) == (schedule.status[key] != "done")
