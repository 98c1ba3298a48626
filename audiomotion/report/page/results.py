"""The table of a launch in a report, with what its figures are and are not."""

from markupsafe import Markup

from audiomotion.report.page.sections import Section
from audiomotion.report.page.templating import rendered
from audiomotion.report.render import cells, headings
from audiomotion.report.table import ResultTable, Row


def results_section(table: ResultTable) -> Section:
    """Return the table beside published figures, and its notes."""
    html = rendered("results", table=html_table(table), notes=table.notes)
    return Section("results", "Results", html)


def html_table(table: ResultTable) -> Markup:
    """Return the table as a `<table>`."""
    groups = (
        ("reference", table.references),
        ("", table.rows),
        ("published", table.published_only),
    )
    return rendered(
        "result_table",
        caption=f"{table.title} on {table.dataset}, beside published figures",
        headings=headings(table),
        rows=[_shown(row, kind, table) for kind, rows in groups for row in rows],
    )


def _shown(row: Row, kind: str, table: ResultTable) -> dict[str, object]:
    return {"kind": kind, "cells": cells(row, table), "reason": row.reason}
