"""Training steps with the loader against the same steps on batches that are in memory."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from audiomotion.bench.reading import STORE_NAME, STORE_WIDTH
from audiomotion.bench.timing import Measurement, Timed, compare
from audiomotion.config.experiment import Experiment
from audiomotion.data.ragged import Ragged
from audiomotion.models.conditioned import ConditionedMasked, ConditionEncoder, FeatureShape
from audiomotion.train.pairs import PairBatch, TrainingPairs
from audiomotion.train.transformers import TransformerTask

_TARGET = 0.95
_MIN_TOKENS, _MAX_TOKENS = 10, 49
"""Motion tokens of a clip: 40 to 196 frames."""


def bench_loading(
    experiment: Experiment,
    store: Path,
    batch_size: int,
    steps_a_run: int,
    repeats: int,
    device: str,
) -> Measurement:
    """Time steps of the masked transformer's training: forward, backward and update."""
    torch.manual_seed(0)
    encoder = ConditionEncoder(experiment.compressor, FeatureShape(STORE_WIDTH))
    model = ConditionedMasked(encoder, experiment.masked, experiment.rvq)
    task = TransformerTask(model, _pairs(experiment, store, batch_size), device)
    steps = _Steps(task, steps_a_run, device)
    return compare(
        Timed("training steps with the loader", steps.with_loader),
        Timed("in-memory loop", steps.from_memory, steps.hold),
        "steps",
        repeats,
        _TARGET,
    )


class _Steps:
    """Runs the same steps twice: on batches of the loader, and on batches held in memory."""

    def __init__(self, task: TransformerTask, steps_a_run: int, device: str) -> None:
        self._task = task
        self._loader = task.batch
        self._steps_a_run = steps_a_run
        self._device = device
        self._optimizer = torch.optim.AdamW(task.module.parameters())
        self._next = {"loader": 0, "memory": 0}
        self._held: dict[int, PairBatch] = {}

    def hold(self) -> None:
        """Load the batches of the next run."""
        first = self._next["memory"]
        pairs = self._task.pairs
        self._held = {
            step: pairs.batch(step).to(self._device)
            for step in range(first, first + self._steps_a_run)
        }

    def with_loader(self) -> float:
        """Run some steps as a training does."""
        return self._run("loader", self._loader)

    def from_memory(self) -> float:
        """Run the same steps with nothing to load."""
        return self._run("memory", self._held.__getitem__)

    def _run(self, which: str, batch: Callable[[int], PairBatch]) -> float:
        self._task.batch = batch
        first = self._next[which]
        self._next[which] += self._steps_a_run
        for step in range(first, first + self._steps_a_run):
            self._optimizer.zero_grad(set_to_none=True)
            loss, _ = self._task.loss(step)
            loss.backward()  # type: ignore[no-untyped-call]
            self._optimizer.step()
        if torch.device(self._device).type == "cuda":
            torch.cuda.synchronize()
        return self._steps_a_run


def _pairs(experiment: Experiment, store: Path, batch_size: int) -> TrainingPairs:
    features = Ragged.open(store, STORE_NAME)
    rng = np.random.default_rng(0)
    config = experiment.rvq
    tokens = [
        rng.integers(config.codebook_size, size=(length, config.num_quantizers))
        for length in rng.integers(_MIN_TOKENS, _MAX_TOKENS + 1, len(features))
    ]
    clips = range(len(features))
    return TrainingPairs(tokens, features, {clip: [clip] for clip in clips}, clips, batch_size, 0)
