"""MultiModality: how different the motions of one and the same instruction are."""

import numpy as np
from numpy.typing import ArrayLike

from audiomotion.errors import DataError
from audiomotion.evaluate.metrics.diversity import Chooser, draw_pairs
from audiomotion.evaluate.metrics.embeddings import checked


def multimodality(embeddings: ArrayLike, num_pairs: int, rng: Chooser) -> float:
    """Return the mean distance of random pairs of motions of the same instruction.

    The pairs are drawn once and are the same for every instruction, as published.

    Args:
        embeddings: Motion embeddings `(n, S, E)`: S motions of each of n instructions.
        num_pairs: Pairs drawn for an instruction.
        rng: Source of the draw.

    Raises:
        DataError: There are fewer motions of an instruction than pairs, or some are not finite.
    """
    motions = checked(embeddings, "MultiModality", ndim=3)
    if motions.shape[1] < num_pairs:
        raise DataError(
            f"MultiModality of {num_pairs} pairs needs as many motions of an instruction, not "
            f"{motions.shape[1]}; lower evaluation.multimodality_pairs."
        )
    first, second = draw_pairs(motions.shape[1], num_pairs, rng)
    return float(np.linalg.norm(motions[:, first] - motions[:, second], axis=-1).mean())
