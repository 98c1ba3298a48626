"""Multimodal distance: how far motions are from their captions."""

import numpy as np
from numpy.typing import ArrayLike

from audiomotion.evaluate.metrics.embeddings import checked_pairs


def mm_distance(text: ArrayLike, motion: ArrayLike) -> float:
    """Return the mean Euclidean distance of each caption to its own motion; lower is better.

    Args:
        text: Embeddings `(n, E)`; row i belongs to motion i.
        motion: Embeddings `(n, E)`.

    Raises:
        DataError: There are no samples, or some are not finite.
    """
    text, motion = checked_pairs(text, motion, "MM distance")
    return float(np.linalg.norm(text - motion, axis=1).mean())
