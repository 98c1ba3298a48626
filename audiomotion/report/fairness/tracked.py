"""A fairness card as flat numbers, for the runs of a tracker."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Final

from audiomotion.report.fairness.card import FairnessCard
from audiomotion.report.fairness.spending import OPERATIONS, Spending

_COUNTS: Final = ("parameters", "compressor_parameters", "steps", "batch_size", "samples")
_PREFIX: Final = "card/"


def tracked_values(card: FairnessCard, arm: str, seed: int) -> dict[str, float]:
    """Return metrics for the run of one arm and seed; what is not recorded is left out."""
    own = next(one for one in card.arms if one.arm == arm)
    seen = next(one for one in own.seeds if one.seed == seed)
    values: dict[str, float | None] = {"frozen_parameters": seen.frozen_parameters}
    values |= dict(_spent("trained", seen.trained)) | dict(_spent("whole", seen.whole))
    for part, training in seen.trainings.items():
        names = (*_COUNTS, *OPERATIONS)
        values |= {f"{part}_{name}": getattr(training, name) for name in names}
        values |= dict(_spent(part, training.spending))
    return {f"{_PREFIX}{name}": float(value) for name, value in values.items() if value is not None}


def _spent(of: str, taken: Spending) -> Iterator[tuple[str, float | None]]:
    for name, value in asdict(taken).items():
        yield f"{of}_{name}", value
