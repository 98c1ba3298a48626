"""When a trial is hopeless: a test on the differences to the best trial's same repeats."""

import math
from collections.abc import Sequence

from audiomotion.config.search import PruningConfig


def hopeless(
    costs: Sequence[float], best: Sequence[float], repeats: int, config: PruningConfig
) -> str | None:
    """Return why a trial with these costs need not be measured further; None where it must be.

    Repeat i of both trials had the same random numbers, so that the differences d_i are far less
    noisy than the costs. The trial is stopped when the lower one-sided confidence bound of their
    mean, `mean(d) - t · sd(d) / √r` after r repeats, is above 0. There are at most
    `repeats - min_repeats` looks, and each has that share of the error level (Bonferroni), so a
    trial that is no worse than the best is stopped with at most that probability, as far as the
    differences are normal.

    Args:
        costs: Of the trial's repeats so far, lower is better.
        best: Of the best trial's repeats, all of them.
        repeats: Repeats of a whole trial.
        config: Error level, and repeats before the first look.
    """
    count = len(costs)
    looks = repeats - config.min_repeats
    if not config.error_level or count < config.min_repeats or count >= repeats:
        return None
    from scipy.special import stdtrit

    differences = [own - other for own, other in zip(costs, best, strict=False)]
    mean = math.fsum(differences) / count
    spread = math.sqrt(math.fsum((one - mean) ** 2 for one in differences) / (count - 1))
    quantile = float(stdtrit(count - 1, 1 - config.error_level / looks))
    bound = mean - quantile * spread / math.sqrt(count)
    if bound <= 0:
        return None
    return f"after {count} repeats {mean:.4g} worse than the best, at least {bound:.4g}"
