"""A command that runs as a job of a cluster: how it is stopped, and where its output goes.

A job's log holds both streams. Results are marked in it, so that whoever follows the log gets them
on stdout again, and everything else on stderr.
"""

import io
import signal
import sys
import threading
from typing import TextIO

from audiomotion.orchestrate.submitting.marks import RESULT_MARK


def prepare_driver() -> None:
    """Make being stopped the same as Ctrl-C, and mark what is written to stdout."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.stdout = MarkedStream(sys.stdout)


class MarkedStream(io.TextIOBase):
    """Writes text with a mark before every line.

    What another thread writes is no result: Ray prints there what it has to say of its workers.
    """

    encoding = "utf-8"
    errors = "strict"

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._begins_line = True

    def write(self, text: str) -> int:
        """Write text; return its length without the marks."""
        if not isinstance(text, str):  # which Typer tries, to see whether bytes are taken
            raise TypeError(f"text is written here, not {type(text).__name__}")
        if threading.current_thread() is not threading.main_thread():
            return self._stream.write(text)
        for line in text.splitlines(keepends=True):
            self._stream.write(f"{RESULT_MARK}{line}" if self._begins_line else line)
            self._begins_line = line.endswith("\n")
        return len(text)

    def writable(self) -> bool:
        """Return True."""
        return True

    def flush(self) -> None:
        """Flush the stream below."""
        self._stream.flush()

    def fileno(self) -> int:
        """Return the descriptor below, which a closed pipe is exchanged at."""
        return self._stream.fileno()


def print_log_line(line: str) -> None:
    """Print a line of a job's log: a result to stdout, anything else to stderr."""
    is_result = line.startswith(RESULT_MARK)
    stream = sys.stdout if is_result else sys.stderr
    print(line.removeprefix(RESULT_MARK), file=stream, flush=True)
