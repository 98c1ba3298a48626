"""Run one stage, wherever: claim it, prepare its folders, run it, publish what it leaves."""

import logging
import os
import platform
import shutil
import socket
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal

from audiomotion import __version__
from audiomotion.errors import ClaimLostError, DivergedError, ModelError
from audiomotion.files import full_disk_explained
from audiomotion.orchestrate.failures import TRACEBACK
from audiomotion.orchestrate.noting import Notes
from audiomotion.orchestrate.progress import ProgressFile
from audiomotion.orchestrate.raw_data import data_root_of
from audiomotion.orchestrate.resources import Meter, helper_counts, without_helpers
from audiomotion.orchestrate.stopping import listening
from audiomotion.orchestrate.store import NOTES, PROGRESS, Artifact, ArtifactStore, open_store
from audiomotion.stages.base import AnyStage, MakeShard, Report, StageContext, StopRequested
from audiomotion.stages.shards import Shards, make_all

if TYPE_CHECKING:
    from audiomotion.models.group import WorkerGroup

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class WorkerSettings:
    """Where and how fast a stage runs; the same for the local executor and for Ray."""

    store: str
    """Where the artifact store is."""

    data_root: Path | None
    device: str
    threads: int
    checkpoint_seconds: float

    gpus: float = 0.0
    """GPUs, or the share of one, that each of its workers holds; 0 is all of one, on a GPU."""


Busy = Literal["busy"]
"""Another process makes the artifact."""

Join = Callable[[str], "WorkerGroup"]
"""Takes the torch device; returns the group of workers that train together, once all are there."""


def run_stage(stage: AnyStage, settings: WorkerSettings) -> Artifact:
    """Return the artifact of `stage`, made here unless it is there already.

    While another process makes it this one waits, and takes over if the other dies.
    """
    store = open_store(settings.store)
    while True:
        with store.claim(stage.fingerprint):
            made = _find_or_make(stage, store, settings)
        if made != "busy":
            return made


def try_stage(
    stage: AnyStage,
    settings: WorkerSettings,
    stop_requested: StopRequested = bool,
    join: Join | None = None,
) -> Artifact | Busy:
    """As `run_stage`, but say so at once where another process makes the artifact.

    Args:
        stage: What to run.
        settings: Where and how fast.
        stop_requested: Whether to stop for another reason than a signal.
        join: Makes this the first worker of a group, whose others call `follow_stage`.
    """
    store = open_store(settings.store)
    with store.claim(stage.fingerprint, wait=False) as held:
        return _find_or_make(stage, store, settings, stop_requested, join) if held else "busy"


def _find_or_make(
    stage: AnyStage,
    store: ArtifactStore,
    settings: WorkerSettings,
    also_stop: StopRequested = bool,
    join: Join | None = None,
) -> Artifact | Busy:
    found = store.find(stage)
    if found is not None:
        # A run that was killed right after publishing leaves its work behind.
        shutil.rmtree(store.work_folder(stage.fingerprint), ignore_errors=True)
        return found
    raise_verdict(store, stage)  # another driver may have found out meanwhile
    try:
        with listening() as signalled, store.kept_work(stage.fingerprint):
            return _make(stage, store, settings, lambda: signalled() or also_stop(), join)
    except ClaimLostError as lost:  # its new holder makes it
        logger.warning("%s", lost)
        return "busy"


def raise_verdict(store: ArtifactStore, stage: AnyStage) -> None:
    """Raise what an earlier attempt found out for good.

    Raises:
        DivergedError: The training's loss was not finite.
    """
    if verdict := store.verdict(stage.fingerprint):
        raise DivergedError(
            f"{verdict['reason']} (found {verdict['finished']}; --retry-failed trains it again)",
            verdict["step"],
        )


def _record_verdict(store: ArtifactStore, stage: AnyStage, error: DivergedError) -> None:
    verdict = {
        "kind": "diverged",
        "reason": str(error),
        "step": error.step,
        **stage.identity(),
        "finished": _now(),
        "versions": versions(),
    }
    store.record_verdict(stage.fingerprint, verdict)


def follow_stage(stage: AnyStage, settings: WorkerSettings, join: Join) -> None:
    """Train with the first worker of a group, which leaves the artifact; nothing is kept here."""
    store, device = open_store(settings.store), _prepare_torch(stage, settings)
    group = join(device)
    with TemporaryDirectory(prefix="amx-") as folder, listening() as stop_requested:
        output, scratch = _fresh_folders(Path(folder))
        context = _context(stage, store, settings, output, scratch, _say_nothing, device)
        with _traceback_kept(store.work_folder(stage.fingerprint)):
            stage.run(replace(context, group=group, stop_requested=stop_requested))


def progress_path(store: ArtifactStore, fingerprint: str) -> Path:
    """Return where a running stage notes its progress."""
    return store.work_folder(fingerprint) / PROGRESS


def _make(
    stage: AnyStage,
    store: ArtifactStore,
    settings: WorkerSettings,
    stop_requested: StopRequested,
    join: Join | None,
) -> Artifact:
    device = _prepare_torch(stage, settings)
    group = join(device) if join else None
    output, scratch = _fresh_folders(store.work_folder(stage.fingerprint))
    with full_disk_explained(output):
        meter = Meter(device, settings.gpus, group.size if group else 1)
        progress = ProgressFile(progress_path(store, stage.fingerprint), meter)
        notes = Notes(output.with_name(NOTES))

        def report(step: int, total: int, values: Mapping[str, float]) -> None:
            store.check_claim(stage.fingerprint)
            progress.report(step, total, values)

        context = _context(stage, store, settings, output, scratch, report, device)
        context = replace(context, group=group, stop_requested=stop_requested, note=notes.note)
        try:
            with _traceback_kept(output.parent):
                counts = _work(stage, context)
        except BaseException as error:
            shutil.rmtree(output, ignore_errors=True)
            if isinstance(error, DivergedError):
                _record_verdict(store, stage, error)
            raise
        record = {
            "seconds": progress.elapsed,
            "steps": progress.total,
            "finished": _now(),
            "environment": environment(device, settings.threads)
            | ({"workers": group.size} if group else {}),
            "counts": without_helpers(counts),
            "resources": asdict(progress.used.with_helpers(counts)),
            "facts": dict(notes.all),
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
        self._store = open_store(settings.store)
        self._shards = shards_of(stage, self._store)
        self._set_up = ExitStack()
        self._make: MakeShard | None = None

    def make_one(self) -> bool:
        """Make one shard; return whether there was one to make."""
        # Behind a URL: what an earlier attempt left on this machine is not what the holder makes.
        if not self._store.works_here(self._stage.fingerprint) or not self._shards.missing():
            return False
        if self._make is None:
            store = self._store
            device = _prepare_torch(self._stage, self._settings)
            work = store.work_folder(self._stage.fingerprint)
            folders = work / "output", work / "scratch"
            context = _context(self._stage, store, self._settings, *folders, _say_nothing, device)
            make = self._set_up.enter_context(self._stage.sharded_work(context).set_up())
            self._make = _metered(make, device, self._settings.gpus)
        return self._shards.make_any(self._make)

    def close(self) -> None:
        """Undo the set-up."""
        self._set_up.close()


def _metered(make: MakeShard, device: str, num_gpus: float) -> MakeShard:
    """Return what makes a shard and counts what it took beside what it counts itself."""

    def metered(index: int, folder: Path) -> Mapping[str, float]:
        meter = Meter(device, num_gpus)
        counts = make(index, folder)
        return {**counts, **helper_counts(meter.used())}

    return metered


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


def reading_context(stage: AnyStage, settings: WorkerSettings) -> StageContext:
    """Return where a stage would run that only reads: its inputs and device, nothing to write to.

    Torch is set up as for a run of it.
    """
    store = open_store(settings.store)
    device = _prepare_torch(stage, settings)
    nowhere = store.work_folder(stage.fingerprint)
    folders = nowhere / "output", nowhere / "scratch"
    return _context(stage, store, settings, *folders, _say_nothing, device)


def _prepare_torch(stage: AnyStage, settings: WorkerSettings) -> str:
    """Return the device; fix the number of threads, since sums, and so weights, depend on it.

    On the CPU torch, which takes a second to import, is left to the stage to import, or not.
    """
    if settings.device == "cpu" and "torch" not in sys.modules:
        os.environ["OMP_NUM_THREADS"] = str(settings.threads)  # torch reads it when it is imported
        stage.load()
        if "torch" not in sys.modules:
            return "cpu"
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
        **versions(),
    }


@cache
def versions() -> dict[str, str]:
    """Return the versions of the packages that decide a result."""
    return {name: _version(name) for name in ("torch", "numpy", "transformers", "scipy")}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
