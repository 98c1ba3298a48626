"""What a user waits for when the same command is given again: whole processes, imports included."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from audiomotion.bench.timing import Cost, Spread
from audiomotion.config.resolve import resolve
from audiomotion.data.source import with_content
from audiomotion.errors import AudiomotionError
from audiomotion.orchestrate.progress import read_progress
from audiomotion.orchestrate.store import ArtifactStore, open_store
from audiomotion.orchestrate.worker import progress_path
from audiomotion.stages.base import AnyStage
from audiomotion.stages.system import SystemStages

_SMALL = ("num_layers=1", "num_heads=2", "latent_dim=16", "feedforward_dim=16", "token_dim=16")
_TRAINED_BRIEFLY = ("rvq", "residual", "evaluator", "length")
_TINY = (
    "dataset.num_clips=64",
    "dataset.captions_per_clip=1",
    "rvq.width=16",
    *(f"{part}.{size}" for part in ("masked", "residual") for size in _SMALL),
    *(f"{part}.training.max_steps=2" for part in _TRAINED_BRIEFLY),
    *(f"{part}.training.batch_size=8" for part in (*_TRAINED_BRIEFLY, "masked")),
    "evaluation.repeats=1",
    "evaluation.pool_size=16",
    "evaluation.multimodality_captions=0",
)
"""A system in which nothing takes long but what is measured."""

_BRIEF = (*_TINY, "masked.training.max_steps=2")
_ENDLESS = (*_TINY, "masked.training.max_steps=1000000", "masked.training.log_every=1")
_CHECKPOINTS = "runtime.checkpoint_seconds=0.5"
_SECONDS = 600.0


def cached_cost(repeats: int, folder: Path) -> Cost:
    """Measure an axis of which everything is there, from the command to its table."""
    with TemporaryDirectory(dir=folder, prefix="bench-") as name:
        command = _amx(
            *("ablate", "compressor", "--arms", "avgpool-8,conv1d", "--store", name), sets=_BRIEF
        )
        _run(command)
        seconds = [_seconds(lambda: _run(command)) for _ in range(repeats)]
    return Cost("an axis of which all is cached", "s", Spread.of(seconds), at_most=2.0)


def restart_cost(repeats: int, folder: Path) -> Cost:
    """Measure the time from a command after `kill -9` of the driver to the first new step."""
    with TemporaryDirectory(dir=folder, prefix="bench-") as name:
        store = open_store(name)
        seconds = list(_restarts(repeats, store))
    return Cost("first new step after kill -9 of the driver", "s", Spread.of(seconds), at_most=8.0)


def _restarts(repeats: int, store: ArtifactStore) -> Iterator[float]:
    sets = (*_ENDLESS, _CHECKPOINTS)
    command = _amx("train", "demo", "--store", str(store.root), sets=sets)
    stage = _masked(sets)
    driver = _start(command)
    try:
        for _ in range(repeats):
            checkpoint = _newest_checkpoint(store, stage)
            _wait(driver, lambda old=checkpoint: _newest_checkpoint(store, stage) > old)  # type: ignore[misc]
            _kill(driver)
            started = time.perf_counter()
            driver = _start(command)
            _wait(driver, lambda: _step(store, stage) == 0)
            _wait(driver, lambda: _step(store, stage) > 0)
            yield time.perf_counter() - started
    finally:
        _kill(driver)


def _masked(sets: Sequence[str]) -> AnyStage:
    """Return the stage that is killed, as the command plans it."""
    (arm,) = resolve("demo", sets=sets)
    return SystemStages(with_content(arm.experiment, None, None)).masked


def _newest_checkpoint(store: ArtifactStore, stage: AnyStage) -> str:
    folder = store.work_folder(stage.fingerprint) / "scratch" / "checkpoints"
    return max((path.name for path in folder.glob("step-*.pt")), default="")


def _step(store: ArtifactStore, stage: AnyStage) -> int:
    """Return the step that the stage last reported; every attempt begins with 0."""
    progress = read_progress(progress_path(store, stage.fingerprint))
    return -1 if progress is None else progress.step


def _amx(*arguments: str, sets: Sequence[str]) -> list[str]:
    assignments = [part for assignment in sets for part in ("--set", assignment)]
    return [sys.executable, "-m", "audiomotion", *arguments, *assignments]


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    if done.returncode != 0:
        raise AudiomotionError(f"{' '.join(command[:5])} … failed: {done.stderr[-2000:]}")


def _seconds(action: Callable[[], None]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def _start(command: Sequence[str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _kill(driver: "subprocess.Popen[bytes]") -> None:
    """Kill the driver alone; its Ray ends by itself."""
    os.kill(driver.pid, signal.SIGKILL)
    driver.wait()


def _wait(driver: "subprocess.Popen[bytes]", condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _SECONDS
    while not condition():
        if driver.poll() is not None:
            raise AudiomotionError(f"the driver ended with exit code {driver.returncode}")
        if time.monotonic() > deadline:
            raise AudiomotionError(f"the driver came no further in {_SECONDS:.0f} s")
        time.sleep(0.005)
