"""Which examples a training step sees: a function of the step, so nothing needs to be saved."""

import numpy as np
from numpy.typing import NDArray

from audiomotion.seeds import derive_seed

_BATCHES_A_BUCKET = 8


def batch_indices(
    step: int, lengths: NDArray[np.int64], batch_size: int, seed: int
) -> NDArray[np.int64]:
    """Return the examples of step `step` (from 0): every epoch passes over all of them once.

    Examples of like length share a batch (less padding): each stretch of 8 batches of the epoch's
    permutation is sorted by length. An incomplete last batch is dropped, at random and not by
    length; a set smaller than a batch is one batch.
    """
    num_batches = max(1, len(lengths) // batch_size)
    epoch, position = divmod(step, num_batches)
    rng = np.random.default_rng(derive_seed(seed, "epoch", epoch))
    order = rng.permutation(len(lengths))[: num_batches * batch_size]
    stretch = batch_size * _BATCHES_A_BUCKET
    for start in range(0, len(order), stretch):
        part = order[start : start + stretch]
        order[start : start + stretch] = part[np.argsort(lengths[part], kind="stable")]
    place = rng.permutation(num_batches)[position]
    return order[place * batch_size : (place + 1) * batch_size]
