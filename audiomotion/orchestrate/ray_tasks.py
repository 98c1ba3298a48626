"""Stages as Ray tasks: submit, wait, collect, stop."""

import time
from collections.abc import Mapping
from typing import Any

from audiomotion.config.runtime import Resources
from audiomotion.orchestrate.failures import failure_of
from audiomotion.orchestrate.outcomes import Ended, Outcome, outcome_of
from audiomotion.orchestrate.ray_group import run_parallel
from audiomotion.orchestrate.ray_helpers import Helpers
from audiomotion.orchestrate.worker import WorkerSettings, try_stage
from audiomotion.stages.base import AnyStage


class StageTasks:
    """The stages of a driver that run."""

    def __init__(self) -> None:
        import ray

        self._running: dict[Any, AnyStage] = {}
        # Once: each call of ray.remote sends the function to the cluster. What is lost is ours to
        # retry, since only we know whether it got further.
        self._task = ray.remote(max_retries=0)(_task)
        self._group = ray.remote(max_retries=0, num_cpus=0)(run_parallel)

    @property
    def handles(self) -> list[Any]:
        """What to wait for: one for each stage."""
        return list(self._running)

    @property
    def stages(self) -> list[AnyStage]:
        """The stages that run."""
        return list(self._running.values())

    def submit(self, stage: AnyStage, settings: WorkerSettings, options: Mapping[str, Any]) -> None:
        """Start a stage."""
        handle = self._task.options(name=_title(stage), **options).remote(stage, settings)
        self._running[handle] = stage

    def submit_group(self, stage: AnyStage, settings: WorkerSettings, asked: Resources) -> None:
        """Start a stage that several workers train; what they need they ask for themselves."""
        self._running[self._group.options(name=_title(stage)).remote(stage, settings, asked)] = (
            stage
        )

    def wait(self, helpers: Helpers, seconds: float) -> list[Any]:
        """Return the tasks, of helpers too, that have ended; wait for one where none has."""
        import ray

        handles = [*self._running, *helpers.handles]
        if not handles:
            time.sleep(seconds)
            return []
        if not ray.wait(handles, timeout=seconds, fetch_local=False)[0]:
            return []
        return list(ray.wait(handles, num_returns=len(handles), timeout=0, fetch_local=False)[0])

    def collect(self, handle: Any) -> tuple[AnyStage, Outcome]:
        """Return the stage of a task that has ended, and how."""
        stage = self._running.pop(handle)
        return stage, outcome_of(stage, handle)

    def interrupt(self, stage: AnyStage) -> None:
        """Ask a stage to save where it is and to end; nothing happens where it has ended."""
        import ray

        for handle, other in self._running.items():
            if other is stage:
                ray.cancel(handle)

    def stop(self, seconds: float) -> None:
        """Ask every stage to save where it is; end those that have not done so in time."""
        import ray

        if not self._running:
            return
        for handle in self._running:
            ray.cancel(handle)
        num_running = len(self._running)
        _, left = ray.wait(
            self.handles, num_returns=num_running, timeout=seconds, fetch_local=False
        )
        for handle in left:
            ray.cancel(handle, force=True)
        self._running.clear()


def _title(stage: AnyStage) -> str:
    return f"{stage.name}:{stage.fingerprint[:12]}"


def _task(stage: AnyStage, settings: WorkerSettings) -> Ended:
    """Run in a Ray worker: an exception, which may not pickle, is a result."""
    try:
        made = try_stage(stage, settings)
    except KeyboardInterrupt:
        return "stopped"
    except Exception as error:  # an arm fails alone
        return failure_of(stage, error)
    return "busy" if made == "busy" else "done"
