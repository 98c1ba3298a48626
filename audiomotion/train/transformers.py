"""Train the masked and the residual transformer, each with a condition encoder of its own."""

from collections.abc import Callable, Mapping

from torch import Tensor, nn

from audiomotion.models.conditioned import ConditionedMasked, ConditionedResidual
from audiomotion.models.group import ALONE, WorkerGroup
from audiomotion.train.loop import TrainingTask
from audiomotion.train.pairs import PairBatch, TrainingPairs
from audiomotion.train.prefetch import Prefetched


class TransformerTask(TrainingTask):
    """One example is a clip with one of its instructions."""

    def __init__(
        self,
        module: ConditionedMasked | ConditionedResidual,
        pairs: TrainingPairs,
        device: str,
        group: WorkerGroup = ALONE,
    ) -> None:
        module.transformer.group = group
        self.group = group
        self.module: nn.Module = module.to(device)
        self.pairs = pairs
        self.batch: Callable[[int], PairBatch] = Prefetched(
            lambda step: pairs.batch(step, group).to(device)
        )
        self.num_examples = len(pairs)

    def loss(self, step: int) -> tuple[Tensor, Mapping[str, Tensor]]:
        """Return the cross entropy of the tokens to predict (eq. 4, 5)."""
        batch = self.batch(step)
        module = self.module
        assert isinstance(module, ConditionedMasked | ConditionedResidual)
        condition = module.condition(batch.features, batch.feature_mask)
        tokens = batch.tokens[..., 0] if isinstance(module, ConditionedMasked) else batch.tokens
        return module.transformer.training_loss(tokens, condition, batch.token_mask)
