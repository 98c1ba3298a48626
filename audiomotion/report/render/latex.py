"""A sheet as LaTeX with booktabs."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final

from audiomotion.report.render.grid import Cell, Grid, Heading, Sheet

_SPECIAL: Final = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
    "↓": r"$\downarrow$",
    "↑": r"$\uparrow$",
    "→": r"$\rightarrow$",
    "≈": r"$\approx$",
    "≤": r"$\leq$",
    "√": r"$\surd$",
    "×": r"$\times$",
    "·": r"$\cdot$",
    "−": r"$-$",
    "²": r"$^2$",
    "▲": r"$\blacktriangle$",
    "▼": r"$\blacktriangledown$",
    "–": "--",
}  # ▲ and ▼ need amssymb
_PATTERN: Final = re.compile("|".join(map(re.escape, _SPECIAL)))


def latex(sheet: Sheet, *, label: str = "") -> str:
    r"""Return each grid as a `table` float; warnings and notes stand as comments, to be cited.

    Args:
        sheet: What to print.
        label: `\label` of the first grid; none where it is empty.
    """
    floats = [_float(grid, label if not place else "") for place, grid in enumerate(sheet.grids)]
    below = [f"% {sentence}" for sentence in (*sheet.warnings, *sheet.notes)]
    needs = "% needs \\usepackage{booktabs,amssymb}"
    return "\n".join([needs, *floats, *below]) + "\n"


def _float(grid: Grid, label: str) -> str:
    named = [f"\\label{{{label}}}"] if label else []
    columns = "l" * grid.num_row_headings
    columns += "c" * (len(grid.headings) - grid.num_row_headings)
    lines = [
        r"\begin{table}[t]",
        r"\centering",
        f"\\caption{{{escaped(grid.title)}}}",
        *named,
        f"\\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        *_head(grid.headings),
        r"\midrule",
        *_body(grid),
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines)


def _head(headings: Sequence[Heading]) -> Iterator[str]:
    if any(heading.group for heading in headings):
        yield from _group_lines(headings)
    yield _line(escaped(heading.label) for heading in headings)


def _group_lines(headings: Sequence[Heading]) -> Iterator[str]:
    """Yield the line of group headings, and a rule below each."""
    cells, rules, first = [], [], 1
    for group, members in groupby(headings, key=lambda heading: heading.group):
        count = len(list(members))
        if group:
            cells.append(f"\\multicolumn{{{count}}}{{c}}{{{escaped(group)}}}")
            rules.append(f"\\cmidrule(lr){{{first}-{first + count - 1}}}")
        else:
            cells += [""] * count
        first += count
    yield _line(cells)
    yield "".join(rules)


def _body(grid: Grid) -> Iterator[str]:
    for place, group in enumerate(grid.groups):
        if place:
            yield r"\midrule"
        yield from (_line(map(_cell, row.cells)) for row in group)


def _line(cells: Iterable[str]) -> str:
    return " & ".join(cells) + r" \\"


def _cell(cell: Cell) -> str:
    text = escaped(cell.printed)
    marked = {"best": rf"\textbf{{{text}}}", "second": rf"\underline{{{text}}}", None: text}
    sign = f"~{escaped(cell.sign)}" if cell.sign else ""
    return marked[cell.mark] + sign


def escaped(text: str) -> str:
    """Return text as LaTeX shows it."""
    return _PATTERN.sub(lambda found: _SPECIAL[found.group()], text)
