"""How much GPU time a launch may take."""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from audiomotion.errors import AudiomotionError, DataError
from audiomotion.files import read_json, write_json
from audiomotion.orchestrate.executor import EventKind, OnEvent
from audiomotion.orchestrate.schedule import Schedule
from audiomotion.stages.base import AnyStage

logger = logging.getLogger(__name__)

GPU_LEDGER = "gpu-time.json"
"""What a launch has used so far, in its folder."""

_HOUR = 3600.0
_SECONDS_BETWEEN_WRITES = 5.0
_SECONDS_BETWEEN_SHARES = 60.0


class GpuBudget:
    """Adds up the GPU time that stages hold; when it is used up no stage gets a GPU any more.

    Stages that ask for no GPU go on. What is used is kept in a file, so that all attempts at a
    launch count together; a driver that is killed forgets five seconds at most, and where its
    machine is lost with it a minute.
    """

    def __init__(
        self,
        max_hours: float,
        gpus: Callable[[AnyStage], float],
        ledger: Path | None = None,
        share: Callable[[], None] | None = None,
    ) -> None:
        """Make a budget.

        Args:
            max_hours: What may be used; infinity only counts.
            gpus: What a stage asks for.
            ledger: File that keeps what is used; None counts this process alone.
            share: Lets other machines see that file.
        """
        self.max_hours = max_hours
        self._gpus = gpus
        self._ledger = ledger
        self._share = share
        self._seconds = used_hours(ledger) * _HOUR if ledger else 0.0
        self.gpus_in_use = 0.0
        """GPUs that stages, and those who help them, hold now."""
        self._counted_at = self._written_at = self._shared_at = time.monotonic()
        # The local executor's ticks come from a thread of their own.
        self._lock = threading.Lock()

    @property
    def used_hours(self) -> float:
        """GPU-hours used so far, by all attempts."""
        return self._seconds / _HOUR

    def refusal(self, stage: AnyStage) -> str | None:
        """Return why a stage may not run, or not any longer; None where it may."""
        if self.used_hours < self.max_hours or not self._gpus(stage):
            return None
        return (
            f"the {self.max_hours:g} GPU-hours of this launch are used up; the same command with a "
            "larger --max-gpu-hours goes on"
        )

    def watch(self, schedule: Schedule, on_event: OnEvent) -> OnEvent:
        """Return an observer of executors that counts, and passes everything on.

        What another process used while this one waited for the launch counts too.
        """
        if self._ledger:
            self._seconds = used_hours(self._ledger) * _HOUR
        self._counted_at = self._written_at = time.monotonic()

        def counting(event: EventKind, stage: AnyStage | None) -> None:
            with self._lock:
                self._count(schedule)
            on_event(event, stage)

        return counting

    def _count(self, schedule: Schedule) -> None:
        now = time.monotonic()
        self._seconds += self.gpus_in_use * (now - self._counted_at)
        self._counted_at = now
        held = self.gpus_in_use
        self.gpus_in_use = sum(map(self._gpus, [*schedule.running, *schedule.helped]))
        due = self.gpus_in_use == 0 or now - self._written_at > _SECONDS_BETWEEN_WRITES
        if self._ledger and held and due:
            write_json(self._ledger, {"gpu_seconds": self._seconds})
            self._written_at = now
            self._share_now_and_then(now)

    def _share_now_and_then(self, now: float) -> None:
        if self._share is None or now - self._shared_at < _SECONDS_BETWEEN_SHARES:
            return
        self._shared_at = now
        try:
            self._share()
        except AudiomotionError as error:  # the launch goes on, and shares it later
            logger.warning("the GPU time used so far was not copied to the store: %s", error)


def used_hours(ledger: Path) -> float:
    """Return the GPU-hours that earlier attempts at a launch used.

    Raises:
        DataError: The file is damaged.
    """
    if not ledger.exists():
        return 0.0
    content = read_json(ledger)
    try:
        return float(content["gpu_seconds"]) / _HOUR
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{ledger} is damaged; delete it to count from nothing") from error
