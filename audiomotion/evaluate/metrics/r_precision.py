"""R-precision: how often a motion is among those closest to its caption."""

import numpy as np
from numpy.typing import ArrayLike

from audiomotion.errors import DataError
from audiomotion.evaluate.metrics.embeddings import Embeddings, checked_pairs


def r_precision(
    text: ArrayLike, motion: ArrayLike, pool_size: int = 32, top_k: int = 3
) -> Embeddings:
    """Return the shares `(top_k,)` of captions whose own motion is among the 1, 2, ... closest.

    Consecutive rows make a pool, in which each caption is compared with all motions; what does not
    fill a pool is dropped.

    Deviation: where other motions are exactly as far as the own one, the published sort decides by
    their order; here a tie counts as the chance of a random order. Otherwise equal.

    Args:
        text: Embeddings `(n, E)`; row i belongs to motion i.
        motion: Embeddings `(n, E)`.
        pool_size: Motions that a caption is compared with, its own included.
        top_k: Largest rank that is looked at.

    Raises:
        DataError: There are fewer samples than a pool holds, or some are not finite.
    """
    text, motion = checked_pairs(text, motion, "R-precision")
    num_pools = len(text) // pool_size
    if num_pools == 0:
        raise DataError(
            f"R-precision with pools of {pool_size} needs at least {pool_size} samples, "
            f"not {len(text)}; measure a larger split or lower evaluation.pool_size."
        )
    pools = np.arange(num_pools * pool_size).reshape(num_pools, pool_size)
    found = np.concatenate([hits(distances(text[pool], motion[pool]), top_k) for pool in pools])
    shares: Embeddings = found.mean(0)
    return shares


def distances(text: Embeddings, motion: Embeddings) -> Embeddings:
    """Return Euclidean distances `(n, m)` of captions (rows) and motions (columns)."""
    difference = text[:, None] - motion[None]
    distance: Embeddings = np.linalg.norm(difference, axis=-1)
    return distance


def hits(distance: Embeddings, top_k: int) -> Embeddings:
    """Return for each caption of a pool the chance `(n, top_k)` that its motion is in the top k."""
    own = np.diagonal(distance)[:, None]
    closer = (distance < own).sum(1, keepdims=True)
    tied = (distance == own).sum(1, keepdims=True)
    chances: Embeddings = ((np.arange(1, top_k + 1) - closer) / tied).clip(0.0, 1.0)
    return chances
