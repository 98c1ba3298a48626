"""Real processes: a driver of toy stages to be killed, and what is left of one."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
_MARK = "AMX_TEST_MARK"


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 150) -> None:
    """Poll until `condition` holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.01)


class Driver:
    """A process that runs toy stages, and everything that it starts in its turn."""

    def __init__(
        self, store: Path | str, *arguments: str, logs: Path | None = None, **variables: str
    ) -> None:
        self.mark = f"{store}-{time.monotonic_ns()}"
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), _MARK: self.mark, **variables}
        self.log = (logs or Path(store)) / f"driver-{time.monotonic_ns()}.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.orchestrate.driver", str(store), *arguments],
                cwd=REPOSITORY,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def finish(self, seconds: float = 150) -> int:
        """Return the exit code."""
        try:
            return self.process.wait(timeout=seconds)
        finally:
            self.process.kill()

    def descendants(self) -> list[int]:
        """Return the living processes that this one started, whoever their parent is now."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if f"{_MARK}={self.mark}\0".encode() in (folder / "environ").read_bytes():
                    found.append(int(folder.name))
            except OSError:  # it ended, or is not ours
                continue
        return found


def commands(pids: list[int]) -> list[str]:
    """Return the command lines of processes, for messages."""
    found = []
    for pid in pids:
        try:
            found.append((Path("/proc") / str(pid) / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found


def kill_all(pids: list[int]) -> None:
    """Leave nothing behind after a failed test."""
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


class Meanwhile(threading.Thread):
    """Does something while the test waits for something else; what goes wrong is the test's."""

    def __init__(self, action: Callable[[], None]) -> None:
        super().__init__(daemon=True)
        self._action = action
        self._error: BaseException | None = None

    def run(self) -> None:
        try:
            self._action()
        except BaseException as error:
            self._error = error

    def finish(self, seconds: float = 150) -> None:
        """Wait for the end, and raise what went wrong."""
        self.join(seconds)
        if self._error is not None:
            raise self._error
        assert not self.is_alive(), f"not done after {seconds} s"
