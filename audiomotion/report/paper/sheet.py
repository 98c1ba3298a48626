"""A table of the paper in its own layout, published and measured figures below each other."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from audiomotion.orchestrate.records import RunRecord
from audiomotion.report.metrics import METRICS, PUBLISHED_ONLY
from audiomotion.report.paper.layouts import DATASET_LABELS, PaperLayout
from audiomotion.report.paper.speed_sheet import quality_grid, speed_notes, speed_rows
from audiomotion.report.paper.speeds import TABLE as SPEED_TABLE
from audiomotion.report.paper.table import Block, Measured, PaperTable
from audiomotion.report.published import PublishedRow
from audiomotion.report.render.grid import Cell, Grid, GridRow, Heading, Kind, Sheet, texts
from audiomotion.report.render.sheet import (
    difference_grids,
    figure_text,
    noise_grids,
    warnings_of,
)
from audiomotion.report.render.signs import sign_notes, sign_of
from audiomotion.report.table import ResultTable, Row

_IN_PAPER = {metric.key: metric.in_paper for metric in (*METRICS, *PUBLISHED_ONLY)}


def paper_sheet(paper: PaperTable) -> Sheet:
    """Return what every printed form of a table of the paper shows."""
    layout, measured = paper.layout, [block.measured for block in paper.blocks if block.measured]
    num_headings = len(layout.row_headings) + 2
    grid = Grid(
        title=f"Table {layout.number}. {layout.caption}",
        headings=[
            *map(Heading, ("Datasets", *layout.row_headings, "Figures")),
            *(Heading(column.label, column.group) for column in layout.columns),
        ],
        groups=[_repeats_marked(group, num_headings) for group in _main_groups(paper)],
        num_row_headings=num_headings,
    )
    tables = [one.table for one in measured]
    quality = [quality_grid(paper, one) for one in measured] if _is_of_speed(paper) else []
    return Sheet(
        grids=[grid, *quality, *(own for table in tables for own in _statistics(table))],
        warnings=[sentence for one in measured for sentence in _warnings(one, measured)],
        notes=list(_notes(paper)),
    )


def _statistics(table: ResultTable) -> Iterator[Grid]:
    for grid in (*difference_grids(table), *noise_grids(table)):
        yield replace(grid, title=f"{grid.title}: {table.title} on {table.dataset}")


def _is_of_speed(paper: PaperTable) -> bool:
    return paper.layout.number == SPEED_TABLE


def _main_groups(paper: PaperTable) -> Iterator[list[GridRow]]:
    return iter(speed_rows(paper)) if _is_of_speed(paper) else _groups(paper)


def _groups(paper: PaperTable) -> Iterator[list[GridRow]]:
    for block in paper.blocks:
        if block.measured:
            yield from filter(None, _ceiling(paper.layout, block, block.measured))
        yield list(_rows(paper.layout, block))


def _ceiling(layout: PaperLayout, block: Block, measured: Measured) -> Iterator[list[GridRow]]:
    yield [
        _measured_row(layout, block, measured, [row.name], row, "reference")
        for row in measured.table.references
    ]


def _rows(layout: PaperLayout, block: Block) -> Iterator[GridRow]:
    """Yield the paper's rows, what was measured below each, and arms that the paper has not."""
    for name in layout.rows:
        yield _published_row(layout, block, block.published[name])
        yield from _beside(layout, block, name)
    yield from _beside(layout, block, None)


def _beside(layout: PaperLayout, block: Block, name: str | None) -> Iterator[GridRow]:
    if block.measured is None:
        return
    for row in block.measured.rows_of(name):
        headings = [row.name] if name is None else layout.rows[name]
        yield _measured_row(layout, block, block.measured, headings, row)


def _published_row(layout: PaperLayout, block: Block, row: PublishedRow) -> GridRow:
    names = _names(layout, block, layout.rows[row.name])
    figures = (row.figures.get(_IN_PAPER[column.metric]) for column in layout.columns)
    return GridRow(texts(*names, _published_label(block), *map(figure_text, figures)), "published")


def _published_label(block: Block) -> str:
    """Return what stands before published figures: where not the block's data set, on which."""
    if block.published_dataset in (None, block.dataset):
        return "published"
    return f"published, {DATASET_LABELS[block.published_dataset]}"


def _measured_row(
    layout: PaperLayout,
    block: Block,
    measured: Measured,
    headings: Sequence[str],
    row: Row,
    kind: Kind = "measured",
) -> GridRow:
    names = _names(layout, block, headings)
    cells = [_cell(measured, row, column.metric) for column in layout.columns]
    # Where the heading is the paper's name of the row: which of ours it is.
    label = "measured" if row.name == headings[0] else f"measured: {row.name}"
    return GridRow([*texts(*names, label), *cells], kind)


def _cell(measured: Measured, row: Row, metric: str) -> Cell:
    return Cell(
        figure_text(row.figures.get(metric)),
        measured.table.comparison.marks.get((row.name, metric)),
        sign_of(measured.verdict(row, metric)).strip(),
        hint=" ".join(dict.fromkeys(row.artifacts.values())),
    )


def _names(layout: PaperLayout, block: Block, headings: Sequence[str]) -> list[str]:
    dataset = block.dataset or "not said"
    padding = [""] * (len(layout.row_headings) - len(headings))
    return [DATASET_LABELS.get(dataset, dataset), *headings, *padding]


def _repeats_marked(rows: Sequence[GridRow], num_headings: int) -> list[GridRow]:
    """Return the rows, those of their leading headings marked that the row above has as well."""
    shown, above = [], [""] * num_headings
    for row in rows:
        own = [cell.text for cell in row.cells[:num_headings]]
        same = next((n for n, (a, b) in enumerate(zip(own, above, strict=True)) if a != b), 0)
        repeated = [replace(cell, repeated=True) for cell in row.cells[:same]]
        shown.append(replace(row, cells=[*repeated, *row.cells[same:]]))
        above = own
    return shown


def _notes(paper: PaperTable) -> Iterator[str]:
    measured = [block.measured for block in paper.blocks if block.measured]
    if _is_of_speed(paper):
        yield from speed_notes(paper.speeds)
    for block in paper.blocks:
        if block.measured is None:
            if not _is_of_speed(paper):
                yield f"Published only, nothing measured here: {_label(block.dataset)}."
            continue
        yield f"Measured: {_named(block.measured.run)}."
        prefix = _prefix(block.measured, measured)
        table = block.measured.table
        for note in (*table.notes, *sign_notes(table, "measured figures")):
            yield prefix + note


def _warnings(one: Measured, measured: Sequence[Measured]) -> list[str]:
    return [_prefix(one, measured) + sentence for sentence in warnings_of(one.table)]


def _prefix(one: Measured, measured: Sequence[Measured]) -> str:
    """Return what stands before a sentence on one of several launches: its data set, or its id."""
    if len(measured) == 1:
        return ""
    alone = [other.run.dataset for other in measured].count(one.run.dataset) == 1
    return f"{_label(one.run.dataset) if alone else one.run.id}: "


def _label(dataset: str | None) -> str:
    return DATASET_LABELS.get(dataset or "", dataset or "data set not said")


def _named(run: RunRecord) -> str:
    return f"launch {run.id}, finished {run.updated or run.created}"
