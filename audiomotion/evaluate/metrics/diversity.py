"""Diversity: how different the motions of a whole split are."""

from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from audiomotion.errors import DataError
from audiomotion.evaluate.metrics.embeddings import checked


class Chooser(Protocol):
    """numpy's generators, the legacy one included: published index draws come from that."""

    def choice(self, a: int, size: int, replace: bool) -> NDArray[np.int64]:
        """Draw `size` of the numbers 0 .. a - 1."""
        ...


def draw_pairs(
    num_samples: int, num_pairs: int, rng: Chooser
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the first and second samples of random pairs.

    As published no sample comes first or second twice, but a pair may be a sample with itself.
    """
    first = rng.choice(num_samples, num_pairs, replace=False)
    return first, rng.choice(num_samples, num_pairs, replace=False)


def diversity(embeddings: ArrayLike, num_pairs: int, rng: Chooser) -> float:
    """Return the mean distance of random pairs of motions; closest to that of real motion is best.

    Args:
        embeddings: Motion embeddings `(n, E)`.
        num_pairs: Pairs drawn.
        rng: Source of the draw.

    Raises:
        DataError: There are fewer motions than pairs, or some are not finite.
    """
    motions = checked(embeddings, "Diversity")
    if len(motions) < num_pairs:
        raise DataError(
            f"Diversity of {num_pairs} pairs needs as many motions, not {len(motions)}; "
            "measure a larger split or lower evaluation.diversity_pairs."
        )
    first, second = draw_pairs(len(motions), num_pairs, rng)
    return float(np.linalg.norm(motions[first] - motions[second], axis=-1).mean())
