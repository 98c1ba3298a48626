"""Run one stage, wherever: claim it, prepare its folders, run it, publish what it leaves."""

import logging
import platform
import shutil
import socket
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from audiomotion import __version__
from audiomotion.errors import ClaimLostError, ModelError
from audiomotion.files import full_disk_explained
from audiomotion.orchestrate.progress import ProgressFile
from audiomotion.orchestrate.raw_data import data_root_of
from audiomotion.orchestrate.store import PROGRESS, Artifact, ArtifactStore, open_store
from audiomotion.stages.base import AnyStage, MakeShard, Report, StageContext
from audiomotion.stages.shards import Shards, make_all

logger = logging.getLogger(__name__)

TRACEBACK = "traceback.txt"
"""Where a stage that failed leaves its traceback, in its work folder."""


@dataclass(frozen=True)
class WorkerSettings:
    """Where and how fast a stage runs; the same for the local executor and for Ray."""

    store: str
    """Where the artifact store is."""

    data_root: Path | None
    device: str
    threads: int
    checkpoint_seconds: float


def _go_on() -> None:
    """Let a stage go on."""


def run_stage(
    stage: AnyStage, settings: WorkerSettings, on_report: Callable[[], None] = _go_on
) -> Artifact:
    """Return the artifact of `stage`, made here unless it is there already.

    While another process makes it this one waits, and takes over if the other dies.

    Args:
        stage: What to run.
        settings: Where and how fast.
        on_report: Called whenever the stage reports progress. What it raises stops the stage, which
            continues from its last checkpoint another time.
    """
    store = open_store(settings.store)
    while True:
        with store.claim(stage.fingerprint):
            found = store.find(stage)
            if found is not None:
                # A run that was killed right after publishing leaves its work behind.
                shutil.rmtree(store.work_folder(stage.fingerprint), ignore_errors=True)
                return found
            try:
                with store.kept_work(stage.fingerprint):
                    return _make(stage, store, settings, on_report)
            except ClaimLostError as lost:  # its new holder is waited for, like any other
                logger.warning("%s", lost)


def progress_path(store: ArtifactStore, fingerprint: str) -> Path:
    """Return where a running stage notes its progress."""
    return store.work_folder(fingerprint) / PROGRESS


def _make(
    stage: AnyStage, store: ArtifactStore, settings: WorkerSettings, on_report: Callable[[], None]
) -> Artifact:
    device = _prepare_torch(settings)
    output, scratch = _fresh_folders(store.work_folder(stage.fingerprint))
    with full_disk_explained(output):
        progress = ProgressFile(progress_path(store, stage.fingerprint))

        def report(step: int, total: int, values: Mapping[str, float]) -> None:
            store.check_claim(stage.fingerprint)
            progress.report(step, total, values)
            on_report()

        context = _context(stage, store, settings, output, scratch, report, device)
        try:
            counts = _work(stage, context)
        except BaseException:
            shutil.rmtree(output, ignore_errors=True)
            with suppress(OSError):  # the disk may be full, which is then the error that counts
                (output.parent / TRACEBACK).write_text(traceback.format_exc(), "utf-8")
            raise
        record = {
            "seconds": progress.elapsed,
            "steps": progress.total,
            "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "environment": environment(device, settings.threads),
            "counts": dict(counts),
        }
        return store.publish(stage, output, record)


def _work(stage: AnyStage, context: StageContext) -> Mapping[str, float]:
    """Do a stage's work; return what a sharded one counted."""
    if stage.kind.sharded:
        return make_all(stage.sharded_work(context), context)
    stage.run(context)
    return {}


class ShardHelper:
    """Makes shards of a stage beside the process that holds its claim; set up once.

    Whether there are helpers, and what becomes of them, changes nothing but the time: what they
    leave undone the holder of the claim does.
    """

    def __init__(self, stage: AnyStage, settings: WorkerSettings) -> None:
        self._stage = stage
        self._settings = settings
        self._shards = shards_of(stage, open_store(settings.store))
        self._set_up = ExitStack()
        self._make: MakeShard | None = None

    def make_one(self) -> bool:
        """Make one shard; return whether there was one to make."""
        if not self._shards.missing():
            return False
        if self._make is None:
            store = open_store(self._settings.store)
            device = _prepare_torch(self._settings)
            work = store.work_folder(self._stage.fingerprint)
            folders = work / "output", work / "scratch"
            context = _context(self._stage, store, self._settings, *folders, _say_nothing, device)
            self._make = self._set_up.enter_context(self._stage.sharded_work(context).set_up())
        return self._shards.make_any(self._make)

    def close(self) -> None:
        """Undo the set-up."""
        self._set_up.close()


def shards_of(stage: AnyStage, store: ArtifactStore) -> Shards:
    """Return the shards of a sharded stage, whether or not it runs."""
    return Shards(store.work_folder(stage.fingerprint) / "scratch")


def _say_nothing(step: int, total: int, values: Mapping[str, float]) -> None:
    """Report nothing: the holder of the claim reports the shards of all."""


def _fresh_folders(work: Path) -> tuple[Path, Path]:
    output, scratch = work / "output", work / "scratch"
    with full_disk_explained(work):
        shutil.rmtree(output, ignore_errors=True)
        output.mkdir(parents=True)
        scratch.mkdir(exist_ok=True)
    return output, scratch


def _context(
    stage: AnyStage,
    store: ArtifactStore,
    settings: WorkerSettings,
    output: Path,
    scratch: Path,
    report: Report,
    device: str,
) -> StageContext:
    inputs = {role: store.fetch(needed) for role, needed in stage.inputs.items()}
    return StageContext(
        inputs=inputs,
        output=output,
        scratch=scratch,
        cache=store.cache,
        report=report,
        data_root=data_root_of(stage, store, settings.data_root),
        device=device,
        checkpoint_seconds=settings.checkpoint_seconds,
    )


def _prepare_torch(settings: WorkerSettings) -> str:
    """Return the device; fix the number of threads, since sums, and so weights, depend on it."""
    import torch

    torch.set_num_threads(settings.threads)
    if settings.device == "cuda" and not torch.cuda.is_available():
        raise ModelError("runtime.device is cuda, but torch sees no GPU here; use cpu or auto")
    if settings.device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return settings.device


def environment(device: str, threads: int) -> dict[str, Any]:
    """Return what a result's record says of the machine and the versions it came from."""
    return {
        "audiomotion": __version__,
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "host": socket.gethostname(),
        "device": device,
        "threads": threads,
        **{name: _version(name) for name in ("torch", "numpy", "transformers", "scipy")},
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
