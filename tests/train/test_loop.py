import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from audiomotion.config.training import TrainingConfig
from audiomotion.errors import DivergedError
from audiomotion.train.checkpoint import CheckpointFolder
from audiomotion.train.curves import Curves, read_curves
from audiomotion.train.loop import LoopSettings, TrainingTask, fit, learning_rate

CONFIG = TrainingConfig(
    batch_size=4, max_steps=13, learning_rate=0.01, warmup_steps=3, lr_milestones=(8,), log_every=5
)


class StopHereError(Exception):
    """Stands for whatever ends a process between two steps."""


class Task(TrainingTask):
    """A regression that needs every kind of state: buffers, dropout, moments, global draws."""

    num_examples = 12

    def __init__(self, stop_at=math.inf, nan_at=math.inf):
        torch.manual_seed(0)
        self.module = nn.Sequential(
            nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(0.3), nn.Linear(8, 1)
        )
        self.stop_at, self.nan_at = stop_at, nan_at
        self.steps = []
        self.rates = []

    def loss(self, step):
        if step == self.stop_at:
            raise StopHereError
        self.steps.append(step)
        inputs = torch.randn(4, 4)
        error = (self.module(inputs)[:, 0] - inputs.sum(1)) ** 2
        return error.mean() * (math.nan if step == self.nan_at else 1), {"largest": error.max()}


@pytest.fixture
def settings(tmp_path):
    reports = []
    return LoopSettings(
        checkpoints=CheckpointFolder(tmp_path / "checkpoints"),
        curves=Curves(tmp_path / "curves.jsonl"),
        checkpoint_seconds=0.0,  # after every step
        report=lambda *args: reports.append(args),
    )


def weights(task):
    return {name: tensor.clone() for name, tensor in task.module.state_dict().items()}


def run(task, settings, config=CONFIG, seed=7):
    fit(task, config, seed, settings)
    return weights(task)


def assert_same(first, second):
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)


def other_place(settings, folder, **changes):
    """Return settings that keep everything in another folder."""
    checkpoints, curves = CheckpointFolder(folder), Curves(folder / "curves")
    return replace(settings, checkpoints=checkpoints, curves=curves, **changes)


@pytest.mark.parametrize("stop_at", [1, 5, 6, 12])
def test_a_training_stopped_anywhere_ends_bit_for_bit_the_same(tmp_path, settings, stop_at):
    with pytest.raises(StopHereError):
        run(Task(stop_at), settings)
    resumed = Task()
    torch.manual_seed(1234)  # another process stands elsewhere in its random numbers
    torch.nn.init.ones_(resumed.module[0].weight)
    found = run(resumed, settings)
    assert resumed.steps[0] == stop_at
    undisturbed = other_place(settings, tmp_path / "other", checkpoint_seconds=3600.0)
    assert_same(found, run(Task(), undisturbed))
    assert read_curves(settings.curves.path) == read_curves(undisturbed.curves.path)


def test_between_two_checkpoints_steps_are_repeated(settings):
    sparse = replace(settings, checkpoint_seconds=3600.0)
    with pytest.raises(StopHereError):
        run(Task(8), sparse)
    assert settings.checkpoints.load() is None
    resumed = Task()
    run(resumed, sparse)
    assert resumed.steps == list(range(13))
    assert [point["step"] for point in read_curves(settings.curves.path)] == [5, 10, 13]


def test_a_finished_training_only_loads(settings):
    expected = run(Task(), settings)
    again = Task()
    assert_same(run(again, settings), expected)
    assert again.steps == []
    assert not again.module.training


def test_the_seed_decides_the_result(tmp_path, settings):
    other = other_place(settings, tmp_path / "other")
    first, second = run(Task(), settings, seed=1), run(Task(), other, seed=2)
    assert not torch.equal(first["0.weight"], second["0.weight"])


def test_it_learns(tmp_path):
    settings = LoopSettings(
        CheckpointFolder(tmp_path), Curves(tmp_path / "curves"), 3600.0, lambda *_: None
    )
    task = Task()
    task.module = nn.Linear(4, 1)
    run(task, settings, CONFIG.model_copy(update={"max_steps": 300, "learning_rate": 0.05}))
    losses = [point["loss"] for point in read_curves(settings.curves.path)]
    assert losses[-1] < losses[0] / 10


def test_a_curve_point_is_the_mean_of_its_steps(tmp_path, settings):
    every = other_place(settings, tmp_path / "every")
    run(Task(), settings)
    run(Task(), every, CONFIG.model_copy(update={"log_every": 1}))
    losses = [point["loss"] for point in read_curves(every.curves.path)]
    coarse = read_curves(settings.curves.path)
    assert coarse[0]["loss"] == pytest.approx(sum(losses[:5]) / 5)
    assert coarse[-1]["loss"] == pytest.approx(sum(losses[10:]) / 3)


def test_progress_is_reported_with_the_values(tmp_path):
    reports = []
    settings = LoopSettings(
        CheckpointFolder(tmp_path),
        Curves(tmp_path / "curves"),
        3600.0,
        lambda step, total, values: reports.append((step, total, sorted(values))),
    )
    run(Task(), settings)
    assert reports == [(step, 13, ["largest", "loss"]) for step in (5, 10, 13)]


def test_a_loss_that_is_no_number_is_said_with_its_step(settings):
    with pytest.raises(DivergedError, match=r"the loss is nan at step 10; lower training"):
        run(Task(nan_at=7), settings)


def test_the_learning_rate_warms_up_and_falls_at_milestones():
    config = TrainingConfig(
        max_steps=9, learning_rate=1.0, warmup_steps=4, lr_milestones=(6, 8), lr_gamma=0.1
    )
    rates = [learning_rate(step, config) for step in range(10)]
    expected = [0.2, 0.4, 0.6, 0.8, 1.0, 1.0, 0.1, 0.1, 0.01, 0.01]
    assert rates == pytest.approx(expected)


def test_epochs_count_whole_batches_and_at_least_one():
    config = TrainingConfig(batch_size=5, epochs=3)
    assert [config.num_steps(examples) for examples in (2, 5, 14, 15)] == [3, 3, 6, 9]


def test_gradients_are_clipped(settings, tmp_path):
    wild = CONFIG.model_copy(update={"max_steps": 1, "gradient_clip": 1e-3})
    task = Task()
    before = weights(task)
    run(task, settings, wild)
    norms = [parameter.grad.norm() for parameter in task.module.parameters()]
    assert torch.stack(norms).norm() == pytest.approx(1e-3, rel=1e-3)
    assert not torch.equal(before["0.weight"], weights(task)["0.weight"])


def test_asked_to_stop_it_saves_the_step_that_it_has_taken(settings):
    expected = run(
        Task(),
        replace(settings, checkpoints=CheckpointFolder(settings.curves.path.parent / "other")),
    )
    settings = replace(settings, checkpoint_seconds=3600.0)
    stopped, asked = Task(), []

    def stop_requested():
        asked.append(len(stopped.steps))
        return len(stopped.steps) == 6

    with pytest.raises(KeyboardInterrupt):
        run(stopped, replace(settings, stop_requested=stop_requested))
    assert asked == [1, 2, 3, 4, 5, 6]
    resumed = Task()
    assert_same(run(resumed, settings), expected)
    assert resumed.steps == list(range(6, 13))
