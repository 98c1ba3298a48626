"""A sheet as HTML, to be read with eyes or with a screen reader."""

from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby

from audiomotion.report.render.grid import Cell, Grid, GridRow, Heading, Sheet

_TAGS = {"best": "strong", "second": "u"}

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:1rem auto;padding:0 1rem;"
    "color-scheme:light dark}"
    ".grid{overflow-x:auto}table{border-collapse:collapse;margin:1rem 0}"
    "caption{text-align:left;font-weight:bold}th,td{padding:.25rem .6rem;text-align:left;"
    "white-space:nowrap}thead{border-bottom:2px solid}tbody{border-bottom:1px solid}"
    ".published{font-style:italic}.repeated{opacity:.7}"
)


def html_page(sheet: Sheet, title: str) -> str:
    """Return a whole page that needs nothing else."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(title)}</title>"
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<style>{_STYLE}</style></head><body>\n<main>\n<h1>{escape(title)}</h1>\n"
        f"{html_sheet(sheet)}\n</main></body></html>\n"
    )


def html_sheet(sheet: Sheet) -> str:
    """Return every grid as a `<table>`, then warnings and notes as lists."""
    parts = [f'<div class="grid">{html_grid(grid)}</div>' for grid in sheet.grids]
    parts += _list("warnings", sheet.warnings) + _list("notes", sheet.notes)
    return "\n".join(parts)


def html_grid(grid: Grid) -> str:
    """Return one grid as a `<table>` with caption and scopes; rows have the class of their kind."""
    groups = "".join(
        "<tbody>" + "".join(_row(row, grid.num_row_headings) for row in group) + "</tbody>\n"
        for group in grid.groups
    )
    head = "".join(f"<tr>{''.join(line)}</tr>" for line in _head(grid.headings))
    # A page may keep the title in sight while the table scrolls under it.
    caption = f"<caption><span>{escape(grid.title)}</span></caption>"
    return f"<table>{caption}\n<thead>{head}</thead>\n{groups}</table>"


def _head(headings: Sequence[Heading]) -> Iterator[Sequence[str]]:
    """Yield the lines of headings: groups above, if there are any, then the columns."""
    if not any(heading.group for heading in headings):
        yield [_th(heading.label, "col") for heading in headings]
        return
    above = []
    for group, members in groupby(headings, key=lambda heading: heading.group):
        own = list(members)
        if group:
            above.append(_th(group, "colgroup", colspan=len(own)))
        else:
            above += [_th(heading.label, "col", rowspan=2) for heading in own]
    yield above
    yield [_th(heading.label, "col") for heading in headings if heading.group]


def _th(label: str, scope: str, **spans: int) -> str:
    attributes = "".join(f' {name}="{value}"' for name, value in spans.items())
    return f'<th scope="{scope}"{attributes}>{escape(label)}</th>'


def _row(row: GridRow, num_headings: int) -> str:
    first = "".join(f'<th scope="row">{_inside(c)}</th>' for c in row.cells[:num_headings])
    rest = "".join(f"<td{_hint(c)}>{_inside(c)}</td>" for c in row.cells[num_headings:])
    return f'<tr class="{row.kind}">{first}{rest}</tr>'


def _inside(cell: Cell) -> str:
    text = escape(cell.text)
    if cell.mark:
        text = f"<{_TAGS[cell.mark]}>{text}</{_TAGS[cell.mark]}>"
    if cell.repeated:
        text = f'<span class="repeated">{text}</span>'
    return f"{text} {escape(cell.sign)}".rstrip()


def _hint(cell: Cell) -> str:
    return f' title="{escape(cell.hint)}"' if cell.hint else ""


def _list(name: str, sentences: Sequence[str]) -> list[str]:
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
    return [f'<ul class="{name}">{items}</ul>'] if items else []
