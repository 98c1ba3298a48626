"""Splits by clip that keep each class's share: no instruction of a clip is on both sides."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def test_clips(
    clips: Sequence[int], classes: Sequence[int], share: float, seed: int
) -> NDArray[np.bool_]:
    """Return which items are held out: all or none of a clip, of each class about `share`.

    Clips are taken in a random order; one is held out where this brings the classes' held-out
    shares nearer to `share` than leaving it in.

    Args:
        clips: Clip of each item.
        classes: Class of each item, from 0.
        share: Share to hold out, between 0 and 1.
        seed: Decides the order.
    """
    names, rows = np.unique(np.asarray(clips), return_inverse=True)
    counts = np.zeros((len(names), max(classes) + 1))
    np.add.at(counts, (rows, np.asarray(classes)), 1)
    totals = counts.sum(axis=0)
    weights = 1 / np.maximum(totals, 1)
    held_out = np.zeros(len(names), bool)
    taken, seen = np.zeros_like(totals), np.zeros_like(totals)
    for clip in np.random.default_rng(seed).permutation(len(names)):
        seen += counts[clip]
        without, with_it = taken - share * seen, taken + counts[clip] - share * seen
        if np.sum(weights * with_it**2) < np.sum(weights * without**2):
            held_out[clip] = True
            taken += counts[clip]
    if not held_out.any():  # a small share of few clips
        held_out[0] = True
    found: NDArray[np.bool_] = held_out[rows]
    return found
