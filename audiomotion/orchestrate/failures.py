"""Why a stage has no artifact, and what kind of reason that is."""

import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from audiomotion.errors import AudiomotionError, DivergedError
from audiomotion.stages.base import AnyStage

FailureKind = Literal[
    "error",  # an exception of the stage's code
    "diverged",  # a loss that is not finite: a result
    "host_memory",
    "gpu_memory",
    "lost",  # the worker or its node, several times without progress
    "resources",  # no node holds what it asks for
    "stopped",  # not started, since arms failed for a reason that they share
    "refused",  # not allowed to run, or to go on, by the launch's budget
]

NOT_ITS_OWN: Final = frozenset(("stopped", "refused"))
"""Reasons that say nothing of the stage itself."""

MEMORY_KINDS: Final = frozenset(("host_memory", "gpu_memory"))
"""Reasons that go away where nothing else runs beside the stage."""

TRACEBACK = "traceback.txt"
"""Where a stage that failed leaves its traceback, in its work folder."""


@dataclass(frozen=True)
class Failure:
    """Why a stage has no artifact."""

    stage: AnyStage
    reason: str
    exit_code: int = 1
    kind: FailureKind = "error"
    cause: str = ""
    """Equal for stages that failed for the same reason; empty where that says nothing."""

    step: int | None = None
    """Step of a training at which its loss was not finite."""


def failure_of(stage: AnyStage, error: BaseException) -> Failure:
    """Return the failure to record: the sentence of our own errors, else where to look."""
    if isinstance(error, DivergedError):
        return Failure(stage, str(error), error.exit_code, "diverged", step=error.step)
    if isinstance(error, AudiomotionError):
        cause = f"{type(error).__name__}: {error}"
        return Failure(stage, str(error), error.exit_code, cause=cause)
    place = _place(error)
    where = f"traceback in work/{stage.fingerprint}/{TRACEBACK} of the store"
    reason = f"{type(error).__name__}: {error} ({place + ', ' if place else ''}{where})"
    if memory := _memory_kind(error):
        return Failure(stage, reason, kind=memory)
    return Failure(stage, reason, cause=f"{type(error).__name__} at {place}" if place else "")


def _place(error: BaseException) -> str:
    """Return file and line of our own code where an exception came from; empty if unknown."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if not _is_library(frame.filename)] or frames
    return f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else ""


def _is_library(filename: str) -> bool:
    """Return whether a file is an installed package's, but not ours."""
    parts = Path(filename).parts
    return "site-packages" in parts and "audiomotion" not in parts


def _memory_kind(error: BaseException) -> Literal["host_memory", "gpu_memory"] | None:
    """Return which memory an exception says was exhausted."""
    torch = sys.modules.get("torch")  # an error of a module that was never imported is none
    if torch is not None and isinstance(error, torch.OutOfMemoryError):
        return "gpu_memory"
    # Torch's allocator of host memory raises a plain RuntimeError.
    is_host = isinstance(error, MemoryError) or "DefaultCPUAllocator" in str(error)
    return "host_memory" if is_host else None
