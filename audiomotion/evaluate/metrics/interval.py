"""The published interval over repeats."""

import numpy as np
from numpy.typing import ArrayLike


def interval(values: ArrayLike) -> tuple[float, float]:
    """Return the mean of repeated measurements and half the width of its 95 % interval.

    It is 1.96 times the population standard deviation over the root of the number of repeats, as
    published. One repeat has a half width of 0, which says nothing.
    """
    repeats = np.asarray(values, np.float64)
    assert repeats.ndim == 1 and len(repeats) > 0
    return float(repeats.mean()), float(1.96 * repeats.std() / np.sqrt(len(repeats)))
