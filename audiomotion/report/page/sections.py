"""What a report is made of: sections with a heading, and tables in them."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup


@dataclass(frozen=True)
class Section:
    """One part of the page, in the table of contents under its title."""

    id: str
    """Names it in links: letters and hyphens."""
    title: str
    html: Markup
    """Content that is safe to put into the page."""


@dataclass(frozen=True)
class Grid:
    """A small table of texts; the first cell of a row is its heading."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
