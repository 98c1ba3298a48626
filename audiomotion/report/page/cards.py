"""Sections that are a table: who else measures something of a launch hands over its rows."""

from collections.abc import Sequence

from audiomotion.report.page.sections import Grid, Section
from audiomotion.report.page.templating import rendered


def fairness_section(table: Grid, notes: Sequence[str] = ()) -> Section:
    """Return the section that says whether the arms had equal chances.

    Args:
        table: A row an arm: parameters, operations, time.
        notes: Warnings, a sentence each, which stand above the table.
    """
    return _card("fairness", "Fairness of the arms", table, notes)


def speaker_probe_section(table: Grid, notes: Sequence[str] = ()) -> Section:
    """Return the section that says how much of the speaker is in what the arms pass on.

    Args:
        table: A row an arm.
        notes: What was asked of the probe, a sentence each, which stand above the table.
    """
    return _card("speaker-probe", "Speaker probe", table, notes)


def _card(name: str, title: str, table: Grid, notes: Sequence[str]) -> Section:
    return Section(name, title, rendered("card", table=table, paragraphs=notes))
