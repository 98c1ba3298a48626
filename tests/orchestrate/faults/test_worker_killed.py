"""The worker of each kind of stage of a real, tiny system is killed once."""

import fcntl
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from audiomotion.config.resolve import resolve
from audiomotion.config.runtime import Runtime
from audiomotion.files import read_json
from audiomotion.orchestrate.executor import Executor
from audiomotion.orchestrate.launch import Request, make_plan
from audiomotion.orchestrate.local import LocalExecutor
from audiomotion.orchestrate.plan import Plan
from audiomotion.orchestrate.ray_executor import RayExecutor
from audiomotion.orchestrate.schedule import Schedule
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.orchestrate.worker import progress_path
from audiomotion.stages.base import AnyStage
from tests.orchestrate.processes import Meanwhile

TINY = str(Path(__file__).parents[2] / "cli" / "tiny.yaml")
LONGER = [
    "masked.training.max_steps=60",
    "masked.training.log_every=10",
    "rvq.training.max_steps=40",
    "evaluation.repeats=3",
]
RUNTIME = Runtime(device="cpu", checkpoint_seconds=0.05)
KILLED = ("speak", "features", "rvq", "masked", "evaluation")
KEEPS_FIRST = ("rvq", "masked", "evaluation")
"""Killed when they have something to go on from."""


@pytest.fixture(scope="module")
def plan() -> Plan:
    (arm,) = resolve(TINY, sets=LONGER)
    return make_plan(Request("ablation", "tiny", [(arm.name, arm.experiment)], {}))


def launch(store: ArtifactStore, executor: Executor, plan: Plan) -> Counter[tuple[str, str]]:
    """Run everything; return how often each event came for each stage."""
    store.prepare()
    events: Counter[tuple[str, str]] = Counter()

    def on_event(event: str, stage: AnyStage | None) -> None:
        if stage is not None:
            events[event, stage.name] += 1

    schedule = Schedule(plan.missing(set()), {})
    executor.run(schedule, on_event)
    assert schedule.failures == {}
    return events


def worker_of(stage: AnyStage) -> int | None:
    """Return the process whose title says that it runs a stage."""
    title = f"ray::{stage.name}:{stage.fingerprint[:12]}"
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if path.read_text().startswith(title):
                return int(path.parent.name)
        except OSError:  # it ended
            continue
    return None


@contextmanager
def first_shard_held(store: ArtifactStore, stage: AnyStage) -> Iterator[None]:
    """Let whoever makes the only shard of a stage wait before it, as if another process made it."""
    lock = store.work_folder(stage.fingerprint) / "scratch" / "shards" / "000000.lock"
    lock.parent.mkdir(parents=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def kill_each(store: ArtifactStore, stages: list[AnyStage], held: Mapping[str, ExitStack]) -> None:
    """Kill the worker of each stage once, in the midst of it."""
    left = list(stages)
    while left:
        for stage in list(left):
            key = stage.fingerprint
            assert not store.folder(stage).exists(), f"{stage.name} was too quick"
            is_midway = store.kept(key) if stage.name in KEEPS_FIRST else True
            if progress_path(store, key).exists() and is_midway and (pid := worker_of(stage)):
                os.kill(pid, signal.SIGKILL)
                held[stage.name].close()
                left.remove(stage)
        time.sleep(0.005)


def files_of(store: ArtifactStore, stage: AnyStage) -> dict[str, Any]:
    return dict(read_json(store.folder(stage) / "manifest.json")["files"])


def test_worker_killed_in_each_stage(cluster: Any, plan: Plan, tmp_path: Path) -> None:
    calm = ArtifactStore(tmp_path / "calm")
    launch(calm, LocalExecutor(calm, None, RUNTIME), plan)
    store = ArtifactStore(tmp_path / "disturbed")
    victims = [stage for stage in plan.stages.values() if stage.name in KILLED]
    held = {stage.name: ExitStack() for stage in victims}
    for stage in victims:
        if stage.kind.sharded:
            held[stage.name].enter_context(first_shard_held(store, stage))
    killing = Meanwhile(lambda: kill_each(store, victims, held))
    killing.start()
    events = launch(store, RayExecutor(store, None, RUNTIME, cluster.address), plan)
    killing.finish()
    for stage in plan.stages.values():
        was_killed = stage.name in KILLED
        assert files_of(store, stage) == files_of(calm, stage), stage.name
        assert events["started", stage.name] == (2 if was_killed else 1)
        assert events["done", stage.name] == 1
