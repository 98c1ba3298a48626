"""Errors that a user can do something about, each with the exit code it ends the command with."""

from collections.abc import Sequence
from typing import ClassVar


class AudiomotionError(Exception):
    """Base of every error that is reported as a sentence instead of a traceback.

    A message says what was wrong, the value, what is allowed, and what to do next.
    """

    exit_code: ClassVar[int] = 1


def failure_with(exit_code: int, message: str) -> AudiomotionError:
    """Return an error whose exit code is known only when it happens: that of what it is about."""
    error = AudiomotionError(message)
    error.exit_code = exit_code  # type: ignore[misc]  # of this one, not of the class
    return error


class ArmsFailedError(AudiomotionError):
    """Some arm of a launch failed; the others finished."""

    exit_code = 1


class ConfigError(AudiomotionError):
    """The configuration is wrong. Carries every problem found, not only the first."""

    exit_code = 2

    def __init__(self, problems: str | Sequence[str]) -> None:
        self.problems = [problems] if isinstance(problems, str) else list(problems)
        super().__init__("\n".join(self.problems))


class DataError(AudiomotionError):
    """A raw file or a data set is missing, damaged or too small."""

    exit_code = 3


class ClusterError(AudiomotionError):
    """The cluster, the store or the tracking server cannot be used."""

    exit_code = 4


class WorkerLostError(ClusterError):
    """Another worker of a group that trains together has ended, or cannot be reached."""


class HeadLostError(ClusterError):
    """The head of the cluster is gone; what asks it through Ray from now on may not return."""


class ClaimLostError(ClusterError):
    """Another process has taken over what this one was making."""


class ModelError(AudiomotionError):
    """Weights cannot be loaded, or a model was asked for something it cannot do."""

    exit_code = 5


class DivergedError(ModelError):
    """The loss of a training is not finite: a result, which trying again would only repeat."""

    def __init__(self, message: str, step: int = 0) -> None:
        super().__init__(message)
        self.step = step


def first_line(error: Exception) -> str:
    """Return the first line of what an exception says; its class where it says nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
