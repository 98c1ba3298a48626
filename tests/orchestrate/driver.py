"""Run the toy trainings with one executor: `python -m tests.orchestrate.driver STORE EXECUTOR`."""

import sys
from pathlib import Path

from audiomotion.config.runtime import Runtime
from audiomotion.orchestrate.executor import Executor
from audiomotion.orchestrate.local import LocalExecutor
from audiomotion.orchestrate.plan import Plan, Target
from audiomotion.orchestrate.ray_executor import RayExecutor
from audiomotion.orchestrate.schedule import Schedule
from audiomotion.orchestrate.store import ArtifactStore
from tests.orchestrate.toy import trainings

RUNTIME = Runtime(device="cpu", checkpoint_seconds=0.02)


def run(store: ArtifactStore, executor: Executor) -> Schedule:
    """Bring both trainings to their end."""
    plan = Plan([Target("toy", 0, trainings()[-1])])
    store.prepare()
    schedule = Schedule(plan.missing(store.available(plan.stages)), {})
    executor.run(schedule, lambda event, stage: print(event, stage and stage.fingerprint[:8]))
    return schedule


def main(root: str, executor: str) -> None:
    """Exit with 1 where a stage failed."""
    kind = {"local": LocalExecutor, "ray": RayExecutor}[executor]
    schedule = run(ArtifactStore(Path(root)), kind(Path(root), None, RUNTIME))
    for failure in schedule.failures.values():
        print(failure.reason)
    sys.exit(1 if schedule.failures else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
