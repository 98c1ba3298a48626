"""A sheet as Markdown: bold where the best is earned, `<ins>` (underlined) for the second."""

from collections.abc import Iterable

from audiomotion.report.render.grid import Cell, Grid, Sheet


def markdown(sheet: Sheet) -> str:
    """Return every grid as a Markdown table, then warnings and notes as a list."""
    below = [f"- {sentence}" for sentence in (*sheet.warnings, *sheet.notes)]
    return "\n".join([*(_grid(grid) for grid in sheet.grids), *below]) + "\n"


def _grid(grid: Grid) -> str:
    names = [f"{heading.group} {heading.label}".strip() for heading in grid.headings]
    rows = [row for group in grid.groups for row in group]
    lines = [
        f"**{_escaped(grid.title)}**",
        "",
        _line(_escaped(name) for name in names),
        "|" + "---|" * len(names),
        *(_line(_cell(cell) for cell in row.cells) for row in rows),
        "",
    ]
    return "\n".join(lines)


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _cell(cell: Cell) -> str:
    text = _escaped(cell.printed)
    marked = {"best": f"**{text}**", "second": f"<ins>{text}</ins>", None: text}[cell.mark]
    return f"{marked} {cell.sign}".rstrip()


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")
