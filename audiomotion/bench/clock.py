"""A clock for the parts of what is measured."""

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

import torch


class Clock:
    """Adds up the seconds of parts, the device's own work included."""

    def __init__(self, device: str) -> None:
        self._on_gpu = torch.device(device).type == "cuda"
        self._seconds: dict[str, float] = defaultdict(float)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Take the time of what is done inside."""
        started = self._now()
        yield
        self._seconds[name] += self._now() - started

    def take(self) -> dict[str, float]:
        """Return the seconds of all parts, and begin anew."""
        seconds = dict(self._seconds)
        self._seconds.clear()
        return seconds

    def _now(self) -> float:
        if self._on_gpu:
            torch.cuda.synchronize()
        return time.perf_counter()
