"""Run one stage, wherever: claim it, prepare its folders, run it, publish what it leaves."""

import platform
import shutil
import socket
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from audiomotion import __version__
from audiomotion.errors import ModelError
from audiomotion.files import full_disk_explained
from audiomotion.orchestrate.progress import ProgressFile
from audiomotion.orchestrate.store import Artifact, ArtifactStore, open_store
from audiomotion.stages.base import AnyStage, MakeShard, Report, StageContext
from audiomotion.stages.shards import Shards, make_all

if TYPE_CHECKING:
    from audiomotion.models.group import WorkerGroup

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


Join = Callable[[str], "WorkerGroup"]
"""Takes the torch device; returns the group of workers that train together, once all are there."""


def run_stage(stage: AnyStage, settings: WorkerSettings, join: Join | None = None) -> Artifact:
    """Return the artifact of `stage`, made here unless it is there already.

    While another process makes it this one waits, and takes over if the other dies. With `join`
    this is the first worker of a group; the others call `follow_stage`.
    """
    store = open_store(settings.store)
    with store.claim(stage.fingerprint):
        found = store.find(stage)
        if found is None:
            return _make(stage, store, settings, join)
        # A run that was killed right after publishing leaves its work behind.
        shutil.rmtree(store.work_folder(stage.fingerprint), ignore_errors=True)
        return found


def follow_stage(stage: AnyStage, settings: WorkerSettings, join: Join) -> None:
    """Train with the first worker of a group, which leaves the artifact; nothing is kept here."""
    store, device = open_store(settings.store), _prepare_torch(settings)
    group = join(device)
    with TemporaryDirectory(prefix="amx-") as folder:
        output, scratch = _fresh_folders(Path(folder))
        context = _context(stage, store, settings, output, scratch, _say_nothing, device)
        with _traceback_kept(store.work_folder(stage.fingerprint)):
            stage.run(replace(context, group=group))


def progress_path(store: ArtifactStore, fingerprint: str) -> Path:
    """Return where a running stage notes its progress."""
    return store.work_folder(fingerprint) / "progress.json"


def _make(
    stage: AnyStage, store: ArtifactStore, settings: WorkerSettings, join: Join | None
) -> Artifact:
    device = _prepare_torch(settings)
    group = join(device) if join else None
    output, scratch = _fresh_folders(store.work_folder(stage.fingerprint))
    with full_disk_explained(output):
        progress = ProgressFile(progress_path(store, stage.fingerprint))
        context = _context(stage, store, settings, output, scratch, progress.report, device)
        with _traceback_kept(output.parent):
            try:
                counts = _work(stage, replace(context, group=group))
            except BaseException:
                shutil.rmtree(output, ignore_errors=True)
                raise
        record = {
            "seconds": progress.elapsed,
            "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "environment": environment(device, settings.threads)
            | ({"workers": group.size} if group else {}),
            "counts": dict(counts),
        }
        return store.publish(stage, output, record)


@contextmanager
def _traceback_kept(folder: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        with suppress(OSError):  # the disk may be full, which is then the error that counts
            (folder / TRACEBACK).write_text(traceback.format_exc(), "utf-8")
        raise


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
