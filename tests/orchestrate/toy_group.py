"""A toy training that several workers share."""

import os
from collections.abc import Mapping

from torch import Tensor, nn

from audiomotion.errors import DataError
from audiomotion.stages.base import Stage, StageContext, StageKind
from audiomotion.stages.training import group_of
from tests.orchestrate.toy import ToyTask, ToyTraining, train_toy


class SharedTask(ToyTask):
    """Without dropout, so that one worker and several do the same."""

    def __init__(self, config: ToyTraining, context: StageContext) -> None:
        super().__init__(config, context.scratch)
        self.group = group_of(context)
        self.module = nn.Sequential(nn.Linear(8, 16), nn.GELU(), nn.Linear(16, 1))

    def loss(self, step: int) -> tuple[Tensor, Mapping[str, Tensor]]:
        self.begin(step)
        inputs = self.group.own(self.batch(step))
        noise = self.group.rand(len(inputs), 8, device=inputs.device) / 10
        error = (self.module(inputs + noise)[:, 0] - inputs.sum(1).sin()) ** 2
        return self.group.part(error.mean(), {"absolute": error.detach().sqrt().mean()})


def work_together(stage: Stage[ToyTraining], context: StageContext) -> None:
    """Train; note in the store's cache which process is which worker."""
    rank = group_of(context).rank
    mark = context.cache / f"worker-{rank}.new"
    mark.write_text(str(os.getpid()))
    mark.replace(context.cache / f"worker-{rank}")
    train_toy(SharedTask(stage.config, context), stage.config, context)


def fail_in_second(stage: Stage[ToyTraining], context: StageContext) -> None:
    """Fail in the second worker while the first waits for it."""
    if group_of(context).rank == 1:
        raise DataError("shard 7 is damaged")
    work_together(stage, context)


class DivergingTask(SharedTask):
    """From step 7 on its loss, of the second worker's share, is not finite."""

    def loss(self, step: int) -> tuple[Tensor, Mapping[str, Tensor]]:
        loss, terms = super().loss(step)
        return (loss * float("nan") if step == 6 and self.group.rank == 1 else loss), terms


def diverge_together(stage: Stage[ToyTraining], context: StageContext) -> None:
    """Train until the loss is not finite."""
    train_toy(DivergingTask(stage.config, context), stage.config, context)


TOGETHER = Stage(
    StageKind("residual", 1, "tests.orchestrate.toy_group:work_together"), ToyTraining(seed=3)
)
BROKEN = Stage(
    StageKind("residual", 2, "tests.orchestrate.toy_group:fail_in_second"), ToyTraining(seed=3)
)
DIVERGING = Stage(
    StageKind("residual", 3, "tests.orchestrate.toy_group:diverge_together"), ToyTraining(seed=3)
)


def endless_together() -> Stage[ToyTraining]:
    """Return a shared training that takes minutes."""
    return Stage(TOGETHER.kind, ToyTraining(seed=3, num_steps=1_000_000))
