"""What a table says of its verdicts."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from audiomotion.report.published import PublishedFigures
from audiomotion.report.table import Row
from audiomotion.report.verdicts import Verdict

_RULE: Final = (
    "with h = √(h published² + h ours²), an unpublished h being 2 % of the value: reproduced where "
    "the difference is at most h, near at most 3 h, better or worse beyond"
)


def verdict_notes(rows: Sequence[Row], published: Sequence[PublishedFigures]) -> list[str]:
    """Return a sentence on each published table that ours stand beside."""
    return [
        note
        for place, source in enumerate(published)
        for note in _notes(source, [row.verdicts[place] for row in rows if row.verdicts])
    ]


def _notes(source: PublishedFigures, rows: Sequence[Mapping[str, Verdict]]) -> Iterator[str]:
    verdicts = [one for row in rows for one in row.values()]
    compared = [one for one in verdicts if one.word != "not comparable"]
    reasons = _reasons(verdicts)
    if any(one.word != "suspect source" for one in compared):
        yield f"Verdicts beside {source.place}: {_RULE}."
    if reasons:
        which = "No figure compares" if not compared else "Not comparable"
        yield f"{which} with {source.place}: {'; '.join(reasons)}."


def _reasons(verdicts: Sequence[Verdict]) -> list[str]:
    """Return why figures do not compare, the reason of most of them first."""
    counts: dict[str, int] = defaultdict(int)
    for one in verdicts:
        for reason in one.why.split("; ") if one.word == "not comparable" else ():
            counts[reason] += 1
    return sorted(counts, key=lambda reason: -counts[reason])
