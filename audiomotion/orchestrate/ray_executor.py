"""Run a plan as Ray tasks: as many stages, and shards of stages, as their resources allow."""

import logging
import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from audiomotion.config.runtime import Resources, Runtime
from audiomotion.errors import ClusterError, ConfigError
from audiomotion.orchestrate.executor import OnEvent, failure_of, worker_settings
from audiomotion.orchestrate.ray_group import run_parallel
from audiomotion.orchestrate.ray_helpers import Helpers
from audiomotion.orchestrate.schedule import Failure, Schedule
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.orchestrate.worker import WorkerSettings, run_stage, shards_of
from audiomotion.stages.base import AnyStage

_TICK_SECONDS = 0.5
# The artifacts go through the store, so Ray's object store carries next to nothing.
_OBJECT_STORE_BYTES = 80 * 2**20
_WORKER_RETRIES = 3


class RayExecutor:
    """Runs stages as tasks of a Ray instance that is started on this machine and ends with it."""

    def __init__(self, store: ArtifactStore, data_root: Path | None, runtime: Runtime) -> None:
        self.store = store
        self.data_root = data_root
        self.runtime = runtime

    def run(self, schedule: Schedule, on_event: OnEvent) -> None:
        """Return when every stage is done, failed or skipped.

        Raises:
            ClusterError: Ray cannot be started.
        """
        _start_ray()
        import ray

        try:
            resources: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
            self.total = Resources(cpus=resources["CPU"], gpus=resources.get("GPU", 0.0))
            self.runtime = self.runtime.settled(has_gpu=self.total.gpus > 0)
            self._run(schedule, on_event)
        finally:
            ray.shutdown()

    def _run(self, schedule: Schedule, on_event: OnEvent) -> None:
        import ray

        running: dict[Any, AnyStage] = {}
        helpers = Helpers()
        while not schedule.finished:
            self._start_ready(schedule, running, helpers, on_event)
            if not running:
                continue
            self._help(running.values(), helpers)
            finished, _ = ray.wait([*running, *helpers.handles], timeout=_TICK_SECONDS)
            on_event("tick", None)
            for handle in finished:
                if handle in running:
                    stage = running.pop(handle)
                    helpers.dismiss(stage)
                    self._collect(handle, stage, schedule, on_event)
                elif handle in helpers.handles:  # not of a stage that ended at the same time
                    helpers.collect(handle, needed_elsewhere=bool(schedule.ready()))

    def _start_ready(
        self,
        schedule: Schedule,
        running: dict[Any, AnyStage],
        helpers: Helpers,
        on_event: OnEvent,
    ) -> None:
        for stage in schedule.ready():
            if failure := self._too_large(stage):
                schedule.fail(failure)
                on_event("failed", stage)
            elif self._fits(stage, [*running.values(), *helpers.stages]):
                running[self._submit(stage)] = stage
                schedule.start(stage)
                on_event("started", stage)

    def _help(self, running: Iterable[AnyStage], helpers: Helpers) -> None:
        """Give what no stage could take to sharded stages that run."""
        stages = list(running)
        for stage in (stage for stage in stages if stage.kind.sharded):
            num_missing = len(shards_of(stage, self.store).missing())
            while helpers.wanted(stage, num_missing) and self._fits(
                stage, [*stages, *helpers.stages]
            ):
                settings = worker_settings(stage, self.runtime, self.store, self.data_root)
                helpers.add(stage, settings, self.runtime.resources(stage.name))

    def _too_large(self, stage: AnyStage) -> Failure | None:
        """Return the failure of a stage that could never start: Ray would wait for ever."""
        asked = self.runtime.resources(stage.name)
        for kind, wanted, total in (
            ("CPU cores", asked.all_cpus, self.total.cpus),
            ("GPUs", asked.all_gpus, self.total.gpus),
        ):
            if wanted > total:
                return Failure(
                    stage,
                    f"runtime.stages.{stage.name} asks for {wanted:g} {kind}, this machine has "
                    f"{total:g}; ask for less",
                    ConfigError.exit_code,
                )
        return None

    def _fits(self, stage: AnyStage, running: Iterable[AnyStage]) -> bool:
        """Return whether a stage can start now; Ray's own queue would not keep to our order."""
        used = [self.runtime.resources(other.name) for other in running]
        asked = self.runtime.resources(stage.name)
        return (
            len(used) < (self.runtime.max_parallel_stages or len(used) + 1)
            and asked.all_cpus + sum(one.all_cpus for one in used) <= self.total.cpus
            and asked.all_gpus + sum(one.all_gpus for one in used) <= self.total.gpus
        )

    def _submit(self, stage: AnyStage) -> Any:
        import ray

        resources = self.runtime.resources(stage.name)
        settings = worker_settings(stage, self.runtime, self.store, self.data_root)
        name = f"{stage.name}:{stage.fingerprint[:12]}"
        if resources.num_workers > 1:  # the task itself computes nothing
            parallel = ray.remote(run_parallel).options(
                name=name, num_cpus=0, max_retries=_WORKER_RETRIES
            )
            return parallel.remote(stage, settings, resources)
        task = ray.remote(_task).options(
            name=name,
            num_cpus=resources.cpus,
            num_gpus=resources.gpus,
            max_retries=_WORKER_RETRIES,
        )
        return task.remote(stage, settings)

    def _collect(self, handle: Any, stage: AnyStage, schedule: Schedule, on_event: OnEvent) -> None:
        import ray

        try:
            failure: Failure | None = ray.get(handle)
        except ray.exceptions.RayTaskError as error:  # before our code ran: an import, say
            failure = failure_of(stage, error)
        except ray.exceptions.RayError as lost:
            failure = Failure(
                stage,
                f"the worker of stage {stage.name} was lost {_WORKER_RETRIES + 1} times "
                f"({type(lost).__name__}); see the memory of this machine, then run it again",
                ClusterError.exit_code,
            )
        if failure is None:
            schedule.finish(stage)
            on_event("done", stage)
        else:
            schedule.fail(failure)
            on_event("failed", stage)


def _task(stage: AnyStage, settings: WorkerSettings) -> Failure | None:
    """Run in a Ray worker: an exception, which may not pickle, is a result."""
    try:
        run_stage(stage, settings)
    except Exception as error:  # an arm fails alone
        return failure_of(stage, error)
    return None


def _start_ray() -> None:
    """Start Ray on this machine, whatever RAY_ADDRESS says, with a token of its own.

    Ray reads these variables when it is first imported. Without a token Ray 2.60 writes one below
    the home folder, which may not be writable.
    """
    os.environ.setdefault("RAY_AUTH_MODE", "token")
    os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray

    try:
        ray.init(
            address="local",
            include_dashboard=False,
            object_store_memory=_OBJECT_STORE_BYTES,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
    except Exception as error:  # Ray raises many kinds here; all mean the same to a user
        raise ClusterError(
            f"Ray cannot be started on this machine: {_first_line(error)}; "
            "--executor local runs without it"
        ) from error


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
