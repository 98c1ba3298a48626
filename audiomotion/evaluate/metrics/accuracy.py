"""How often a classifier is right, and how well that is known."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_Z = 1.959963984540054
"""Of a two-sided 95 % interval."""


@dataclass(frozen=True)
class Proportion:
    """A share with its 95 % interval."""

    value: float
    low: float
    high: float


def wilson(num_right: int, num_all: int) -> Proportion:
    """Return a share with Wilson's interval, which has a width at 0 and 1 too.

    Source: Wilson, JASA 22 (1927), 209-212.
    """
    share, z2 = num_right / num_all, _Z**2
    middle = (share + z2 / (2 * num_all)) / (1 + z2 / num_all)
    root = math.sqrt(share * (1 - share) / num_all + z2 / (4 * num_all**2))
    half = _Z * root / (1 + z2 / num_all)
    # Rounding must not put an end on the wrong side of the share, at 0 and 1 above all.
    return Proportion(share, max(0.0, min(share, middle - half)), max(share, middle + half))


def balanced_accuracy(right: NDArray[np.bool_], classes: NDArray[np.int64]) -> float:
    """Return the mean over the classes that occur of the share that is right of each."""
    counts = np.bincount(classes)
    hits = np.bincount(classes, weights=right)
    return float(np.mean(hits[counts > 0] / counts[counts > 0]))


def bootstrap_balanced_accuracy(
    right: NDArray[np.bool_],
    classes: NDArray[np.int64],
    clips: NDArray[np.int64],
    resamples: int,
    seed: int,
) -> Proportion:
    """Return the balanced accuracy with the 2.5 and 97.5 percentiles over clips drawn anew.

    Clips are drawn, not items: what is said of one clip is alike.

    Args:
        right: Whether each item is classified right.
        classes: Class of each item, from 0.
        clips: Clip of each item.
        resamples: How often clips are drawn.
        seed: Decides the draws.
    """
    names, rows = np.unique(clips, return_inverse=True)
    shape = (len(names), int(classes.max()) + 1)
    hits, counts = np.zeros(shape), np.zeros(shape)
    np.add.at(hits, (rows, classes), right)
    np.add.at(counts, (rows, classes), 1)
    rng = np.random.default_rng(seed)
    drawn = [
        _balanced(hits[chosen].sum(axis=0), counts[chosen].sum(axis=0))
        for chosen in (rng.integers(len(names), size=len(names)) for _ in range(resamples))
    ]
    low, high = np.quantile(drawn, (0.025, 0.975))
    return Proportion(balanced_accuracy(right, classes), float(low), float(high))


def _balanced(hits: NDArray[np.float64], counts: NDArray[np.float64]) -> float:
    return float(np.mean(hits[counts > 0] / counts[counts > 0]))
