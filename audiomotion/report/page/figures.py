"""The plots of a report: what is drawn, and how it becomes part of a page."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from audiomotion.report.page.sections import Section
from audiomotion.report.page.templating import rendered


@dataclass(frozen=True)
class Picture:
    """One plot."""

    svg: Markup
    """Inline SVG that is safe to put into the page; its colours are the page's variables."""
    caption: str


def figures_section(pictures: Sequence[Picture]) -> Section | None:
    """Return the section of all plots; None where there is none."""
    if not pictures:
        return None
    return Section("plots", "Plots", rendered("figures", figures=pictures))
