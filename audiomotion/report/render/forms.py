"""Every form that a table can be written in."""

import json
from collections.abc import Iterable
from enum import StrEnum

from audiomotion.report.cells import CellRecord
from audiomotion.report.render.grid import Sheet
from audiomotion.report.render.html import html_page
from audiomotion.report.render.latex import latex
from audiomotion.report.render.markdown import markdown
from audiomotion.report.render.terminal import plain
from audiomotion.report.render.tidy import as_csv, json_cells


class Form(StrEnum):
    """How a table is written."""

    terminal = "terminal"
    markdown = "markdown"
    csv = "csv"
    latex = "latex"
    html = "html"
    json = "json"


def written(
    form: Form, sheet: Sheet, cells: Iterable[CellRecord], *, title: str, label: str = ""
) -> str:
    r"""Return a table as text; the terminal's form without bold and colours.

    Args:
        form: The form.
        sheet: What people read.
        cells: What CSV and JSON hold: each figure with all that is known of it.
        title: Of the HTML page.
        label: `\label` of the LaTeX table.
    """
    match form:
        case Form.markdown:
            return markdown(sheet)
        case Form.html:
            return html_page(sheet, title)
        case Form.latex:
            return latex(sheet, label=label)
        case Form.csv:
            return as_csv(cells)
        case Form.json:
            content = {
                "title": title,
                "cells": json_cells(cells),
                "warnings": list(sheet.warnings),
                "notes": list(sheet.notes),
            }
            return json.dumps(content, indent=1, ensure_ascii=False) + "\n"
        case Form.terminal:
            return plain(sheet)
