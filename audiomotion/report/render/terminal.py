"""A sheet on a terminal."""

from io import StringIO
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from audiomotion.report.render.grid import Cell, Grid, GridRow, Sheet

_WIDE: Final = 250
_STYLES: Final = {"best": "bold", "second": "underline", None: ""}


def print_sheet(sheet: Sheet, console: Console) -> None:
    """Print every grid, and what its figures are and are not."""
    for grid in sheet.grids:
        console.print(_table(grid))
    for warning in sheet.warnings:
        console.print(warning, style="red", markup=False, highlight=False)
    for note in sheet.notes:
        console.print(note, markup=False, highlight=False, soft_wrap=True)


def plain(sheet: Sheet) -> str:
    """Return what a wide terminal without styles shows."""
    stream = StringIO()
    print_sheet(sheet, Console(file=stream, width=_WIDE, no_color=True, highlight=False))
    return stream.getvalue()


def _table(grid: Grid) -> Table:
    table = Table(title=Text(grid.title), title_justify="left", header_style="bold")
    for heading in grid.headings:
        table.add_column(Text(f"{heading.group} {heading.label}".strip()), overflow="fold")
    for group in grid.groups:
        for row in group:
            style = "dim" if row.kind == "reference" else None
            table.add_row(*_cells(row), style=style)
        table.add_section()
    return table


def _cells(row: GridRow) -> list[Text]:
    return [_text(cell) for cell in row.cells]


def _text(cell: Cell) -> Text:
    text = Text(cell.printed, style=_STYLES[cell.mark])
    return text.append(f" {cell.sign}", style="") if cell.sign else text
