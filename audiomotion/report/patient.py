"""A launch goes on while the tracking server is away; what it missed is written later."""

import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from audiomotion.errors import ClusterError
from audiomotion.orchestrate.launch import Observer
from audiomotion.orchestrate.records import RunRecord
from audiomotion.stages.base import AnyStage

Say = Callable[[str], None]

PATIENCE_SECONDS: Final = 300.0
"""Time that a finished launch waits for the server, unless told otherwise."""

_FIRST_PAUSE_SECONDS: Final = 0.5
_LONGEST_PAUSE_SECONDS: Final = 15.0
_CLOSING_SECONDS: Final = 8.0
"""Time for closing the runs of a launch that is told to stop, which is killed soon after."""


class PatientWriter:
    """Does one action after another in a thread of its own, again and again while one fails.

    So a server that hangs never holds up the work. An action may be done twice.
    """

    def __init__(
        self,
        say: Callable[[str], None],
        patience_seconds: float | None = None,
        what: str = "launch",
    ) -> None:
        """Take what to say things by, how long to wait at the end, and what waits."""
        self._say = say
        self._patience_seconds = PATIENCE_SECONDS if patience_seconds is None else patience_seconds
        self._what = what
        self._deadline = float("inf")
        self._queue: queue.Queue[Callable[[], None] | None] = queue.Queue()
        self._problem: Exception | None = None
        self._thread = threading.Thread(target=self._pass_on, daemon=True)

    def start(self) -> None:
        """Begin to do what comes."""
        self._thread.start()

    def later(self, action: Callable[[], None]) -> None:
        """Do something soon."""
        self._queue.put(action)

    def finish(self, last: Callable[[], None]) -> None:
        """Return when everything is done, `last` at the end.

        Raises:
            ClusterError: The server stayed away for too long.
        """
        self._deadline = time.monotonic() + self._patience_seconds
        self._queue.put(None)
        self._thread.join(self._patience_seconds)
        if self._problem is None and self._thread.is_alive():
            self._problem = ClusterError("the tracking server does not answer")
        if self._problem is None:
            self._persist(last)
        if isinstance(self._problem, ClusterError):
            raise ClusterError(
                f"{self._problem}; the {self._what} is done and its results are in the store, but "
                "the tracker lacks some: the same command writes them and computes nothing"
            ) from self._problem
        if self._problem is not None:
            raise self._problem

    def _pass_on(self) -> None:
        while self._problem is None and (action := self._queue.get()) is not None:
            self._persist(action)

    def _persist(self, action: Callable[[], None]) -> None:
        """Do something, again while the server is away; keep what makes it hopeless."""
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                action()
            except ClusterError as error:
                if time.monotonic() + pause > self._deadline:
                    self._problem = error
                    return
                if pause == _FIRST_PAUSE_SECONDS:
                    self._say(f"{error} (the {self._what} goes on; this is written later)")
            except Exception as error:  # a bug, say: it belongs to the thread that waits for us
                self._problem = error
                return
            else:
                return
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)


def at_most_briefly(action: Callable[[], None]) -> None:
    """Do something on the way out, if that takes no longer than there is time."""
    closing = threading.Thread(target=action, daemon=True)
    closing.start()
    closing.join(_CLOSING_SECONDS)


class PatientObserver:
    """Passes on what happens in a launch by a patient writer; it may come twice."""

    def __init__(
        self,
        inner: Observer,
        say: Callable[[str], None],
        patience_seconds: float | None = None,
    ) -> None:
        self._inner = inner
        self._writer = PatientWriter(say, patience_seconds)
        self._begun = False

    def begin(self, record: RunRecord) -> None:
        """Begin at once: where the server is away before anything is computed, nothing is.

        Raises:
            ClusterError: The server is away.
        """
        self._begun = True
        self._inner.begin(record)
        self._writer.start()

    def stage_done(self, record: RunRecord, stage: AnyStage, folder: Path) -> None:
        """Note it soon."""
        self._writer.later(lambda: self._inner.stage_done(record, stage, folder))

    def end(self, record: RunRecord) -> None:
        """Return when everything is noted.

        Raises:
            ClusterError: The server stayed away for too long.
        """
        self._writer.finish(lambda: self._inner.end(record))

    def interrupted(self) -> None:
        """Close the runs, if that takes no longer than there is time.

        Where none was opened, those of an earlier attempt stay as they ended.
        """
        if self._begun:
            at_most_briefly(self._inner.interrupted)
