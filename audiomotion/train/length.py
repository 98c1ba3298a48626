"""Train the length estimator with a condition encoder of its own."""

from collections.abc import Mapping

from torch import Tensor

from audiomotion.models.conditioned import ConditionedLength
from audiomotion.models.group import ALONE, WorkerGroup
from audiomotion.train.loop import TrainingTask
from audiomotion.train.pairs import TrainingPairs
from audiomotion.train.prefetch import Prefetched


class LengthTask(TrainingTask):
    """One example is a clip with one of its instructions."""

    def __init__(
        self,
        module: ConditionedLength,
        pairs: TrainingPairs,
        device: str,
        group: WorkerGroup = ALONE,
    ) -> None:
        self.module: ConditionedLength = module.to(device)
        self.group = group
        self.batch = Prefetched(lambda step: pairs.batch(step, group).to(device))
        self.num_examples = len(pairs)

    def loss(self, step: int) -> tuple[Tensor, Mapping[str, Tensor]]:
        """Return the cross entropy of the number of tokens."""
        batch = self.batch(step)
        vectors = self.module.vectors(batch.features, batch.feature_mask)
        lengths = self.group.own(batch.token_mask).sum(dim=1)
        return self.group.part(*self.module.estimator.training_loss(vectors, lengths))
