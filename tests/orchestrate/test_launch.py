import json

import pytest

from audiomotion.config.resolve import resolve
from audiomotion.config.runtime import Runtime
from audiomotion.errors import DataError
from audiomotion.orchestrate.launch import Request, launch, make_plan, new_record
from audiomotion.orchestrate.local import LocalExecutor
from audiomotion.orchestrate.plan import Plan, Target
from audiomotion.orchestrate.records import RunFolder
from audiomotion.stages.system import SystemStages
from tests.orchestrate.toy import ODD_FAILURE, PLAIN_FAILURE, note


class Log:
    """Notes what a launch tells its observer and its display."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.begun: list[str] = []
        self.done: list[str] = []
        self.ended: list[str] = []
        self.events: list[str] = []
        self.error = error

    def begin(self, record) -> None:
        self.begun.append(record.id)
        if self.error:
            raise self.error

    def stage_done(self, record, stage, folder) -> None:
        assert folder.exists()
        self.done.append(stage.config.text)

    def end(self, record) -> None:
        self.ended.append(record.status)

    def interrupted(self) -> None:
        self.ended.append("interrupted")

    def __call__(self, event, stage) -> None:
        if stage is not None:
            self.events.append(f"{event} {stage.config.text}")


@pytest.fixture(scope="module")
def experiment():
    (arm,) = resolve("demo")
    return arm.experiment


def start(store, experiment, arms, references=(), log=None):
    """Launch toy stages under the names of arms; each is a pair of arm and last stage."""
    log = log or Log()
    request = Request(
        "ablation", "toys", [(name, experiment) for name, _ in arms], {"question": "?"}
    )
    plan = Plan([Target(name, experiment.seed, stage) for name, stage in arms], references)
    executor = LocalExecutor(store, None, Runtime(device="cpu"))
    return launch(request, plan, store, executor, log, log, {}), log


def test_every_arm_gets_its_verdict_and_the_record_is_kept(store, experiment):
    shared = note("shared")
    record, log = start(
        store, experiment, [("a", note("of a", shared)), ("b", note("of b", shared))], [note("ref")]
    )
    assert [(arm.arm, arm.status, arm.exit_code) for arm in record.arms] == [
        ("a", "done", 0),
        ("b", "done", 0),
    ]
    assert record.status == "done"
    assert RunFolder(store, record.id).load() == record
    assert sorted(log.done) == ["of a", "of b", "ref", "shared"]
    assert log.events.count("started shared") == 1


def test_a_failed_arm_fails_alone(store, experiment):
    shared = note("shared")
    bad = note("clip 7 is damaged", shared, kind=PLAIN_FAILURE)
    record, _ = start(store, experiment, [("a", note("of a", bad)), ("b", note("of b", shared))])
    failed, done = record.arms
    assert (failed.status, failed.exit_code) == ("failed", 3)
    assert failed.reason == "plain: clip 7 is damaged"
    assert done.status == "done"
    assert record.status == "failed"


def test_arms_whose_shared_stage_failed_are_skipped_for_the_same_reason(store, experiment):
    bad = note("no idea", kind=ODD_FAILURE)
    record, _ = start(store, experiment, [(arm, note(f"of {arm}", bad)) for arm in "ab"])
    assert [arm.status for arm in record.arms] == ["skipped", "skipped"]
    assert record.arms[0].reason == record.arms[1].reason
    assert record.arms[0].reason.startswith("odd: OddError: no idea")


def test_a_failed_ceiling_is_a_failed_launch_of_finished_arms(store, experiment):
    bad = note("no ceiling", kind=PLAIN_FAILURE)
    record, _ = start(store, experiment, [("a", note("of a"))], [bad])
    assert record.arms[0].status == "done"
    assert record.status == "failed"


def test_the_same_request_again_runs_only_what_is_missing(store, experiment):
    shared = note("shared")
    arms = [("a", note("of a", note("bad", shared, kind=PLAIN_FAILURE))), ("b", note("b", shared))]
    first, _ = start(store, experiment, arms)
    again, log = start(store, experiment, arms)
    assert again.id == first.id
    assert again.created == first.created
    assert log.events == ["started bad", "failed bad"]
    assert sorted(log.done) == ["b", "shared"]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("the tracker is gone")])
def test_an_interrupted_launch_is_recorded_as_such(store, experiment, error):
    log = Log(error)
    with pytest.raises(type(error)):
        start(store, experiment, [("a", note("of a"))], log=log)
    record = RunFolder(store, log.begun[0]).load()
    assert record.status == "interrupted"
    again, _ = start(store, experiment, [("a", note("of a"))])
    assert (again.id, again.status) == (record.id, "done")


def test_a_damaged_artifact_stops_a_launch_before_it_begins(store, experiment):
    arms = [("a", note("of a"))]
    start(store, experiment, arms)
    (store.folder(arms[0][1]) / "note").write_text("")
    log = Log()
    with pytest.raises(DataError, match="delete"):
        start(store, experiment, arms, log=log)
    assert log.begun == []


def test_an_unrelated_damaged_artifact_does_not(store, experiment):
    start(store, experiment, [("a", note("of a"))])
    (store.folder(note("of a")) / "note").write_text("")
    record, _ = start(store, experiment, [("b", note("of b"))])
    assert record.status == "done"


def test_arms_of_an_experiment_share_all_that_they_do_not_change():
    arms = resolve(axes=["feature-extractor"], seeds=[0, 1])
    request = Request("ablation", "x", [(arm.name, arm.experiment) for arm in arms], {})
    plan = make_plan(request)
    counts = {}
    for stage in plan.stages.values():
        counts[stage.name] = counts.get(stage.name, 0) + 1
    num_extractors = len({arm.name for arm in arms})
    assert counts == {
        "dataset": 1,
        "speak": 1,
        "rvq": 1,
        "evaluator": 1,
        "reference": 1,
        "features": num_extractors,
        "masked": 2 * num_extractors,
        "residual": 2 * num_extractors,
        "evaluation": 2 * num_extractors,
    }


def test_a_record_names_both_features_where_training_and_test_speech_differ():
    arms = resolve("demo", sets=["train_variant=original", "test_variant=oral"])
    request = Request("experiment", "demo", [(arm.name, arm.experiment) for arm in arms], {})
    plan = make_plan(request)
    record = new_record(request, plan)
    wanted = {stage.fingerprint for stage in plan.targets[0].upstream()}
    wanted.add(SystemStages(arms[0].experiment).reference.fingerprint)
    assert set(record.arms[0].fingerprints.values()) == wanted
    json.dumps(record.arms[0].experiment)
