"""What a training is given, for the record of its run; what it leaves does not depend on this."""

import copy
from collections.abc import Sequence
from typing import Any, Final

from audiomotion.config.training import TrainingConfig
from audiomotion.models.group import ALONE
from audiomotion.stages.accounting import flops_of, num_parameters
from audiomotion.train.transformers import TransformerTask

_COUNTED_BATCHES: Final = 4
"""A batch holds clips of like length, so one alone would not stand for all."""


def training_facts(task: TransformerTask, training: TrainingConfig) -> dict[str, Any]:
    """Return what a training is given: steps, data, and the operations of a forward pass.

    The operations are a mean over batches spread over the first epoch, per example of a batch as
    it is filled up.
    """
    pairs = task.pairs
    num_steps = training.num_steps(task.num_examples)
    num_batches = max(1, len(pairs) // pairs.batch_size)
    steps = range(0, num_batches, -(-num_batches // _COUNTED_BATCHES))
    counts = [_batch_flops(task, step) for step in steps]
    batch_size = min(pairs.batch_size, len(pairs))
    return {
        "steps": num_steps,
        "batch_size": batch_size,
        "samples": num_steps * batch_size,
        "num_examples": len(pairs),
        "num_instructions": sum(len(pairs.instructions_of[clip]) for clip in pairs.clips),
        "forward_flops": _mean([whole for whole, _ in counts], batch_size),
        "compressor_flops": _mean([part for _, part in counts], batch_size),
    }


def _batch_flops(task: TransformerTask, step: int) -> tuple[int | None, int | None]:
    """Return the operations of a batch's forward pass: of the whole part, and of its compressor."""
    # Alone, whoever trains together: the others are not here to answer. Copied: a layer may count.
    module: Any = copy.deepcopy(task.module, {id(task.group): ALONE}).train()
    batch = task.pairs.batch(step).to(str(next(module.parameters()).device))
    alone = copy.copy(task)
    alone.module, alone.group, alone.batch = module, ALONE, lambda step: batch
    whole = flops_of(lambda: alone.loss(step))
    if not num_parameters(module.condition):  # the encoder's vector is the condition
        return whole, 0
    return whole, flops_of(lambda: module.condition(batch.features, batch.feature_mask))


def _mean(counts: Sequence[int | None], batch_size: int) -> float | None:
    known = [count for count in counts if count is not None]
    return sum(known) / len(known) / batch_size if len(known) == len(counts) else None
