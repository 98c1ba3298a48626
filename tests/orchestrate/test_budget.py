import itertools
import json
import threading

import pytest

from audiomotion.config.resolve import resolve
from audiomotion.config.runtime import Runtime
from audiomotion.errors import ClusterError, DataError
from audiomotion.files import write_json
from audiomotion.orchestrate import budget as budgets
from audiomotion.orchestrate.budget import GpuBudget, used_hours
from audiomotion.orchestrate.launch import Request, launch
from audiomotion.orchestrate.local import LocalExecutor
from audiomotion.orchestrate.plan import Plan, Target
from audiomotion.orchestrate.ray_executor import RayExecutor
from audiomotion.orchestrate.schedule import Schedule
from tests.orchestrate.processes import wait_until
from tests.orchestrate.test_launch import Log
from tests.orchestrate.toy import TRAINING, note, trainings

RUNTIME = Runtime(device="cpu", checkpoint_seconds=0.02)
MOMENT = 1e-9
"""GPU-hours that are used up as soon as anybody looks."""


class Deaf(Log):
    def stage_done(self, record, stage, folder) -> None:
        assert folder.exists()


def one_gpu_for_trainings(stage) -> float:
    return 1.0 if stage.name == TRAINING.name else 0.0


def budget(hours, ledger=None) -> GpuBudget:
    return GpuBudget(hours, one_gpu_for_trainings, ledger)


def gate(store, stage):
    folder = store.work_folder(stage.fingerprint)
    folder.mkdir(parents=True)
    return folder / "gate"


def start(store, executor, targets, limit):
    experiment = resolve("demo")[0].experiment
    request = Request("ablation", "toys", [(arm, experiment) for arm, _ in targets], {})
    plan = Plan([Target(arm, experiment.seed, stage) for arm, stage in targets])
    return launch(
        request, plan, store, executor, Deaf(), lambda event, stage: None, {}, budget=limit
    )


def starts(store, stage) -> list[int]:
    return json.loads((store.folder(stage) / "starts.json").read_text())


def test_a_used_up_budget_stops_what_holds_a_gpu_and_nothing_else(store, tmp_path):
    first, second = trainings()
    limit, ledger = budget(MOMENT, tmp_path / "used.json"), tmp_path / "used.json"
    shut = gate(store, first)
    shut.write_text("100")

    def open_when_used_up() -> None:
        wait_until(lambda: limit.refusal(first), "the budget to be used up")
        shut.unlink()

    opener = threading.Thread(target=open_when_used_up)
    opener.start()
    targets = [("a", second), ("b", first), ("c", note("of c"))]
    record = start(store, LocalExecutor(store, None, RUNTIME), targets, limit)
    opener.join()

    assert [arm.status for arm in record.arms] == ["skipped", "skipped", "done"]
    assert "the 1e-09 GPU-hours of this launch are used up" in record.arms[0].reason
    assert "--max-gpu-hours" in record.arms[0].reason
    assert (record.arms[0].exit_code, record.status) == (1, "failed")
    assert used_hours(ledger) == limit.used_hours > MOMENT
    assert store.find(first) is None

    used = limit.used_hours
    again = start(store, LocalExecutor(store, None, RUNTIME), targets, budget(1.0, ledger))
    assert again.status == "done"
    (began, resumed) = starts(store, first)
    assert began == 0 < resumed
    assert used_hours(ledger) > used


def test_ray_stages_are_stopped_and_continue_from_their_checkpoint(store):
    (first, second), other = trainings(), note("other")
    plan = Plan([Target("a", 0, second)], [other])
    shut, steps = gate(store, first), itertools.count(100)
    write_json(shut, next(steps))
    checkpoints = store.work_folder(first.fingerprint) / "scratch" / "checkpoints"
    limit = budget(1.0)

    def use_up(event, stage) -> None:
        if any(checkpoints.glob("*")):
            limit.max_hours = MOMENT
            write_json(shut, next(steps))  # a stop is heeded when a step ends: let them end slowly

    schedule = Schedule(plan.missing(set()), {}, limit=limit)
    RayExecutor(store, None, RUNTIME).run(schedule, limit.watch(schedule, use_up))
    assert {key: schedule.status[key] for key in plan.stages} == {
        first.fingerprint: "failed",
        second.fingerprint: "skipped",
        other.fingerprint: "done",
    }
    assert schedule.failures[first.fingerprint].kind == "refused"

    shut.unlink()
    rest = Schedule(plan.missing(store.available(plan.stages)), {})
    LocalExecutor(store, None, RUNTIME).run(rest, lambda event, stage: None)
    (began, resumed) = starts(store, first)
    assert began == 0 < resumed


def test_helpers_hold_gpus_too():
    stage = trainings()[0]
    schedule = Schedule([stage], {})
    limit = budget(1.0)
    watch = limit.watch(schedule, lambda event, stage: None)
    schedule.start(stage)
    schedule.helped = [stage, stage]
    watch("started", stage)
    assert limit.gpus_in_use == 3
    schedule.helped = []
    schedule.finish(stage)
    watch("done", stage)
    assert limit.gpus_in_use == 0
    assert limit.used_hours > 0


def test_no_stage_starts_on_a_budget_that_earlier_attempts_used_up(tmp_path):
    ledger = tmp_path / "used.json"
    ledger.write_text('{"gpu_seconds": 7200}')
    training, other = trainings()[0], note("other")
    after = note("after", training)
    schedule = Schedule([training, other, after], {}, limit=budget(2.0, ledger))
    assert schedule.ready() == [other]
    assert schedule.status[after.fingerprint] == "skipped"
    assert Schedule([training], {}, limit=budget(2.1, ledger)).ready() == [training]


def test_a_damaged_account_says_what_to_do(tmp_path):
    (tmp_path / "used.json").write_text('{"gpu_seconds": "many"}')
    with pytest.raises(DataError, match="delete it"):
        budget(1.0, tmp_path / "used.json")


def test_the_time_before_the_first_stage_is_not_counted():
    stage = trainings()[0]
    limit = budget(1.0)
    schedule = Schedule([stage], {})
    limit.watch(schedule, lambda event, stage: None)("tick", None)
    assert limit.used_hours == 0


def test_what_another_process_used_meanwhile_counts(tmp_path):
    training = trainings()[0]
    limit = budget(2.0, tmp_path / "used.json")
    assert limit.refusal(training) is None
    (tmp_path / "used.json").write_text('{"gpu_seconds": 7200}')
    limit.watch(Schedule([training], {}), lambda event, stage: None)
    assert "--max-gpu-hours" in limit.refusal(training)


def test_what_is_used_is_seen_by_other_machines_and_a_store_that_is_away_stops_nothing(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(budgets, "_SECONDS_BETWEEN_SHARES", 0.0)
    shared = []

    def share():
        shared.append(used_hours(tmp_path / "used.json"))
        raise ClusterError("the store is away")

    training = trainings()[0]
    limit = GpuBudget(1.0, one_gpu_for_trainings, tmp_path / "used.json", share)
    schedule = Schedule([training], {})
    watch = limit.watch(schedule, lambda event, stage: None)
    schedule.start(training)
    watch("started", training)
    schedule.finish(training)
    watch("done", training)
    assert shared == [limit.used_hours]
    assert limit.used_hours > 0
