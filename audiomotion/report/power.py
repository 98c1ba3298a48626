"""How many training seeds would settle a difference that is not significant yet."""

import math

MOST_SEEDS = 100
"""Nobody trains more seeds than this, so nothing is searched beyond."""

POWER = 0.8

_TAIL = 37.0
"""e⁻³⁷ is the rounding of a double: density beyond it adds nothing."""


def power(effect: float, num_seeds: int, level: float) -> float:
    """Return the chance that a paired t test over seeds finds an effect.

    It integrates over the deviation s that the seeds happen to have, in units of the true one:
    P(T > edge) = E[Φ(shift − edge · s)] with shift = effect · √n, which is the noncentral t. The
    trapezoid over log s is exact to rounding where level and effect are of a sensible size.

    Args:
        effect: The true difference in standard deviations of the seeds' differences (d_z).
        num_seeds: Paired seeds, at least two.
        level: Two-sided level of the test.
    """
    # Not scipy.stats.nct nor statsmodels, which asks it: in scipy 1.17 it is NaN from an effect of
    # 1 on, here and there.
    import numpy as np
    from scipy.special import ndtr, stdtrit

    degrees, shift = num_seeds - 1, abs(effect) * math.sqrt(num_seeds)
    edge = float(stdtrit(degrees, 1 - level / 2))
    longest = 1 + 2 * math.sqrt(_TAIL / degrees) + 2 * _TAIL / degrees
    logs = np.linspace(-1 - _TAIL / degrees, math.log(longest) / 2, 4001)
    constant = math.log(2) + degrees / 2 * math.log(degrees / 2) - math.lgamma(degrees / 2)
    density = np.exp(constant + degrees * logs - degrees / 2 * np.exp(2 * logs))
    found = ndtr(shift - edge * np.exp(logs)) + ndtr(-shift - edge * np.exp(logs))
    return float(np.sum(density * found) * (logs[1] - logs[0]))


def seeds_needed(effect: float, level: float) -> int | None:
    """Return the fewest paired seeds that find an effect with 80 % power; None: over `MOST_SEEDS`.

    The effect is taken at its word. Of a few seeds it is a rough guess, and so is this number.
    """
    enough = (count for count in range(2, MOST_SEEDS + 1) if power(effect, count, level) >= POWER)
    return next(enough, None)
