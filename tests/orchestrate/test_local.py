import pytest

from audiomotion.config.runtime import Resources, Runtime, StageResources
from audiomotion.orchestrate.local import LocalExecutor
from audiomotion.orchestrate.plan import Plan, Target
from audiomotion.orchestrate.schedule import Schedule
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.stages.base import Stage, StageKind
from tests.orchestrate.killing import Victim, assert_resumed, trained, undisturbed
from tests.orchestrate.processes import Driver, kill_all
from tests.orchestrate.toy import NOTE, ODD_FAILURE, Note, note, trainings


def run(store, *stages):
    events = []
    schedule = Schedule(Plan([Target("a", 0, stage) for stage in stages]).missing(set()), {})
    LocalExecutor(store, None, Runtime(device="cpu")).run(
        schedule, lambda event, stage: events.append((event, stage and stage.config.text))
    )
    return schedule, [event for event in events if event[0] != "tick"]


def test_every_stage_starts_and_ends(store):
    schedule, events = run(store, note("b", note("a")))
    assert events == [("started", "a"), ("done", "a"), ("started", "b"), ("done", "b")]
    assert schedule.finished


def test_it_says_that_one_worker_trains_where_several_were_asked_for(store, caplog):
    runtime = Runtime(device="cpu", stages=StageResources(residual=Resources(num_workers=2)))
    stages = [note("a"), Stage(StageKind("residual", 1, NOTE.work), Note(text="b"))]
    LocalExecutor(store, None, runtime).run(Schedule(stages, {}), lambda event, stage: None)
    assert [record.getMessage() for record in caplog.records] == [
        "stage residual is trained by one worker, not 2: it is the same training, and several need "
        "Ray (leave --executor local out)"
    ]


def test_a_failure_does_not_stop_the_others(store):
    bad = note("bad", kind=ODD_FAILURE)
    schedule, events = run(store, note("after", bad), note("good"))
    assert ("failed", "bad") in events
    assert ("done", "good") in events
    assert ("started", "after") not in events
    assert len(schedule.failures) == 2


def test_what_another_driver_makes_is_set_aside_and_taken_over(store):
    """The stage that is free runs first; the other as soon as its driver lets go."""
    busy, free = note("busy"), note("free")
    schedule = Schedule([busy, free], {})
    events, claim = [], store.claim(busy.fingerprint)
    claim.__enter__()

    def on_event(event, stage):
        if event == "tick":
            return
        events.append((event, stage.config.text))
        if event == "done" and stage is free:
            claim.__exit__(None, None, None)

    LocalExecutor(store, None, Runtime(device="cpu")).run(schedule, on_event)
    assert events == [
        ("started", "busy"),
        ("elsewhere", "busy"),
        ("started", "free"),
        ("done", "free"),
        ("started", "busy"),
        ("done", "busy"),
    ]
    assert schedule.failures == {}


def test_an_interrupt_is_not_a_failure_of_a_stage(store):
    def interrupt(event, stage):
        if event == "started":
            raise KeyboardInterrupt

    schedule = Schedule([note("a")], {})
    with pytest.raises(KeyboardInterrupt):
        LocalExecutor(store, None, Runtime(device="cpu")).run(schedule, interrupt)
    assert schedule.failures == {}


def test_a_killed_training_ends_as_if_it_had_not_been(tmp_path):
    """Another process that waits for the same training takes over as soon as the first dies."""
    first, second = trainings()
    store = ArtifactStore(tmp_path)
    victim = Victim(store, first)
    driver, waiting = Driver(tmp_path, "local"), None
    try:
        victim.wait_for_random_step()
        assert victim.pid == driver.process.pid
        waiting = Driver(tmp_path, "local")
        driver.kill()
        victim.let_go()
        assert waiting.finish() == 0
        assert waiting.descendants() == []
    finally:
        kill_all(driver.descendants() + (waiting.descendants() if waiting else []))
    expected = undisturbed()
    assert_resumed(trained(store, first), expected[0])
    assert trained(store, second) == expected[1]
