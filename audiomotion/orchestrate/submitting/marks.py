"""Results in a job's log, which holds what went to stdout and to stderr."""

from typing import Final

RESULT_MARK: Final = "\x02"
"""Begins every line of a job's log that was written to stdout; no line ends at it."""


def results_in(log: str) -> str:
    """Return what a job wrote to stdout."""
    marked = [line for line in log.splitlines() if line.startswith(RESULT_MARK)]
    return "\n".join(line.removeprefix(RESULT_MARK) for line in marked)
