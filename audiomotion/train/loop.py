"""The training loop: the same for every part, resumable at any moment, bit for bit on the CPU."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from audiomotion.config.training import TrainingConfig
from audiomotion.errors import DivergedError
from audiomotion.models.group import ALONE, WorkerGroup
from audiomotion.seeds import derive_seed
from audiomotion.train.checkpoint import CheckpointFolder
from audiomotion.train.curves import Curves
from audiomotion.train.selection import Kept, Selection, ValidationFid
from audiomotion.train.stopping import Stopping

Report = Callable[[int, int, Mapping[str, float]], None]


class TrainingTask(ABC):
    """What is trained on what.

    Everything a step draws at random must come from `step` and from torch's global generator, which
    the loop seeds before each step: then the step number is the whole state of data and randomness.
    """

    module: nn.Module
    """Everything whose parameters and buffers decide the future."""

    num_examples: int
    """Training examples, which an epoch passes over once."""

    group: WorkerGroup = ALONE
    """Who trains it; each worker has the same task."""

    @abstractmethod
    def loss(self, step: int) -> tuple[Tensor, Mapping[str, Tensor]]:
        """Return the loss of step `step` (from 0) and the terms to plot, all scalars.

        In a group they are the parts of the own share of the batch.
        """


@dataclass(frozen=True)
class LoopSettings:
    """Where a training keeps its state, and how often; nothing here changes the result."""

    checkpoints: CheckpointFolder
    curves: Curves
    checkpoint_seconds: float
    report: Report
    stop_requested: Callable[[], bool] = bool  # which returns False
    """Asked after each step: whether to save a checkpoint and end with KeyboardInterrupt."""


def learning_rate(step: int, config: TrainingConfig) -> float:
    """Return the rate of step `step`: linear warm-up, then a factor at each milestone."""
    if step < config.warmup_steps:
        return config.learning_rate * (step + 1) / (config.warmup_steps + 1)
    passed = sum(step >= milestone for milestone in config.lr_milestones)
    return config.learning_rate * config.lr_gamma**passed


def fit(
    task: TrainingTask,
    config: TrainingConfig,
    seed: int,
    settings: LoopSettings,
    validation_fid: ValidationFid | None = None,
) -> Kept:
    """Train `task.module` in place, from the newest checkpoint if there is one.

    In a group it ends with the same weights on all workers; the first one keeps the checkpoints and
    measures.

    Args:
        task: What is trained on what.
        config: Optimizer, schedule, and which weights are kept.
        seed: Decides every draw.
        settings: Where state and curves are kept.
        validation_fid: Measures the module as it is; needed with `keep: best-fid`.

    Raises:
        DivergedError: The loss is not finite; the message names the step.
        KeyboardInterrupt: It was asked to stop; the last step is in a checkpoint.
    """
    num_steps = config.num_steps(task.num_examples)
    optimizer = torch.optim.AdamW(
        task.module.parameters(), betas=config.betas, weight_decay=config.weight_decay
    )
    sums, selection = _Sums(), Selection(config, num_steps, _by_first(validation_fid, task.group))
    stopping = Stopping(task.group, settings.stop_requested)
    start = _restore(task, optimizer, sums, selection, settings)
    task.module.train()
    saved_at = time.monotonic()
    for step in range(start, num_steps):
        sums.add(_step(task, optimizer, config, seed, step, stopping))
        done = step + 1
        # A loss that is not finite is found before the weights it comes from are measured.
        if done % config.log_every == 0 or done == num_steps or selection.is_due(done):
            values = sums.means(step)
            settings.curves.add(done, values)
            settings.report(done, num_steps, values)
        selection.after_step(done, task.module, settings.curves)
        stops = stopping.agreed()
        is_time = time.monotonic() - saved_at > settings.checkpoint_seconds
        if task.group.rank == 0 and (done == num_steps or is_time or stops):
            settings.checkpoints.save(done, _state(task.module, optimizer, sums, selection))
            saved_at = time.monotonic()
        if stops:
            raise KeyboardInterrupt
    task.module.eval()
    return selection.finish(task.module)


def _step(
    task: TrainingTask,
    optimizer: torch.optim.AdamW,
    config: TrainingConfig,
    seed: int,
    step: int,
    stopping: Stopping,
) -> Mapping[str, Tensor]:
    task.group.seed(derive_seed(seed, "step", step))
    for parameters in optimizer.param_groups:
        parameters["lr"] = learning_rate(step, config)
    optimizer.zero_grad(set_to_none=True)
    loss, terms = task.loss(step)
    loss.backward()  # type: ignore[no-untyped-call]
    parts = {"loss": loss.detach(), **{name: term.detach() for name, term in terms.items()}}
    values = _add_up(task, parts, stopping)
    if config.gradient_clip is not None:
        nn.utils.clip_grad_norm_(task.module.parameters(), config.gradient_clip)
    optimizer.step()
    return values


def _add_up(
    task: TrainingTask, values: Mapping[str, Tensor], stopping: Stopping
) -> Mapping[str, Tensor]:
    """Add up the gradients and `values` over the workers; return the sums of the values."""
    learned = [one for one in task.module.parameters() if one.grad is not None]
    gradients = [one.grad for one in learned if one.grad is not None]
    wishes = stopping.wishes(values["loss"])
    totals = task.group.totals([*gradients, *values.values(), *wishes])
    for parameter, total in zip(learned, totals, strict=False):
        parameter.grad = total
    stopping.take(totals[len(learned) + len(values) :])
    return dict(zip(values, totals[len(learned) :], strict=False))


def _by_first(measure: ValidationFid | None, group: WorkerGroup) -> ValidationFid | None:
    return None if measure is None else partial(group.from_first, measure)


class _Sums:
    """Running means between two points of a curve, on the device: reading them waits for it."""

    def __init__(self) -> None:
        self.totals: dict[str, Tensor] = {}
        self.count = 0

    def add(self, terms: Mapping[str, Tensor]) -> None:
        for name, term in terms.items():
            self.totals[name] = self.totals[name] + term if name in self.totals else term
        self.count += 1

    def means(self, step: int) -> dict[str, float]:
        values = {name: float(total) / self.count for name, total in self.totals.items()}
        if values["loss"] != values["loss"] or abs(values["loss"]) == float("inf"):
            raise DivergedError(
                f"the loss is {values['loss']} at step {step + 1}; lower training.learning_rate",
                step + 1,
            )
        self.totals, self.count = {}, 0
        return values


def _state(
    module: nn.Module, optimizer: torch.optim.AdamW, sums: _Sums, selection: Selection
) -> dict[str, Any]:
    return {
        "module": module.state_dict(),
        "optimizer": optimizer.state_dict(),
        "sums": vars(sums),
        "selection": selection.state(),
    }


def _restore(
    task: TrainingTask,
    optimizer: torch.optim.AdamW,
    sums: _Sums,
    selection: Selection,
    settings: LoopSettings,
) -> int:
    found = task.group.from_first(settings.checkpoints.load)
    step, state = found if found is not None else (0, None)
    settings.curves.rewind(step)
    if state is None:
        task.module.load_state_dict(task.group.from_first(task.module.state_dict))
    else:
        task.module.load_state_dict(state["module"])
        optimizer.load_state_dict(state["optimizer"])
        vars(sums).update(state["sums"])
        selection.restore(state["selection"])
    return step
