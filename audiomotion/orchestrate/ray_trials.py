"""Trial workers as Ray actors: each loads the models once, and measures one task after another."""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from audiomotion.config.runtime import Resources
from audiomotion.errors import ClusterError
from audiomotion.orchestrate.ray_connection import connected, task_options
from audiomotion.orchestrate.trials import (
    MakeWorker,
    Measured,
    TrialTask,
    TrialWorker,
    attempt,
)

logger = logging.getLogger(__name__)

_MAX_LOST: Final = 3
"""Workers that a task may lose before it counts as failed."""


class _Actor:
    """A worker in a process of its own."""

    def __init__(self, make: MakeWorker) -> None:
        self._worker: TrialWorker = make()

    def measure(self, task: TrialTask) -> Measured:
        """Measure a task; what goes wrong with it is a result too."""
        return attempt(self._worker, task)


class RayPool:
    """Measures tasks with actors of a Ray that is started, or joined, here and left at the end."""

    def __init__(
        self, make: MakeWorker, num_workers: int, asked: Resources, num_cpus: int | None = None
    ) -> None:
        """Start Ray; actors start with their first task.

        Args:
            make: Makes what an actor measures with.
            num_workers: Actors.
            asked: What each of them holds.
            num_cpus: CPU cores of a Ray that is started here; None is what this machine has.
        """
        self.num_workers = num_workers
        self._make = make
        self._options: Mapping[str, Any] = task_options(asked, None)
        self._free: list[Any] = []
        self._running: dict[Any, tuple[Any, TrialTask]] = {}
        self._lost: Counter[int] = Counter()
        self._connection = connected(None, num_cpus)
        self._connection.__enter__()

    def submit(self, task: TrialTask) -> None:
        """Give a task to an actor that is free, or to a new one."""
        import ray

        if not self._free:
            self._free.append(ray.remote(_Actor).options(**self._options).remote(self._make))
        actor = self._free.pop()
        self._running[actor.measure.remote(task)] = actor, task

    def wait(self) -> Sequence[Measured]:
        """Return what has ended; a task whose actor was lost is begun anew on another.

        Raises:
            ClusterError: An actor cannot load what trials need.
        """
        import ray

        while True:
            ready, _ = ray.wait(list(self._running), num_returns=1)
            found = [self._collect(handle) for handle in ready]
            ended = [one for one in found if one is not None]
            if ended:
                return ended

    def _collect(self, handle: Any) -> Measured | None:
        import ray

        actor, task = self._running.pop(handle)
        try:
            measured: Measured = ray.get(handle)
        except ray.exceptions.RayError as error:
            if _could_not_load(error):
                raise ClusterError(f"a trial worker cannot be made: {_last_line(error)}") from error
            return self._after_loss(task, error)
        self._free.append(actor)
        return measured

    def _after_loss(self, task: TrialTask, error: Exception) -> Measured | None:
        self._lost[task.number] += 1
        logger.warning("a worker of trial %d was lost: %s", task.number, type(error).__name__)
        if self._lost[task.number] >= _MAX_LOST:
            return Measured(task, failure=f"{_MAX_LOST} workers were lost: {type(error).__name__}")
        self.submit(task)
        return None

    def close(self) -> None:
        """End the actors, and Ray where it was started here."""
        import ray

        for actor in [*self._free, *(actor for actor, _ in self._running.values())]:
            ray.kill(actor)
        self._running.clear()
        self._free.clear()
        self._connection.__exit__(None, None, None)


def _last_line(error: Exception) -> str:
    """Return what was raised in the actor, which Ray puts below its traceback."""
    return (str(error).strip().splitlines() or [type(error).__name__])[-1]


def _could_not_load(error: Exception) -> bool:
    """Return whether an actor died of an exception while it was made."""
    return "creation task" in str(error)
