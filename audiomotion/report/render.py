"""A result table as text for a terminal, as Markdown and as JSON."""

import json

from rich.console import Console
from rich.table import Table

from audiomotion.report.metrics import METRICS, PUBLISHED_ONLY, Metric
from audiomotion.report.published import PublishedFigures, PublishedRow, published_rows
from audiomotion.report.statistics import Figure
from audiomotion.report.table import ResultTable, Row, table_columns


def print_table(table: ResultTable, console: Console) -> None:
    """Print the table and what its figures are and are not."""
    grid = Table(title=_title(table), title_justify="left", header_style="bold")
    for heading in headings(table):
        grid.add_column(heading, overflow="fold")
    for row in table.references:
        grid.add_row(*cells(row, table), style="dim")
    grid.add_section()
    for row in table.rows:
        grid.add_row(*cells(row, table))
    grid.add_section()
    for row in table.published_only:
        grid.add_row(*cells(row, table))
    console.print(grid)
    for row in table.rows:
        if row.reason:
            console.print(f"{row.name}: {row.reason}", style="red", markup=False, highlight=False)
    for note in table.notes:
        console.print(note, markup=False, highlight=False, soft_wrap=True)


def headings(table: ResultTable) -> list[str]:
    """Return the columns' headings."""
    own = ["arm", *(metric.heading for metric in METRICS)]
    return [*own, *(published_heading(source) for source in table.published)]


def published_heading(source: PublishedFigures) -> str:
    """Return the heading of a column of published figures, which names what it holds."""
    labels = " · ".join(metric.label for metric in _published_metrics(source))
    return f"published, {source.place} ({labels})"


def cells(row: Row, table: ResultTable) -> list[str]:
    """Return a row's cells, in the order of `headings`."""
    own = [row.name, *(_cell(row.figures.get(metric.key)) for metric in METRICS)]
    beside = row.published or [None] * len(table.published)
    pairs = zip(beside, table.published, strict=True)
    return [*own, *(_published_cell(found, source) for found, source in pairs)]


def _published_cell(row: PublishedRow | None, source: PublishedFigures) -> str:
    if row is None:
        return _cell(None)
    figures = (row.figures.get(metric.in_paper) for metric in _published_metrics(source))
    return " · ".join(_cell(figure) for figure in figures)


def _published_metrics(source: PublishedFigures) -> list[Metric]:
    """Return the metrics of a published table, whichever of its rows are shown."""
    rows = published_rows(source.table, source.dataset).values()
    keys = {key for row in rows for key in row.figures}
    return [metric for metric in (*METRICS, *PUBLISHED_ONLY) if metric.in_paper in keys]


def _cell(figure: Figure | None) -> str:
    return "–" if figure is None else str(figure)


def markdown(table: ResultTable) -> str:
    """Return the table and its notes as Markdown."""
    names = headings(table)
    lines = [
        f"**{_title(table)}**",
        "",
        "| " + " | ".join(names) + " |",
        "|" + "---|" * len(names),
    ]
    rows = [*table.references, *table.rows, *table.published_only]
    lines += ["| " + " | ".join(cells(row, table)) + " |" for row in rows]
    failures = [f"- {row.name}: {row.reason}" for row in table.rows if row.reason]
    notes = [f"- {note}" for note in table.notes]
    return "\n".join([*lines, "", *failures, *notes]) + "\n"


def as_json(table: ResultTable) -> str:
    """Return the table as JSON: columns, what was published, and the notes."""
    content = {
        "title": table.title,
        "dataset": table.dataset,
        "published": [
            {"table": source.table, "dataset": source.dataset, "variant": source.variant}
            for source in table.published
        ],
        "columns": table_columns(table),
        "notes": list(table.notes),
    }
    return json.dumps(content, indent=1, ensure_ascii=False)


def _title(table: ResultTable) -> str:
    return f"{table.title} on {table.dataset}"
