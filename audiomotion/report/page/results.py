"""Sections that are tables: what was measured, what each arm was given, what a probe hears."""

from markupsafe import Markup

from audiomotion.report.page.sections import Section
from audiomotion.report.page.templating import rendered
from audiomotion.report.render.grid import Sheet
from audiomotion.report.render.html import html_grid


def sheet_section(name: str, title: str, sheet: Sheet) -> Section:
    """Return a section of a sheet: its tables, and what must be known to read them right.

    Args:
        name: Names it in links.
        title: Its heading.
        sheet: The tables.
    """
    html = rendered(
        "sheet",
        label=title,
        grids=[Markup(html_grid(grid)) for grid in sheet.grids],
        warnings=sheet.warnings,
        notes=sheet.notes,
    )
    return Section(name, title, html)
