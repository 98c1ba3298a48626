"""Run toy stages: `python -m tests.orchestrate.driver STORE EXECUTOR [WHAT [TEXT ...]]`.

WHAT is greedy, shards, counted, endless, beside, together or endless-together; launch is both
trainings, recorded. AMX_TEST_ADDRESS names a cluster to run them on.
"""

import os
import sys
from pathlib import Path

from audiomotion.cli.app import end_process
from audiomotion.config.resolve import resolve
from audiomotion.config.runtime import Resources, Runtime, StageResources
from audiomotion.errors import ClusterError
from audiomotion.orchestrate.executor import EventKind, Executor
from audiomotion.orchestrate.launch import Request, launch
from audiomotion.orchestrate.local import LocalExecutor
from audiomotion.orchestrate.plan import Plan, Target
from audiomotion.orchestrate.ray_executor import RayExecutor
from audiomotion.orchestrate.records import RunRecord
from audiomotion.orchestrate.schedule import Schedule
from audiomotion.orchestrate.stopping import terminated_as_interrupted
from audiomotion.orchestrate.store import ArtifactStore, open_store
from audiomotion.stages.base import AnyStage
from tests.orchestrate.toy import COUNTED, GREEDY, SHARED, endless, note, trainings
from tests.orchestrate.toy_group import BROKEN, DIVERGING, TOGETHER, endless_together

RUNTIME = Runtime(
    device="cpu",
    checkpoint_seconds=0.02,
    stages=StageResources(masked=Resources(cpus=1000), residual=Resources(num_workers=2)),
)

ENDLESS = RUNTIME.model_copy(update={"checkpoint_seconds": 3600.0})
"""No checkpoint is due, so that the only one is that of whoever was asked to stop."""


def run(store: ArtifactStore, executor: Executor, *others: AnyStage) -> Schedule:
    """Bring both trainings, and other stages, to their end."""
    return run_only(store, executor, trainings()[-1], *others)


def run_only(store: ArtifactStore, executor: Executor, *stages: AnyStage) -> Schedule:
    """Bring some stages, and what they need, to their end."""
    plan = Plan([Target("toy", 0, stage) for stage in stages])
    store.prepare()
    schedule = Schedule(plan.missing(store.available(plan.stages)), {})
    executor.run(
        schedule, lambda event, stage: print(event, stage and stage.fingerprint[:8], flush=True)
    )
    return schedule


def wanted(what: str, texts: tuple[str, ...]) -> list[AnyStage]:
    """Return the stages that the arguments name."""
    last = trainings()[-1]
    return {
        "": lambda: [last],
        "greedy": lambda: [last, note("greedy", kind=GREEDY)],
        "shards": lambda: [note(text, kind=SHARED) for text in ("shared", *texts)],
        "counted": lambda: [note(text, kind=COUNTED) for text in texts],
        "beside": lambda: [last, *(note(text) for text in texts)],
        "endless": lambda: [endless()],
        "together": lambda: [TOGETHER, BROKEN, DIVERGING],
        "endless-together": lambda: [endless_together()],
    }[what]()


class Said:
    """Prints what a launch tells its observer and its display."""

    def begin(self, record: RunRecord) -> None:
        print("launch", record.id, flush=True)

    def stage_done(self, record: RunRecord, stage: AnyStage, folder: Path) -> None:
        print("observed", stage.fingerprint[:8], flush=True)

    def end(self, record: RunRecord) -> None:
        print("end", record.status, flush=True)

    def interrupted(self) -> None:
        print("interrupted", flush=True)

    def __call__(self, event: EventKind, stage: AnyStage | None) -> None:
        if stage is not None:
            print(event, stage.fingerprint[:8], flush=True)


def launch_recorded(store: ArtifactStore, executor: Executor) -> None:
    """Launch both trainings as one arm; end as the command line does where the cluster fails."""
    (arm,) = resolve("demo")
    request = Request("experiment", "toys", [(arm.name, arm.experiment)], {})
    plan = Plan([Target(arm.name, arm.experiment.seed, trainings()[-1])])
    store.prepare()
    said = Said()
    try:
        record = launch(request, plan, store, executor, said, said, {})
    except ClusterError as error:
        print(f"amx: {error}", flush=True)
        end_process(error)
    sys.exit(0 if record.status == "done" else 1)


def main(root: str, executor: str, what: str = "", *texts: str) -> None:
    """Exit with 1 where a stage failed, with 130 where it was told to stop."""
    store = open_store(root)
    address = os.environ.get("AMX_TEST_ADDRESS")
    runtime = ENDLESS if what.startswith("endless") else RUNTIME
    made: Executor = (
        LocalExecutor(store, None, runtime)
        if executor == "local"
        else RayExecutor(store, None, runtime, address)
    )
    if what == "launch":
        launch_recorded(store, made)
        return
    try:
        with terminated_as_interrupted():
            schedule = run_only(store, made, *wanted(what, texts))
    except KeyboardInterrupt:
        sys.exit(130)
    for failure in schedule.failures.values():
        print(failure.reason, flush=True)
    sys.exit(1 if schedule.failures else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
