"""Making the next step's batch while a step is computed."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Prefetched(Generic[Value]):
    """A function of the step; the value of the step after the last one asked for is made ahead.

    What it gives is what the function gives, in any order of steps, so a training that is continued
    is no different. An error comes out at its own step. The function runs in another thread, and
    must not draw from global generators.
    """

    def __init__(self, make: Callable[[int], Value]) -> None:
        self._make = make
        self._thread = ThreadPoolExecutor(1, "prefetch")
        self._ahead: tuple[int, Future[Value]] | None = None

    def __call__(self, step: int) -> Value:
        """Return the value of `step`."""
        found = self._ahead
        value = found[1].result() if found and found[0] == step else self._make(step)
        self._ahead = (step + 1, self._thread.submit(self._make, step + 1))
        return value
