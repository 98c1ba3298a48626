"""Run one stage, wherever: claim it, prepare its folders, run it, publish what it leaves."""

import platform
import shutil
import socket
import sys
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from audiomotion import __version__
from audiomotion.errors import ModelError
from audiomotion.files import full_disk_explained
from audiomotion.orchestrate.progress import ProgressFile
from audiomotion.orchestrate.store import Artifact, ArtifactStore
from audiomotion.stages.base import AnyStage, StageContext

TRACEBACK = "traceback.txt"
"""Where a stage that failed leaves its traceback, in its work folder."""


@dataclass(frozen=True)
class WorkerSettings:
    """Where and how fast a stage runs; the same for the local executor and for Ray."""

    store_root: Path
    data_root: Path | None
    device: str
    threads: int
    checkpoint_seconds: float


def run_stage(stage: AnyStage, settings: WorkerSettings) -> Artifact:
    """Return the artifact of `stage`, made here unless it is there already.

    While another process makes it this one waits, and takes over if the other dies.
    """
    store = ArtifactStore(settings.store_root)
    with store.claim(stage.fingerprint):
        found = store.find(stage)
        if found is None:
            return _make(stage, store, settings)
        # A run that was killed right after publishing leaves its work behind.
        shutil.rmtree(store.work_folder(stage.fingerprint), ignore_errors=True)
        return found


def progress_path(store: ArtifactStore, fingerprint: str) -> Path:
    """Return where a running stage notes its progress."""
    return store.work_folder(fingerprint) / "progress.json"


def _make(stage: AnyStage, store: ArtifactStore, settings: WorkerSettings) -> Artifact:
    device = _prepare_torch(settings)
    output, scratch = _fresh_folders(store.work_folder(stage.fingerprint))
    with full_disk_explained(output):
        progress = ProgressFile(progress_path(store, stage.fingerprint))
        context = _context(stage, store, settings, output, scratch, progress, device)
        try:
            stage.run(context)
        except BaseException:
            shutil.rmtree(output, ignore_errors=True)
            with suppress(OSError):  # the disk may be full, which is then the error that counts
                (output.parent / TRACEBACK).write_text(traceback.format_exc(), "utf-8")
            raise
        record = {
            "seconds": progress.elapsed,
            "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "environment": environment(device, settings.threads),
        }
        return store.publish(stage, output, record)


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
    progress: ProgressFile,
    device: str,
) -> StageContext:
    inputs = {role: store.folder(needed) for role, needed in stage.inputs.items()}
    for role, folder in inputs.items():
        assert folder.exists(), f"{stage.name} was started before its input {role}"
    return StageContext(
        inputs=inputs,
        output=output,
        scratch=scratch,
        cache=store.cache,
        report=progress.report,
        data_root=settings.data_root,
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
