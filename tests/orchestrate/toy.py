"""Toy stages: a real training that takes a second, a note, and stages that fail."""

import json
import math
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from audiomotion.config.checkpoints import CheckpointConfig, CheckpointKind, DatasetName
from audiomotion.config.schema import Schema
from audiomotion.config.training import TrainingConfig
from audiomotion.errors import DataError, DivergedError
from audiomotion.orchestrate.importing import Importable
from audiomotion.stages.base import (
    AnyStage,
    MakeShard,
    ShardedWork,
    Stage,
    StageContext,
    StageKind,
)
from audiomotion.stages.training import keep_training, loop_settings
from audiomotion.train.batches import batch_indices
from audiomotion.train.loop import TrainingTask, fit

NUM_STEPS = 400
LOG_EVERY = 7
_NUM_EXAMPLES = 40
_BATCH_SIZE = 8
_MOST_SECONDS_AT_GATE = 120.0


class ToyTraining(Schema):
    """A tiny regression with dropout, so that every random state matters."""

    seed: int = 0
    num_steps: int = NUM_STEPS


class Note(Schema):
    """A stage that writes a text below those of its inputs."""

    text: str


class ToyTask(TrainingTask):
    def __init__(self, config: ToyTraining, scratch: Path) -> None:
        torch.manual_seed(config.seed)
        self.module = nn.Sequential(nn.Linear(8, 16), nn.Dropout(0.2), nn.GELU(), nn.Linear(16, 1))
        self.num_examples = _NUM_EXAMPLES
        self.inputs = torch.randn(_NUM_EXAMPLES, 8)
        self.lengths = np.arange(_NUM_EXAMPLES)
        self.seed = config.seed
        self.scratch = scratch
        self.first_step: int | None = None

    def begin(self, step: int) -> None:
        """Note the first step of the attempt; wait while a test keeps the gate shut."""
        if self.first_step is None:
            self.first_step = step
            with (self.scratch / "starts").open("a") as file:
                file.write(f"{step}\n")
        wait_at_gate(self.scratch, step)

    def batch(self, step: int) -> Tensor:
        rows = batch_indices(step, self.lengths, _BATCH_SIZE, self.seed)
        return self.inputs[torch.from_numpy(rows)]

    def loss(self, step: int) -> tuple[Tensor, Mapping[str, Tensor]]:
        self.begin(step)
        inputs = self.batch(step)
        error = (self.module(inputs)[:, 0] - inputs.sum(1).sin()) ** 2
        return error.mean(), {"largest": error.max()}


def wait_at_gate(scratch: Path, step: int) -> None:
    """Wait before a step while a test keeps the gate shut, so that nothing ends before its time.

    A gate that nobody opens fails the stage, and so the test: it would wait for ever.
    """
    deadline = time.monotonic() + _MOST_SECONDS_AT_GATE
    while step >= _gate(scratch.parent / "gate"):
        assert time.monotonic() < deadline, f"the gate was shut for {_MOST_SECONDS_AT_GATE:.0f} s"
        time.sleep(0.01)


def _gate(path: Path) -> float:
    try:
        return int(path.read_text())
    except FileNotFoundError:
        return math.inf


def importable(
    what: CheckpointKind = "rvq",
    dataset: DatasetName | None = "kit",
    sha256: str = "0" * 64,
    num_bytes: int = 3,
) -> Importable:
    """Return published weights of a part, some bytes of nothing."""
    config = CheckpointConfig(what=what, dataset=dataset, sha256=sha256)
    record = {"sizes": {}, "source": {"file": "latest.tar"}}
    return Importable(
        config, record, lambda folder: (folder / "weights").write_bytes(bytes(num_bytes))
    )


def work(stage: Stage[ToyTraining], context: StageContext) -> None:
    """Train; leave weights, curves, and at which steps the attempts began."""
    mark = context.scratch / "pid.new"
    mark.write_text(str(os.getpid()))
    mark.replace(context.scratch / "pid")
    train_toy(ToyTask(stage.config, context.scratch), stage.config, context)


def train_toy(task: ToyTask, config: ToyTraining, context: StageContext) -> None:
    training = TrainingConfig(
        batch_size=_BATCH_SIZE,
        max_steps=config.num_steps,
        learning_rate=1e-2,
        warmup_steps=20,
        lr_milestones=(250,),
        log_every=LOG_EVERY,
        gradient_clip=1.0,
    )
    kept = fit(task, training, config.seed, loop_settings(context))
    keep_training(task.module, kept, context)
    starts = (context.scratch / "starts").read_text().split()
    (context.output / "starts.json").write_text(json.dumps([int(step) for step in starts]))


def write_note(stage: Stage[Note], context: StageContext) -> None:
    """Write the notes of the inputs and one's own."""
    above = [(folder / "note").read_text() for folder in context.inputs.values()]
    (context.output / "note").write_text("".join(above) + stage.config.text + "\n")


def count_note(stage: Stage[Note], context: StageContext) -> None:
    """Write a note, and a line in the shared cache for every time that this ran."""
    with (context.cache / "count").open("a") as file:
        file.write(f"{os.getpid()}\n")
    context.report(1, 2, {})
    time.sleep(0.2)  # work, long enough for the others to come
    write_note(stage, context)


def fail_plainly(stage: Stage[Note], context: StageContext) -> None:
    """Fail as on bad data, after half of the work."""
    (context.output / "note").write_text("half")
    (context.scratch / "shard").write_text("done")
    raise DataError(stage.config.text)


def fail_oddly(stage: Stage[Note], context: StageContext) -> None:
    """Fail as code does that has a bug, with an exception that cannot be pickled."""

    class OddError(Exception):
        pass

    raise OddError(stage.config.text)


def diverge(stage: Stage[Note], context: StageContext) -> None:
    """Fail as a training whose loss is not finite, at the step that the note names."""
    with (context.cache / "count").open("a") as file:
        file.write(f"{os.getpid()}\n")
    raise DivergedError("the loss is nan", int(stage.config.text))


def exhaust(stage: Stage[Note], context: StageContext) -> None:
    """Run out of GPU memory, as many times as the note says."""
    tries = context.scratch / "tries"
    tries.touch()
    if tries.stat().st_size < int(stage.config.text):
        with tries.open("a") as file:
            file.write(".")
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
    write_note(stage, context)


def fill_disk(stage: Stage[Note], context: StageContext) -> None:
    """Write a shard, which stays, and then as much as the note says, in KiB."""
    with (context.scratch / "shards").open("a") as file:
        file.write("shard\n")
    with (context.output / "large").open("wb") as file:
        for _ in range(int(stage.config.text)):
            file.write(bytes(1024))
    (context.output / "note").write_text((context.scratch / "shards").read_text())


class SharedWork(ShardedWork):
    """Six shards of two numbers; who began and who ended which is noted in the cache."""

    shard_sizes: Sequence[int] = (2, 2, 2, 2, 2, 2)

    def __init__(self, stage: Stage[Note], context: StageContext) -> None:
        self.text = stage.config.text
        self.context = context

    @contextmanager
    def set_up(self) -> Iterator[MakeShard]:
        rng = np.random.default_rng(5)  # takes time, in life
        self._note("set-up", -1)
        yield partial(self.make, rng.standard_normal(12))
        self._note("undone", -1)

    def make(self, numbers: np.ndarray, index: int, folder: Path) -> Mapping[str, float]:
        self._note("begun", index)
        (folder / "half").write_text("half")
        wait_at_gate(self.context.scratch, index)
        if self.text == f"bad {index}":
            raise DataError(f"item {index} is damaged")
        (folder / "half").write_text("whole")
        np.savetxt(folder / "numbers", numbers[2 * index : 2 * index + 2])
        self._note("ended", index)
        return {"numbers": 2}

    def finish(self, shards: Sequence[Path]) -> None:
        assert all((shard / "half").read_text() == "whole" for shard in shards)
        joined = "".join((shard / "numbers").read_text() for shard in shards)
        (self.context.output / "numbers").write_text(joined)

    def _note(self, what: str, index: int) -> None:
        entry = {"stage": self.text, "what": what, "shard": index, "pid": os.getpid()}
        with (self.context.cache / "log").open("a") as file:
            file.write(f"{json.dumps(entry)}\n")


TRAINING = StageKind("toy", 1, "tests.orchestrate.toy:work")
NOTE = StageKind("note", 1, "tests.orchestrate.toy:write_note")
COUNTED = StageKind("counted", 1, "tests.orchestrate.toy:count_note")
PLAIN_FAILURE = StageKind("plain", 1, "tests.orchestrate.toy:fail_plainly")
ODD_FAILURE = StageKind("odd", 1, "tests.orchestrate.toy:fail_oddly")
GREEDY = StageKind("masked", 1, "tests.orchestrate.toy:write_note")
DIVERGING = StageKind("diverging", 1, "tests.orchestrate.toy:diverge")
EXHAUSTING = StageKind("exhausting", 1, "tests.orchestrate.toy:exhaust")
LARGE = StageKind("large", 1, "tests.orchestrate.toy:fill_disk")
SHARED = StageKind("shared", 1, "tests.orchestrate.toy:SharedWork", sharded=True)


def note(text: str, *inputs: AnyStage, kind: StageKind = NOTE) -> Stage[Note]:
    """Return a stage that needs `inputs`."""
    return Stage(kind, Note(text=text), {f"input{i}": stage for i, stage in enumerate(inputs)})


def trainings() -> tuple[Stage[ToyTraining], Stage[ToyTraining]]:
    """Return two trainings, the second after the first."""
    first = Stage(TRAINING, ToyTraining(seed=1))
    return first, Stage(TRAINING, ToyTraining(seed=2), {"first": first})


def endless() -> Stage[ToyTraining]:
    """Return a training that takes minutes."""
    return Stage(TRAINING, ToyTraining(seed=3, num_steps=1_000_000))
