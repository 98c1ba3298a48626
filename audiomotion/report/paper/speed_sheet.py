"""Table 4 of the paper: speeds beside the published ones, and how well both systems do."""

from collections.abc import Iterator, Mapping
from typing import Final

from audiomotion.report.metrics import METRICS
from audiomotion.report.paper.layouts import DATASET_LABELS
from audiomotion.report.paper.speeds import SpeedRecord, SystemSpeed, batch_label
from audiomotion.report.paper.table import Measured, PaperTable
from audiomotion.report.render.grid import Cell, Grid, GridRow, Heading, texts
from audiomotion.report.render.sheet import figure_text
from audiomotion.report.render.signs import SIGNS
from audiomotion.report.statistics import Figure
from audiomotion.report.table import Row
from audiomotion.report.word_errors import WordErrors

_METRIC: Final = "samples_per_second"


def speed_rows(paper: PaperTable) -> list[list[GridRow]]:
    """Return the rows of the main grid: each published speed, and below it those measured here."""
    block = paper.blocks[0]
    return [
        list(_rows(paper, name, row.figures.get(_METRIC))) for name, row in block.published.items()
    ]


def _rows(paper: PaperTable, name: str, published: Figure | None) -> Iterator[GridRow]:
    headings = ["not said", *paper.layout.rows[name]]
    yield GridRow(texts(*headings, "published", figure_text(published)), "published")
    if paper.speeds is None:
        return
    headings[0] = "made-up instructions"
    for speed in paper.speeds.speeds:
        if speed.system == name:
            yield GridRow([*texts(*headings, _label(speed)), _cell(paper.speeds, speed)])


def _label(speed: SystemSpeed) -> str:
    return f"measured, {batch_label(speed)}"


def _cell(record: SpeedRecord, speed: SystemSpeed) -> Cell:
    return Cell(figure_text(speed.figure), sign=SIGNS[record.verdict(speed).word], hint=record.name)


def speed_notes(record: SpeedRecord | None) -> Iterator[str]:
    """Yield what must be known to read the speeds right."""
    if record is None:
        yield "No speed was measured here: `amx bench cascade` does."
        return
    yield f"Speeds: {record.name} of {record.created}, on {record.device}."
    if record.obstacles:
        yield f"Speeds do not compare with the published ones: {'; '.join(record.obstacles)}."
    ratios = ", ".join(f"{ratio} at batch {size}" for size, ratio in record.ratios.items())
    yield f"End-to-end over cascade, in the same run: {ratios}; published 1.786."
    systems = "; ".join(f"{name}: {label}" for name, label in record.weights.items())
    yield f"Weights of what was timed: {systems}. Loading is not in the speeds."
    yield f"Tokens of a transcript: {record.transcript_tokens}."


def quality_grid(paper: PaperTable, measured: Measured) -> Grid:
    """Return how well the arms of a launch do, and how much its cascade mishears."""
    dataset = measured.table.dataset
    heard = paper.word_errors.get(measured.run.id, {})
    rows = [*measured.table.references, *measured.table.rows]
    return Grid(
        title=f"What both systems make of it, on {DATASET_LABELS.get(dataset, dataset)}",
        headings=[
            Heading("arm"),
            *(Heading(metric.heading) for metric in METRICS),
            Heading("word error rate ↓"),
        ],
        groups=[[GridRow([*_figures(measured, row), Cell(_rate(row, heard))]) for row in rows]],
    )


def _figures(measured: Measured, row: Row) -> list[Cell]:
    marks, hint = measured.table.comparison.marks, " ".join(dict.fromkeys(row.artifacts.values()))
    return [
        Cell(row.name),
        *(
            Cell(figure_text(row.figures.get(one.key)), marks.get((row.name, one.key)), hint=hint)
            for one in METRICS
        ),
    ]


def _rate(row: Row, heard: Mapping[str, WordErrors]) -> str:
    found = heard.get(row.name)
    return "–" if found is None else f"{found.rate:.3f} ({found.words:,} words)"
