"""Means and their 95 % intervals, over repeats of one model or over training seeds."""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """A mean and the half width of its 95 % interval; None where there is none."""

    mean: float
    half_width: float | None = None

    def __str__(self) -> str:
        if self.half_width is None:
            return f"{self.mean:.3f}"
        return f"{self.mean:.3f} ± {self.half_width:.3f}"


def over_seeds(means: Sequence[float]) -> Figure:
    """Return the mean over training seeds with Student's t interval; at least two seeds.

    The intervals over repeats say nothing of the training seed, so they do not enter.
    """
    from scipy.stats import t

    count = len(means)
    mean = math.fsum(means) / count
    spread = math.sqrt(math.fsum((value - mean) ** 2 for value in means) / (count - 1))
    return Figure(mean, float(t.ppf(0.975, count - 1)) * spread / math.sqrt(count))
