"""What an executor is: something that brings a schedule to its end."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal, Protocol

from audiomotion.config.runtime import Runtime
from audiomotion.orchestrate.schedule import Schedule
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.orchestrate.worker import WorkerSettings
from audiomotion.stages.base import AnyStage

EventKind = Literal["started", "again", "elsewhere", "done", "failed", "tick"]
"""`again`: its worker was lost, and it waits to go on; `elsewhere`: another driver makes it."""

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
        gpus=resources.gpus,
    )
