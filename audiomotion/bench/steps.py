"""How long one step of a training takes."""

import contextlib
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from audiomotion.bench.synthetic import synthetic_task
from audiomotion.stages.base import AnyStage
from audiomotion.train.checkpoint import CheckpointFolder
from audiomotion.train.curves import Curves
from audiomotion.train.loop import LoopSettings, fit

_MOST_STEPS = 50
_NO_CHECKPOINT = 1e9


class _EnoughError(Exception):
    """Enough steps were made."""


class _Watch:
    """Takes the time of steps, but for the first, which prepares what all use."""

    def __init__(self, most_seconds: float) -> None:
        self._most_seconds = most_seconds
        self._began = time.perf_counter()
        self._first = self._last = (0, 0.0)

    def __call__(self, step: int, total: int, values: Mapping[str, float]) -> None:
        """Note that a step is done; values have been read, so the device is done too."""
        now = time.perf_counter()
        if step == 1:
            self._first = step, now
        self._last = step, now
        if step > 1 and now - self._began > self._most_seconds:
            raise _EnoughError

    @property
    def seconds_a_step(self) -> float:
        """Seconds of a step."""
        (first, began), (last, ended) = self._first, self._last
        return (ended - began) / (last - first)


def probe_step(
    stage: AnyStage, features: Path | None, device: str, threads: int, most_seconds: float
) -> float:
    """Return the seconds that a training step of a stage takes, without its validations.

    The steps are the real training's, on made-up data. At least two are made, however long they
    take, and nothing is left.

    Args:
        stage: A stage that trains.
        features: Artifact of the features it is trained on; None makes some up.
        device: Torch device.
        threads: Torch threads.
        most_seconds: After that time no further step is made.
    """
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    config = stage.config.training
    changes = {"max_steps": _MOST_STEPS, "epochs": None, "log_every": 1, "keep": "last"}
    few = config.model_copy(update={key: changes[key] for key in changes if hasattr(config, key)})
    with TemporaryDirectory(prefix="amx-probe-") as name:
        folder = Path(name)
        task = synthetic_task(stage, features, device, folder)
        watch = _Watch(most_seconds)
        settings = LoopSettings(
            CheckpointFolder(folder / "checkpoints"),
            Curves(folder / "curves.jsonl"),
            _NO_CHECKPOINT,
            watch,
        )
        with contextlib.suppress(_EnoughError):
            fit(task, few, 0, settings)
    return watch.seconds_a_step
