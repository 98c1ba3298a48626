"""A result table as text for a terminal, as Markdown and as JSON."""

import json

from rich.console import Console
from rich.table import Table

from audiomotion.report.metrics import METRICS, Metric
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
    console.print(grid)
    for row in table.rows:
        if row.reason:
            console.print(f"{row.name}: {row.reason}", style="red", markup=False, highlight=False)
    for note in table.notes:
        console.print(note, markup=False, highlight=False, soft_wrap=True)


def headings(table: ResultTable) -> list[str]:
    """Return the columns' headings."""
    own = ["arm", *(metric.heading for metric in METRICS)]
    return [*own, published_heading(table)] if _published_metrics(table) else own


def published_heading(table: ResultTable) -> str:
    """Return the heading of the column of published figures, which names what it holds."""
    labels = " · ".join(metric.label for metric in _published_metrics(table))
    return f"published, table {table.published_table}, {table.published_dataset} ({labels})"


def cells(row: Row, table: ResultTable) -> list[str]:
    """Return a row's cells, in the order of `headings`."""
    own = [row.name, *(_cell(row.figures.get(metric.key)) for metric in METRICS)]
    if not _published_metrics(table):
        return own
    published = [
        row.published.get(metric.published or metric.key) for metric in _published_metrics(table)
    ]
    text = " · ".join(_cell(figure) for figure in published) if any(published) else "–"
    return [*own, text]


def _published_metrics(table: ResultTable) -> list[Metric]:
    keys = {key for row in table.rows for key in row.published}
    return [metric for metric in METRICS if (metric.published or metric.key) in keys]


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
    lines += [
        "| " + " | ".join(cells(row, table)) + " |" for row in [*table.references, *table.rows]
    ]
    failures = [f"- {row.name}: {row.reason}" for row in table.rows if row.reason]
    notes = [f"- {note}" for note in table.notes]
    return "\n".join([*lines, "", *failures, *notes]) + "\n"


def as_json(table: ResultTable) -> str:
    """Return the table as JSON: columns, what was published, and the notes."""
    content = {
        "title": table.title,
        "dataset": table.dataset,
        "published_table": table.published_table,
        "columns": table_columns(table),
        "notes": list(table.notes),
    }
    return json.dumps(content, indent=1, ensure_ascii=False)


def _title(table: ResultTable) -> str:
    return f"{table.title} on {table.dataset}"
