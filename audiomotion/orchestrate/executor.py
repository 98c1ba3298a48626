"""What an executor is: something that brings a schedule to its end."""

import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Literal, Protocol

from audiomotion.config.runtime import Runtime
from audiomotion.errors import AudiomotionError
from audiomotion.orchestrate.schedule import Failure, Schedule
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.orchestrate.worker import TRACEBACK, WorkerSettings
from audiomotion.stages.base import AnyStage

EventKind = Literal["started", "done", "failed", "tick"]
OnEvent = Callable[[EventKind, AnyStage | None], None]


class Executor(Protocol):
    """Runs the stages of a schedule."""

    def run(self, schedule: Schedule, on_event: OnEvent) -> None:
        """Return when every stage is done, failed or skipped."""


def worker_settings(
    stage: AnyStage, runtime: Runtime, store: ArtifactStore, data_root: Path | None
) -> WorkerSettings:
    """Return where and how fast `stage` runs."""
    resources = runtime.resources(stage.name)
    return WorkerSettings(
        store=store.location,
        data_root=data_root,
        device=runtime.device,
        threads=resources.num_threads,
        checkpoint_seconds=runtime.checkpoint_seconds,
    )


def failure_of(stage: AnyStage, error: BaseException) -> Failure:
    """Return the failure to record: the sentence of our own errors, else where to look."""
    if isinstance(error, AudiomotionError):
        return Failure(stage, str(error), error.exit_code)
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if not _is_library(frame.filename)] or frames
    place = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}, " if ours else ""
    where = f"{place}traceback in work/{stage.fingerprint}/{TRACEBACK} of the store"
    return Failure(stage, f"{type(error).__name__}: {error} ({where})")


def _is_library(filename: str) -> bool:
    """Return whether a file is an installed package's, but not ours."""
    parts = Path(filename).parts
    return "site-packages" in parts and "audiomotion" not in parts
