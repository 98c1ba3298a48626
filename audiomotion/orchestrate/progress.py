"""Progress of a running stage, in a file that any process can read."""

import json
import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from audiomotion.orchestrate.resources import Meter, Used

_SECONDS_BETWEEN_WRITES = 0.3


@dataclass(frozen=True)
class StageProgress:
    """How far a stage is."""

    step: int = 0
    total: int = 0
    elapsed: float = 0.0
    """Seconds of work, earlier attempts included."""
    rate: float = 0.0
    """Steps a second of this attempt."""
    values: Mapping[str, float] = field(default_factory=dict)
    used: Mapping[str, Any] = field(default_factory=dict)
    """What was taken beside time, earlier attempts included; see `Used`."""

    @property
    def seconds_left(self) -> float | None:
        """Estimate of the time to the last step; None before the first."""
        return (self.total - self.step) / self.rate if self.rate > 0 else None


def read_progress(path: Path) -> StageProgress | None:
    """Return the progress in a file; None where there is none, or it is being replaced."""
    try:
        return StageProgress(**json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


class ProgressFile:
    """Writes a stage's progress, a few times a second at most."""

    def __init__(self, path: Path, meter: Meter | None = None) -> None:
        self.path = path
        earlier = read_progress(path)
        self._before = earlier.elapsed if earlier else 0.0
        self._used_before = Used.of(earlier.used if earlier else {})
        self._meter = meter
        self._started = time.monotonic()
        self._written = 0.0
        self._first: tuple[float, int] | None = None
        self.total = 0
        """Steps in all, as last reported."""
        self.report(0, 0, {})

    @property
    def elapsed(self) -> float:
        """Seconds of work, earlier attempts included."""
        return self._before + time.monotonic() - self._started

    @property
    def used(self) -> Used:
        """What was taken beside time, earlier attempts included; without a meter theirs alone."""
        return (self._meter.used() if self._meter else Used()).after(self._used_before)

    def report(self, step: int, total: int, values: Mapping[str, float]) -> None:
        """Note that `step` of `total` steps are done."""
        now = time.monotonic()
        self.total = total
        if self._first is None and total > 0:
            self._first = (now, step)
        if now - self._written < _SECONDS_BETWEEN_WRITES and step < total:
            return
        self._written = now
        first_time, first_step = self._first or (now, step)
        rate = (step - first_step) / (now - first_time) if now > first_time else 0.0
        used = asdict(self.used)
        progress = StageProgress(step, total, self.elapsed, rate, dict(values), used)
        temporary = self.path.with_suffix(f".{os.getpid()}.tmp")
        temporary.write_text(json.dumps(asdict(progress)), "utf-8")
        temporary.replace(self.path)
