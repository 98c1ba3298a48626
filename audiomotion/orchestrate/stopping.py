"""Being told to stop: a driver by Ctrl-C or SIGTERM, a worker by Ray or because its node goes."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class StopRequest:
    """Whether a stage is asked to stop: called by stages that can end between two steps.

    A stage that has never called is interrupted where it is, and so is one that is asked twice.
    """

    def __init__(self) -> None:
        self._requested = False
        self._heeded = False

    def __call__(self) -> bool:
        """Return whether the stage is to save where it is, and end."""
        self._heeded = True
        return self._requested

    def on_signal(self, signum: int, frame: FrameType | None) -> None:
        """Take note of a signal.

        Raises:
            KeyboardInterrupt: Nobody listens.
        """
        del signum, frame
        if self._requested or not self._heeded:
            raise KeyboardInterrupt
        self._requested = True


@contextmanager
def listening() -> Iterator[StopRequest]:
    """Take Ctrl-C, `ray.cancel` and SIGTERM for a request to stop while a stage runs here."""
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request  # only the main thread hears signals
        return
    before = {number: signal.signal(number, request.on_signal) for number in _SIGNALS}
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def terminated_as_interrupted() -> Iterator[None]:
    """Take SIGTERM, by which a job is stopped, for Ctrl-C: whoever stops it wants the same."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
