"""A sheet on a terminal."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from audiomotion.report.render.grid import Cell, Grid, GridRow, Sheet

_STYLES = {"best": "bold", "second": "underline", None: ""}


def print_sheet(sheet: Sheet, console: Console) -> None:
    """Print every grid, and what its figures are and are not."""
    for grid in sheet.grids:
        console.print(_table(grid))
    for failure in sheet.failures:
        console.print(failure, style="red", markup=False, highlight=False)
    for note in sheet.notes:
        console.print(note, markup=False, highlight=False, soft_wrap=True)


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
    text = Text(cell.text, style=_STYLES[cell.mark])
    return text.append(f" {cell.sign}", style="") if cell.sign else text
