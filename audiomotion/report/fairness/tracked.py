"""A fairness card as flat numbers, for the runs of a tracker."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, Final

from audiomotion.report.fairness.card import FairnessCard
from audiomotion.report.fairness.spending import OPERATIONS, Spending

_COUNTS: Final = ("parameters", "compressor_parameters", "steps", "batch_size", "samples")
_PREFIX: Final = "card_"


def tracked_values(
    card: FairnessCard, arm: str, seed: int
) -> tuple[dict[str, str], dict[str, float]]:
    """Return parameters and metrics for the run of one arm and seed; all names begin with `card_`.

    What is not recorded is left out. Counts, which the configuration and the data decide, are
    parameters; operations, times and memory are metrics: a stage that is made anew changes them.
    """
    own = next(one for one in card.arms if one.arm == arm)
    seen = next(one for one in own.seeds if one.seed == seed)
    counts: dict[str, Any] = {"frozen_parameters": seen.frozen_parameters}
    values = dict(_spent("trained", seen.trained)) | dict(_spent("whole", seen.whole))
    for part, training in seen.trainings.items():
        counts |= {f"{part}_{name}": getattr(training, name) for name in _COUNTS}
        values |= {f"{part}_{name}": getattr(training, name) for name in OPERATIONS}
        values |= dict(_spent(part, training.spending))
    return (
        {f"{_PREFIX}{name}": str(value) for name, value in counts.items() if value is not None},
        {f"{_PREFIX}{name}": float(value) for name, value in values.items() if value is not None},
    )


def _spent(of: str, taken: Spending) -> Iterator[tuple[str, float | None]]:
    for name, value in asdict(taken).items():
        yield f"{of}_{name}", value
