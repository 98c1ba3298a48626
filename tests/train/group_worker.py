"""One worker of a group that trains all small tasks: `python -m tests.train.group_worker ...`."""

import sys
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import distributed

from audiomotion.config.training import TrainingConfig, ValidatedTraining
from audiomotion.models.group import ALONE, DistributedGroup, WorkerGroup
from audiomotion.train.checkpoint import CheckpointFolder
from audiomotion.train.curves import Curves, read_curves
from audiomotion.train.loop import LoopSettings, TrainingTask, fit
from audiomotion.train.selection import ValidationFid
from tests.train.small_tasks import SEED, TASKS, TRAINING, small_task

SIZE = 3  # of the 24 codes, the first worker's 16 rows fill a part only
STOPPED_AT = 5
RESUMED = "rvq"
_PATIENCE = 200  # seconds: workers that do not do the same would wait for each other
VALIDATED = ValidatedTraining(
    **TRAINING.model_dump() | {"keep": "best-fid", "num_validations": 4, "max_steps": 8}
)
FIDS = (4.0, 1.0, 3.0, 2.0)


class StopHereError(Exception):
    """Stands for whatever ends a process between two steps."""


def train(
    task: TrainingTask,
    folder: Path,
    config: TrainingConfig = TRAINING,
    fid: ValidationFid | None = None,
) -> dict[str, Any]:
    """Return weights, curves, and the step of the weights."""
    curves = Curves(folder / "curves")
    settings = LoopSettings(CheckpointFolder(folder), curves, 0.0, lambda *_: None)
    kept = fit(task, config, SEED, settings, fid)
    return {
        "weights": task.module.state_dict(),
        "curves": read_curves(curves.path),
        "kept": (kept.step, kept.validation_fid),
        "checkpoints": len(list(folder.glob("step-*"))),
    }


def all_trainings(data: Path, folder: Path, group: WorkerGroup = ALONE) -> dict[str, Any]:
    """Return what each task ends with, and what a stopped and a validated one do."""
    found = {name: train(small_task(name, data, group), folder / name) for name in TASKS}
    dropout = small_task("masked", data, group, dropout=0.2)
    return found | {
        "dropout": train(dropout, folder / "dropout"),
        "resumed": resumed(data, folder / "resumed", group),
        "validated": validated(data, folder / "validated", group),
    }


def resumed(data: Path, folder: Path, group: WorkerGroup) -> dict[str, Any]:
    """Stop a training, and continue it where only the first worker has a checkpoint."""
    task = small_task(RESUMED, data, group)
    loss = task.loss

    def stopped(step: int) -> Any:
        if step == STOPPED_AT:
            raise StopHereError
        return loss(step)

    task.loss = stopped  # type: ignore[method-assign]
    try:
        train(task, folder)
    except StopHereError:
        task = small_task(RESUMED, data, group)
        return train(otherwise_begun(task), folder)
    raise AssertionError("it did not stop")


def validated(data: Path, folder: Path, group: WorkerGroup) -> dict[str, Any]:
    """Let the first worker alone measure; its initial weights count."""
    fids = iter(FIDS if group.rank == 0 else ())
    task = otherwise_begun(small_task("masked", data, group))
    return train(task, folder, VALIDATED, partial(next, fids))


def otherwise_begun(task: TrainingTask) -> TrainingTask:
    """Give all workers but the first other weights, as another processor's rounding may."""
    with torch.no_grad():
        for parameter in task.module.parameters():
            parameter.add_(task.group.rank)
    return task


def work(rank: int, data: Path, folder: Path) -> dict[str, Any]:
    """Return what this worker of a group that meets in `folder` ends with."""
    store = distributed.FileStore(str(folder / "meeting"), SIZE)
    group = DistributedGroup(rank, SIZE, store, "cpu", timedelta(seconds=_PATIENCE))
    try:
        return all_trainings(data, folder / str(rank), group)
    finally:
        group.close()


def main(rank: int, data: Path, folder: Path) -> None:
    """Write what this worker ends with."""
    torch.set_num_threads(1)
    torch.save(work(rank, data, folder), folder / f"{rank}.pt")


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))
