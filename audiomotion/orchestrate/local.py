"""Run a plan in this process, one stage after the other, without Ray."""

import logging
import threading
import time
from pathlib import Path
from typing import Final

from audiomotion.config.runtime import Runtime
from audiomotion.orchestrate.attempts import exhausted
from audiomotion.orchestrate.executor import OnEvent, worker_settings
from audiomotion.orchestrate.failures import MEMORY_KINDS, failure_of
from audiomotion.orchestrate.schedule import Schedule
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.orchestrate.worker import try_stage
from audiomotion.stages.base import AnyStage

logger = logging.getLogger(__name__)

_TICK_SECONDS: Final = 0.5


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
            while not schedule.finished:
                if ready := schedule.ready():
                    self._run(ready[0], schedule, on_event)
                else:
                    self._wait_for_others(schedule)
        finally:
            stop.set()
            ticker.join()

    def _run(self, stage: AnyStage, schedule: Schedule, on_event: OnEvent) -> None:
        schedule.start(stage)
        on_event("started", stage)
        self._say_who_trains(stage)
        settings = worker_settings(stage, self.runtime, self.store, self.data_root)
        try:
            made = try_stage(stage, settings, lambda: schedule.refusal(stage) is not None)
        except KeyboardInterrupt:
            refusal = schedule.refusal(stage)
            if refusal is None:
                raise
            schedule.fail(refusal)
            on_event("failed", stage)
        except Exception as error:  # an arm fails alone: its reason is recorded
            failure = failure_of(stage, error)
            if failure.kind in MEMORY_KINDS:
                asked = self.runtime.resources(stage.name)
                failure = exhausted(failure, asked, "with nothing of ours beside it")
            schedule.fail(failure)
            on_event("failed", stage)
        else:
            if made == "busy":
                schedule.set_aside(stage)
                on_event("elsewhere", stage)
            else:
                schedule.finish(stage)
                on_event("done", stage)

    def _say_who_trains(self, stage: AnyStage) -> None:
        asked = self.runtime.resources(stage.name).num_workers
        if asked > 1:
            logger.warning(
                "stage %s is trained by one worker, not %d: it is the same training, and several "
                "need Ray (leave --executor local out)",
                stage.name,
                asked,
            )

    def _wait_for_others(self, schedule: Schedule) -> None:
        """Wait until another driver lets go of a stage; it is looked at here then."""
        for stage in schedule.elsewhere():
            with self.store.claim(stage.fingerprint, wait=False) as free:
                pass
            if free:
                schedule.put_back(stage)
        if not schedule.ready():
            time.sleep(_TICK_SECONDS)


def _tick(stop: threading.Event, on_event: OnEvent) -> None:
    while not stop.wait(_TICK_SECONDS):
        on_event("tick", None)
