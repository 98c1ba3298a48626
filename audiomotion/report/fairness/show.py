"""A fairness card as a sheet, which every form prints, and as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from audiomotion.report.fairness.card import ArmCard, FairnessCard
from audiomotion.report.fairness.cells import CELLS, LEGEND
from audiomotion.report.fairness.seed_card import SeedCard
from audiomotion.report.fairness.spending import OPERATIONS, Training
from audiomotion.report.render.grid import Grid, GridRow, Heading, Sheet, texts

_ARMS_ABREAST: Final = 4
"""Arms that stand side by side, a column each."""


def card_sheet(card: FairnessCard) -> Sheet:
    """Return what every printed form of a card shows."""
    starts = range(0, len(card.arms), _ARMS_ABREAST)
    return Sheet(
        grids=[_grid(card, card.arms[start : start + _ARMS_ABREAST]) for start in starts],
        warnings=[f"Warning: {sentence}" for sentence in card.warnings],
        notes=[*card.inherent, *card.remarks, LEGEND],
    )


def _grid(card: FairnessCard, arms: Sequence[ArmCard]) -> Grid:
    rows = [GridRow(texts(label, *(cell(arm) for arm in arms))) for label, cell in CELLS.items()]
    return Grid(
        title=f"What each arm was given: {card.title} on {card.dataset}",
        headings=[Heading("per arm"), *(Heading(arm.arm) for arm in arms)],
        groups=[rows],
    )


def card_as_json(card: FairnessCard) -> str:
    """Return everything that is known, arm by arm and seed by seed; null is not recorded."""
    content = {
        "title": card.title,
        "dataset": card.dataset,
        "arms": [_arm_content(arm) for arm in card.arms],
        "warnings": list(card.warnings),
        "inherent": list(card.inherent),
        "remarks": list(card.remarks),
        "legend": LEGEND,
    }
    return json.dumps(content, indent=1, ensure_ascii=False)


def _arm_content(arm: ArmCard) -> dict[str, Any]:
    return {
        "arm": arm.arm,
        "frozen_parameters": arm.frozen_parameters,
        "trained": asdict(arm.trained),
        "whole": asdict(arm.whole),
        "failed_seeds": arm.num_failed,
        "shared": {name: list(others) for name, others in arm.shared.items()},
        "seeds": [_seed_content(one) for one in arm.seeds],
    }


def _seed_content(one: SeedCard) -> dict[str, Any]:
    return {
        "seed": one.seed,
        "is_done": one.is_done,
        "weights": one.weights,
        "published": list(one.published),
        "trainings": {
            part: asdict(training) | _derived(training) for part, training in one.trainings.items()
        },
        "frozen": {
            stage: asdict(part) | {"flops_per_second": part.flops_per_second}
            for stage, part in one.frozen.items()
        },
        "trained": asdict(one.trained),
        "whole": asdict(one.whole),
        "missing": list(one.missing),
    }


def _derived(training: Training) -> dict[str, float | None]:
    return {name: getattr(training, name) for name in OPERATIONS}
