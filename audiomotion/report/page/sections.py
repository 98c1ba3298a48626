"""What a report is made of: sections with a heading."""

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
