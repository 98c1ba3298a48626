"""Whether the workers of a training are to save where they are, and end."""

from collections.abc import Callable, Sequence

from torch import Tensor

from audiomotion.models.group import WorkerGroup


class Stopping:
    """All workers of a group end after the same step, once any of them was asked to.

    Their wishes travel with the gradients and are read a step late, so that nobody waits for a GPU.
    One worker alone just asks after each step.
    """

    def __init__(self, group: WorkerGroup, requested: Callable[[], bool]) -> None:
        self._group = group
        self._requested = requested
        self._latest: Tensor | None = None
        self._before: Tensor | None = None

    def wishes(self, like: Tensor) -> list[Tensor]:
        """Return what is to be added up over the workers: nothing where there is one."""
        return [] if self._group.size == 1 else [like.new_full((), float(self._requested()))]

    def take(self, totals: Sequence[Tensor]) -> None:
        """Take over what the workers' wishes of a step add up to."""
        self._before, self._latest = self._latest, next(iter(totals), None)

    def agreed(self) -> bool:
        """Return whether this step is the last for now, the same on all workers."""
        if self._group.size == 1:
            return self._requested()
        return self._before is not None and bool(self._before > 0)
