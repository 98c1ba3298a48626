"""Means and their 95 % intervals: over repeats of one model and over training seeds, kept apart."""

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


@dataclass(frozen=True)
class TwoNoises:
    """What two runs of one arm differ by: half widths of 95 % intervals, in the metric's unit.

    They answer two questions and are never added up: how well the protocol's draws know one trained
    model, and how well the trained models know their arm.
    """

    over_repeats: float | None
    """1.96 · std (ddof 0) / √repeats of one trained model, the root mean square of the seeds'."""

    over_seeds: float | None
    """Student's t over the means of the training seeds; None with one seed."""

    num_seeds: int


def over_seeds(means: Sequence[float]) -> Figure:
    """Return the mean over training seeds with Student's t interval; at least two seeds.

    The intervals over repeats say nothing of the training seed, so they do not enter.
    """
    return mean_with_interval(means)


def mean_with_interval(values: Sequence[float]) -> Figure:
    """Return the mean of at least two values with its 95 % interval, by Student's t."""
    from scipy.special import stdtrit

    count = len(values)
    mean = math.fsum(values) / count
    spread = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (count - 1))
    return Figure(mean, float(stdtrit(count - 1, 0.975)) * spread / math.sqrt(count))


def over_repeats(values: Sequence[float]) -> Figure:
    """Return the mean over repeats of one trained model with the published interval.

    One repeat has no interval.
    """
    from audiomotion.evaluate.metrics.interval import interval

    mean, half_width = interval(values)
    return Figure(mean, half_width if len(values) > 1 else None)


def two_noises(by_seed: Sequence[Figure]) -> TwoNoises:
    """Return both noises of one arm in one metric.

    Args:
        by_seed: A figure for each training seed, with the interval over its repeats; at least one.
    """
    widths = [figure.half_width for figure in by_seed if figure.half_width is not None]
    squares = math.fsum(width**2 for width in widths)
    return TwoNoises(
        over_repeats=math.sqrt(squares / len(widths)) if widths else None,
        over_seeds=over_seeds([figure.mean for figure in by_seed]).half_width
        if len(by_seed) > 1
        else None,
        num_seeds=len(by_seed),
    )
