"""The difference of two arms in one metric, over training seeds or over repeats of one model."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Literal

from audiomotion.report.statistics import over_repeats

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MOST_FLIPPED_SEEDS = 12
"""Sign flips of more seeds are not listed one by one; the t test needs no check by then."""


@dataclass(frozen=True)
class Difference:
    """One arm minus another in one metric, over training seeds."""

    mean: float
    """Difference of the means, in the metric's unit."""

    test: Literal["paired t", "Welch t", "none"]
    """`paired t`: both arms have the same seeds. `Welch t`: the sets of seeds differ."""

    num_seeds: int
    """Pairs of `paired t`; else the seeds of the arm that has fewer."""

    half_width: float | None = None
    """Half the width of the difference's 95 % interval (Student's t); None without a test."""

    effect: float | None = None
    """The difference in standard deviations, corrected for few seeds; None below three seeds.

    `paired t`: Cohen's d_z, mean / std (ddof 1) of the seeds' differences. `Welch t`: d_av, over
    the root of the two variances' mean. Both times Hedges' exact J.
    """

    p: float | None = None
    """Two-sided, not corrected for other tests."""

    sign_flip_p: float | None = None
    """Two-sided p of the exact sign-flip permutation test, which assumes no normal distribution.

    A check on `p`; None where seeds are not paired or more than 12.
    """

    why: str = ""
    """What the reader must know: why there is no test, or why seeds are not paired."""

    @property
    def smallest_sign_flip_p(self) -> float:
        """The smallest p that sign flips of so many seeds can give: 0.0625 with five."""
        return 2.0 ** (1 - self.num_seeds)

    def reversed(self) -> "Difference":
        """Return the other arm minus this one."""
        effect = None if self.effect is None else -self.effect
        return replace(self, mean=-self.mean, effect=effect)


@dataclass(frozen=True)
class SamplingDifference:
    """One trained model minus another over the same evaluation draws: noise of sampling only.

    It says whether these two models differ, nothing of the arms that they stand for: another
    training seed may turn it round. So it has no p and earns no mark in a table.
    """

    mean: float
    """Mean over repeats, in the metric's unit."""

    half_width: float | None
    """1.96 · std (ddof 0) / √repeats of the differences; None with one repeat."""

    num_repeats: int
    """Repeats that both have."""

    label: str = "one training seed: noise of sampling only"


def difference(ours: Mapping[int, float], theirs: Mapping[int, float]) -> Difference:
    """Return the difference of two arms, each a value for each training seed; at least one each.

    Arms of one seed share its random numbers, batches and the draws of the evaluation, so values
    are paired by seed. Where the sets of seeds differ, all of both are compared without pairs.
    """
    values = [*ours.values(), *theirs.values()]
    count = min(len(ours), len(theirs))
    if not all(map(math.isfinite, values)):
        return Difference(math.nan, "none", count, why="a figure is not a finite number")
    scale = max(map(abs, values))
    if ours.keys() == theirs.keys():
        return _paired([ours[seed] - theirs[seed] for seed in ours], scale)
    return _welch(list(ours.values()), list(theirs.values()), scale)


def sampling_difference(ours: Sequence[float], theirs: Sequence[float]) -> SamplingDifference:
    """Return the difference of two trained models over the repeats of one evaluation.

    Repeat i of both has the same draws (common random numbers), so repeats are paired. Where one
    has more, those beyond the other's have no partner and are left out.
    """
    differences = [one - other for one, other in zip(ours, theirs, strict=False)]
    found = over_repeats(differences)
    return SamplingDifference(found.mean, found.half_width, len(differences))


def hedges(degrees: float) -> float:
    """Return Hedges' J, which takes the bias of few degrees of freedom (above 1) from an effect.

    Source: Hedges 1981, the exact form, not 1 − 3 / (4·degrees − 1).
    """
    ratio = math.lgamma(degrees / 2) - math.lgamma((degrees - 1) / 2)
    return math.exp(ratio) / math.sqrt(degrees / 2)


def sign_flip_p(differences: Sequence[float]) -> float:
    """Return the two-sided p of the exact sign-flip test of up to 12 paired differences.

    Under no difference each seed's sign is a fair coin. p is the share of the 2ⁿ ways to set the
    signs whose mean lies as far from 0 as the one observed, or farther.
    """
    import numpy as np

    assert len(differences) <= _MOST_FLIPPED_SEEDS
    values = np.asarray(differences, np.float64)
    sums = np.abs(_signs(len(values)) @ values)
    # The last entry is the sum itself; rounding must not put it beyond its own equals.
    return float((sums >= sums[-1] - 1e-12 * np.abs(values).sum()).mean())


@cache
def _signs(count: int) -> "NDArray[np.float64]":
    import numpy as np

    bits = np.arange(2**count)[:, None] >> np.arange(count)
    return np.where(bits & 1, 1.0, -1.0)


def _paired(differences: Sequence[float], scale: float) -> Difference:
    count = len(differences)
    mean, spread = _mean_and_spread(differences)
    if count == 1:
        why = "one training seed: no test over seeds is possible"
        return Difference(mean, "none", count, why=why)
    if spread <= scale * 1e-12:
        return Difference(mean, "none", count, why=_NO_SPREAD)
    error = spread / math.sqrt(count)
    half_width, p = _student(mean, error, count - 1)
    return Difference(
        mean,
        "paired t",
        count,
        half_width=half_width,
        effect=mean / spread * hedges(count - 1) if count > 2 else None,
        p=p,
        sign_flip_p=sign_flip_p(differences) if count <= _MOST_FLIPPED_SEEDS else None,
    )


def _welch(ours: Sequence[float], theirs: Sequence[float], scale: float) -> Difference:
    (mean, spread), (other_mean, other_spread) = _mean_and_spread(ours), _mean_and_spread(theirs)
    count, away = min(len(ours), len(theirs)), mean - other_mean
    if count == 1:
        why = "an arm has one training seed: no test over seeds is possible"
        return Difference(away, "none", count, why=why)
    variance, other_variance = spread**2 / len(ours), other_spread**2 / len(theirs)
    error = math.sqrt(variance + other_variance)
    if error <= scale * 1e-12:
        return Difference(away, "none", count, why=_NO_SPREAD)
    degrees = error**4 / (variance**2 / (len(ours) - 1) + other_variance**2 / (len(theirs) - 1))
    half_width, p = _student(away, error, degrees)
    unit = math.sqrt((spread**2 + other_spread**2) / 2)
    return Difference(
        away,
        "Welch t",
        count,
        half_width=half_width,
        effect=away / unit * hedges(degrees) if count > 2 else None,
        p=p,
        why="the arms have different training seeds, so these are not paired (Welch's test)",
    )


_NO_SPREAD = "the seeds agree to the last digit: nothing varied, so there is nothing to test"


def _student(mean: float, error: float, degrees: float) -> tuple[float, float]:
    """Return half the width of the 95 % interval and the two-sided p."""
    # scipy.special, not scipy.stats: the same numbers, and a second less to import.
    from scipy.special import stdtr, stdtrit

    return float(stdtrit(degrees, 0.975)) * error, 2 * float(stdtr(degrees, -abs(mean) / error))


def _mean_and_spread(values: Sequence[float]) -> tuple[float, float]:
    """Return mean and standard deviation (ddof 1; of one value 0)."""
    mean = math.fsum(values) / len(values)
    squares = math.fsum((value - mean) ** 2 for value in values)
    return mean, math.sqrt(squares / max(1, len(values) - 1))
