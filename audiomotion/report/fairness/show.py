"""A fairness card as text for a terminal, as Markdown, HTML and JSON."""

import html
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from audiomotion.report.fairness.card import ArmCard, FairnessCard
from audiomotion.report.fairness.cells import CELLS, LEGEND
from audiomotion.report.fairness.seed_card import SeedCard
from audiomotion.report.fairness.spending import OPERATIONS, Training

_ARMS_ABREAST: Final = 4
"""Arms that stand side by side in a terminal."""


def headings() -> list[str]:
    """Return the columns' headings; an arm is a row."""
    return ["arm", *CELLS]


def rows(card: FairnessCard) -> list[list[str]]:
    """Return the cells of each arm, in the order of `headings`."""
    return [[arm.arm, *(cell(arm) for cell in CELLS.values())] for arm in card.arms]


def print_card(card: FairnessCard, console: Console) -> None:
    """Print the card, an arm a column, and its sentences."""
    for start in range(0, len(card.arms), _ARMS_ABREAST):
        console.print(_grid(card, card.arms[start : start + _ARMS_ABREAST]))
    for sentence in card.warnings:
        console.print(f"warning: {sentence}", style="yellow", markup=False, highlight=False)
    for sentence in (*card.inherent, *card.remarks, LEGEND):
        console.print(sentence, markup=False, highlight=False, soft_wrap=True)


def _grid(card: FairnessCard, arms: Sequence[ArmCard]) -> Table:
    grid = Table(title=_title(card), title_justify="left", header_style="bold")
    for heading in ("", *(arm.arm for arm in arms)):
        grid.add_column(heading, overflow="fold")
    for heading, cell in CELLS.items():
        grid.add_row(heading, *(cell(arm) for arm in arms))
    return grid


def markdown_card(card: FairnessCard) -> str:
    """Return the card and its sentences as Markdown."""
    names = headings()
    lines = [
        f"**{_title(card)}**",
        "",
        "| " + " | ".join(names) + " |",
        "|" + "---|" * len(names),
        *("| " + " | ".join(cells) + " |" for cells in rows(card)),
        "",
        *(f"- {sentence}" for sentence in _sentences(card)),
    ]
    return "\n".join(lines) + "\n"


def html_card(card: FairnessCard) -> str:
    """Return the card as an HTML table, and its sentences as a list."""

    def row(cells: Sequence[str], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"

    body = "\n".join(row(cells, "td") for cells in rows(card))
    said = "\n".join(f"<li>{html.escape(sentence)}</li>" for sentence in _sentences(card))
    return (
        f'<table class="fairness">\n<caption>{html.escape(_title(card))}</caption>\n'
        f"<thead>{row(headings(), 'th')}</thead>\n<tbody>\n{body}\n</tbody>\n</table>\n"
        f'<ul class="fairness">\n{said}\n</ul>\n'
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


def _sentences(card: FairnessCard) -> list[str]:
    warnings = (f"Warning: {sentence}" for sentence in card.warnings)
    return [*warnings, *card.inherent, *card.remarks, LEGEND]


def _title(card: FairnessCard) -> str:
    return f"What each arm was given: {card.title} on {card.dataset}"
