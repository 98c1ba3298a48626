"""Holm's correction: many tests at once, and 5 % for a single false one among all of them."""

from collections.abc import Sequence

LEVEL = 0.05
"""Chance of one or more false findings in a whole family of tests."""


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the corrected p values in the same order: significant where at most `LEVEL`.

    Source: Holm 1979. The k-th smallest of m is multiplied by m − k + 1, none falls below the one
    before it, and none is above 1. It holds however the tests depend on each other.
    """
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    corrected = [0.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        corrected[index] = largest
    return corrected


def next_level(corrected: Sequence[float]) -> float:
    """Return what an uncorrected p must reach to be the next one that is significant."""
    remaining = sum(p > LEVEL for p in corrected)
    return LEVEL / max(1, remaining)
