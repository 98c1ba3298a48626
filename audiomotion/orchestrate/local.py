"""Run a plan in this process, one stage after the other, without Ray."""

import logging
import threading
from pathlib import Path

from audiomotion.config.runtime import Runtime
from audiomotion.orchestrate.executor import OnEvent, failure_of, worker_settings
from audiomotion.orchestrate.schedule import Schedule
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.orchestrate.worker import run_stage
from audiomotion.stages.base import AnyStage

logger = logging.getLogger(__name__)

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
                self._say_who_trains(stage)
                try:
                    settings = worker_settings(stage, self.runtime, self.store, self.data_root)
                    run_stage(stage, settings)
                except Exception as error:  # an arm fails alone: its reason is recorded
                    schedule.fail(failure_of(stage, error))
                    on_event("failed", stage)
                else:
                    schedule.finish(stage)
                    on_event("done", stage)
        finally:
            stop.set()
            ticker.join()

    def _say_who_trains(self, stage: AnyStage) -> None:
        asked = self.runtime.resources(stage.name).num_workers
        if asked > 1:
            logger.warning(
                "stage %s is trained by one worker, not %d: it is the same training, and several "
                "need Ray (leave --executor local out)",
                stage.name,
                asked,
            )


def _tick(stop: threading.Event, on_event: OnEvent) -> None:
    while not stop.wait(_TICK_SECONDS):
        on_event("tick", None)
