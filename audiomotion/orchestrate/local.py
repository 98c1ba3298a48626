"""Run a plan in this process, one stage after the other, without Ray."""

import threading
from functools import partial
from pathlib import Path

from audiomotion.config.runtime import Runtime
from audiomotion.orchestrate.executor import OnEvent, failure_of, worker_settings
from audiomotion.orchestrate.schedule import Failure, Schedule
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.orchestrate.worker import run_stage
from audiomotion.stages.base import AnyStage

_TICK_SECONDS = 0.5


class LocalExecutor:
    """Runs stages here; a helper thread keeps the progress display moving."""

    def __init__(self, store: ArtifactStore, data_root: Path | None, runtime: Runtime) -> None:
        self.store = store
        self.data_root = data_root
        self.runtime = runtime

    def run(self, schedule: Schedule, on_event: OnEvent) -> None:
        """Return when every stage is done, failed or skipped."""
        stop = threading.Event()
        ticker = threading.Thread(target=_tick, args=(stop, on_event), daemon=True)
        ticker.start()
        try:
            while ready := schedule.ready():
                stage = ready[0]
                schedule.start(stage)
                on_event("started", stage)
                try:
                    settings = worker_settings(stage, self.runtime, self.store, self.data_root)
                    run_stage(stage, settings, partial(_stop_if_refused, schedule, stage))
                except _RefusedError as refused:
                    schedule.fail(refused.failure)
                    on_event("failed", stage)
                except Exception as error:  # an arm fails alone: its reason is recorded
                    schedule.fail(failure_of(stage, error))
                    on_event("failed", stage)
                else:
                    schedule.finish(stage)
                    on_event("done", stage)
        finally:
            stop.set()
            ticker.join()


class _RefusedError(Exception):
    """A stage may not go on."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.reason)
        self.failure = failure


def _stop_if_refused(schedule: Schedule, stage: AnyStage) -> None:
    failure = schedule.refusal(stage)
    if failure is not None:
        raise _RefusedError(failure)


def _tick(stop: threading.Event, on_event: OnEvent) -> None:
    while not stop.wait(_TICK_SECONDS):
        on_event("tick", None)
