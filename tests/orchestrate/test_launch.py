import json

import pytest

from audiomotion.config.resolve import resolve
from audiomotion.config.runtime import Runtime
from audiomotion.errors import ClusterError, DataError
from audiomotion.orchestrate.launch import Request, launch, make_plan, new_record
from audiomotion.orchestrate.local import LocalExecutor
from audiomotion.orchestrate.plan import Plan, Target
from audiomotion.orchestrate.records import RunFolder, all_runs
from audiomotion.stages.system import SystemStages
from tests.orchestrate.toy import DIVERGING, EXHAUSTING, ODD_FAILURE, PLAIN_FAILURE, note


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


def start(store, experiment, arms, references=(), log=None, **options):
    """Launch toy stages under the names of arms; each is a pair of arm and last stage."""
    log = log or Log()
    request = Request(
        "ablation", "toys", [(name, experiment) for name, _ in arms], {"question": "?"}
    )
    plan = Plan([Target(name, experiment.seed, stage) for name, stage in arms], references)
    executor = LocalExecutor(store, None, Runtime(device="cpu"))
    return launch(request, plan, store, executor, log, log, {}, **options), log


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


def times_run(store):
    path = store.cache / "count"
    return len(path.read_text().split()) if path.exists() else 0


def test_a_training_that_diverged_is_a_result(store, experiment):
    stage = note("17", kind=DIVERGING)
    arms = [("a", note("of a", stage)), ("b", note("of b"))]
    first, _ = start(store, experiment, arms)
    (failed, done) = first.arms
    assert (failed.status, failed.exit_code, failed.failure_kind) == ("failed", 5, "diverged")
    assert failed.reason == "diverging: the loss is nan"
    assert done.status == "done"
    verdict = store.verdict(stage.fingerprint)
    assert (verdict["kind"], verdict["step"], verdict["stage"]) == ("diverged", 17, "diverging")
    assert verdict["versions"]["torch"]
    assert times_run(store) == 1


def test_a_training_that_diverged_is_run_again_only_on_request(store, experiment):
    stage = note("17", kind=DIVERGING)
    arms = [("a", note("of a", stage))]
    start(store, experiment, arms)
    again, log = start(store, experiment, arms)
    assert log.events == ["failed 17"]
    assert "--retry-failed trains it again" in again.arms[0].reason
    assert again.arms[0].failure_kind == "diverged"
    assert times_run(store) == 1
    (store.work_folder(stage.fingerprint) / "scratch" / "of the first").touch()
    start(store, experiment, arms, retry_failed=True)
    assert times_run(store) == 2
    assert not (store.work_folder(stage.fingerprint) / "scratch" / "of the first").exists()


def test_two_arms_that_fail_alike_stop_the_axis(store, experiment):
    bad = [note("no words", note(arm), kind=PLAIN_FAILURE) for arm in "ab"]
    arms = [("a", note("of a", bad[0])), ("b", note("of b", bad[1]))]
    arms += [(name, note(f"of {name}")) for name in ("c", "d")]  # shorter chains: begun later
    record, log = start(store, experiment, arms)
    assert [arm.status for arm in record.arms] == ["failed", "failed", "skipped", "skipped"]
    assert record.arms[2].failure_kind == "stopped"
    assert "arms a, b failed for one reason (no words)" in record.arms[3].reason
    assert "started of c" not in log.events


def test_exhausted_memory_is_said_with_what_to_do(store, experiment):
    record, _ = start(store, experiment, [("a", note("2", kind=EXHAUSTING))])
    (arm,) = record.arms
    assert arm.failure_kind == "gpu_memory"
    assert "lower the batch size yourself: it changes the result" in arm.reason


def test_what_the_observer_could_not_note_is_recorded_and_made_up_for(store, experiment):
    class Away(Log):
        def end(self, record):
            raise ClusterError("MLflow is away")

    arms = [("a", note("of a"))]
    record, _ = start(store, experiment, arms, log=Away())
    assert (record.status, record.unobserved) == ("done", "MLflow is away")
    assert RunFolder(store, record.id).load() == record
    again, log = start(store, experiment, arms)
    assert again.unobserved == ""
    assert log.done == ["of a"]
    assert log.events == []


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
    assert [record.status for record in all_runs(store)] == ["interrupted"]


def test_what_a_launch_broke_off_for_is_said_even_where_the_store_is_away(
    store, experiment, monkeypatch
):
    class Away(Log):
        def begin(self, record):
            monkeypatch.setattr(store, "push", self.refuse)
            super().begin(record)

        def refuse(self, folder):
            raise ClusterError("the store is away")

    log = Away(RuntimeError("the first reason"))
    with pytest.raises(RuntimeError, match="the first reason"):
        start(store, experiment, [("a", note("of a"))], log=log)
    assert log.ended == ["interrupted"]


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
