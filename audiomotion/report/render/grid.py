"""What every printed form of a table is made of: grids of cells, and sentences below them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from audiomotion.report.comparison import Mark

Kind = Literal["reference", "measured", "published"]
"""What stands in a row: the ceiling, what was measured, or what was only published."""


@dataclass(frozen=True)
class Cell:
    """One cell as a person reads it."""

    text: str
    mark: Mark | None = None
    """`best` is set in bold, `second` underlined."""
    sign: str = ""
    """A short sign behind the figure, which a sentence below explains."""
    hint: str = ""
    """What is shown where a pointer rests on it; never the only place where it is said."""
    repeated: bool = False
    """Whether it says what the row above says, so that print leaves it empty."""

    @property
    def printed(self) -> str:
        """What print shows."""
        return "" if self.repeated else self.text


@dataclass(frozen=True)
class GridRow:
    """One row; its first cells are headings of it."""

    cells: Sequence[Cell]
    kind: Kind = "measured"


@dataclass(frozen=True)
class Heading:
    """The heading of a column; neighbours of one group share a heading above."""

    label: str
    group: str = ""


@dataclass(frozen=True)
class Grid:
    """One table of rows and columns."""

    title: str
    headings: Sequence[Heading]
    groups: Sequence[Sequence[GridRow]]
    """Rows; a rule stands between two groups."""
    num_row_headings: int = 1
    """Columns that name the row; the others hold figures."""


@dataclass(frozen=True)
class Sheet:
    """All of a table: its grids and what must be known to read them right."""

    grids: Sequence[Grid]
    warnings: Sequence[str]
    """What must not be overlooked: arms without a result, and what was not alike."""
    notes: Sequence[str]
    """What the figures are and are not."""


def texts(*values: str) -> list[Cell]:
    """Return plain cells."""
    return [Cell(value) for value in values]


def plain_grid(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Grid:
    """Return a grid of plain texts; the first cell of a row is its heading."""
    return Grid(
        title, [Heading(name) for name in columns], [[GridRow(texts(*row)) for row in rows]]
    )
