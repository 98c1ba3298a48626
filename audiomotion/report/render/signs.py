"""Signs behind published figures that stand for verdicts."""

from collections.abc import Mapping
from typing import Final

from audiomotion.report.table import ResultTable
from audiomotion.report.verdicts import Verdict, Word

SIGNS: Final[Mapping[Word, str]] = {
    "reproduced": "=",
    "near": "≈",
    "better": "▲",
    "worse": "▼",
    "suspect source": "?",
    "not comparable": "",
}
"""A figure that does not compare has none: a note says why."""


def sign_of(verdict: Verdict | None) -> str:
    """Return what stands behind a published figure; mostly with a space before it."""
    sign = SIGNS[verdict.word] if verdict else ""
    return f" {sign}" if sign else ""


def sign_notes(table: ResultTable, where: str = "published figures") -> list[str]:
    """Return the sentence that explains the signs in use, which stand behind `where`."""
    rows = (*table.rows, *table.systems)
    used = {one.word for row in rows for own in row.verdicts for one in own.values()}
    told = [f"{sign} {word}" for word, sign in SIGNS.items() if sign and word in used]
    return [f"Signs behind {where}, what ours is: {', '.join(told)}."] if told else []
