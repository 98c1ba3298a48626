"""What every metric asks of its embeddings."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from audiomotion.errors import DataError

Embeddings = NDArray[np.float64]


def checked(embeddings: ArrayLike, metric: str, *, at_least: int = 1, ndim: int = 2) -> Embeddings:
    """Return embeddings as float64.

    Raises:
        DataError: There are fewer than `at_least`, or some are not finite.
    """
    array = np.asarray(embeddings, np.float64)
    assert array.ndim == ndim, f"{metric}: expected {ndim} dimensions, got shape {array.shape}"
    if len(array) < at_least:
        raise DataError(
            f"{metric} of {len(array)} samples is not defined; it needs at least {at_least}. "
            "Measure a larger split."
        )
    if not np.isfinite(array).all():
        bad = np.flatnonzero(~np.isfinite(array.reshape(len(array), -1)).all(1))
        raise DataError(
            f"{metric}: {len(bad)} of {len(array)} samples (the first is number {bad[0]}) are not "
            "finite; the motions behind them hold NaN or infinity. Check the model's weights."
        )
    return array


def checked_pairs(text: ArrayLike, motion: ArrayLike, metric: str) -> tuple[Embeddings, Embeddings]:
    """Return paired text and motion embeddings, row i with row i, as float64."""
    pairs = checked(text, metric), checked(motion, metric)
    assert pairs[0].shape == pairs[1].shape, f"{metric}: {pairs[0].shape} against {pairs[1].shape}"
    return pairs
