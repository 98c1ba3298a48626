"""Sections that are tables: what was measured, what each arm was given, what a probe hears."""

from audiomotion.report.page.sections import Section
from audiomotion.report.page.templating import rendered
from audiomotion.report.render.grid import Sheet


def sheet_section(name: str, title: str, sheet: Sheet) -> Section:
    """Return a section of a sheet: its tables, and what must be known to read them right.

    Args:
        name: Names it in links.
        title: Its heading.
        sheet: The tables.
    """
    return Section(name, title, rendered("sheet", label=title, sheet=sheet))
