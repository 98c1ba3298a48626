"""Run toy stages: `python -m tests.orchestrate.driver STORE KIND [greedy|together|shards ...]`."""

import sys
from pathlib import Path

from audiomotion.config.runtime import Resources, Runtime, StageResources
from audiomotion.orchestrate.executor import Executor
from audiomotion.orchestrate.local import LocalExecutor
from audiomotion.orchestrate.plan import Plan, Target
from audiomotion.orchestrate.ray_executor import RayExecutor
from audiomotion.orchestrate.schedule import Schedule
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.stages.base import AnyStage
from tests.orchestrate.toy import GREEDY, SHARED, note, trainings
from tests.orchestrate.toy_group import BROKEN, TOGETHER

RUNTIME = Runtime(
    device="cpu",
    checkpoint_seconds=0.02,
    stages=StageResources(masked=Resources(cpus=1000), residual=Resources(num_workers=2)),
)


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


def main(root: str, executor: str, what: str = "", *texts: str) -> None:
    """Exit with 1 where a stage failed."""
    kind = {"local": LocalExecutor, "ray": RayExecutor}[executor]
    store = ArtifactStore(Path(root))
    made = kind(store, None, RUNTIME)
    if what == "shards":
        shared = [note(text, kind=SHARED) for text in ("shared", *texts)]
        schedule = run_only(store, made, *shared)
    elif what == "together":
        schedule = run_only(store, made, TOGETHER, BROKEN)
    else:
        schedule = run(store, made, *([note("greedy", kind=GREEDY)] if what == "greedy" else []))
    for failure in schedule.failures.values():
        print(failure.reason, flush=True)
    sys.exit(1 if schedule.failures else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
