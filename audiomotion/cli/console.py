"""Where output goes: results to stdout, everything else to stderr."""

import sys
from typing import TextIO

from rich.console import Console

_WIDTH_WITHOUT_TERMINAL = 200


def results() -> Console:
    """Return the console of results; wide where nobody's terminal folds the lines."""
    return _console(sys.stdout)


def _console(stream: TextIO) -> Console:
    width = None if stream.isatty() else _WIDTH_WITHOUT_TERMINAL
    return Console(file=stream, width=width, highlight=False, markup=False)


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: 1 arm, 4 arms."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


class Messages:
    """Says what goes on, on stderr."""

    quiet = False

    def say(self, text: str) -> None:
        """Print a sentence, unless told to be quiet."""
        if not self.quiet:
            print(text, file=sys.stderr, flush=True)


errors = Messages()
