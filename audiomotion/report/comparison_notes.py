"""What a table says of its comparison: the rule of its marks, and what more seeds would settle."""

from collections.abc import Sequence

from audiomotion.report.comparison import Comparison, Tested
from audiomotion.report.metrics import METRICS


def comparison_notes(comparison: Comparison) -> list[str]:
    """Return a sentence on everything that a reader must know to read the comparison right."""
    notes = _not_as_planned(comparison.pairs)
    tested = [one for one in comparison.pairs if one.p_holm is not None]
    if tested:
        notes.insert(0, _rule(comparison, len(tested)))
        notes += _unsettled(comparison)
    return notes


def _rule(comparison: Comparison, num_pairs: int) -> str:
    marks = (
        "Bold: better than every other arm; underlined: better than every other arm but one; both "
        f"at 5 % after Holm over {num_pairs} tests (pairs of arms × metrics), over training seeds"
    )
    planned = sum(one.p_holm is not None for one in comparison.to_baseline)
    if not planned:
        return f"{marks}."
    return f"{marks}. Differences to {comparison.baseline}: 5 % after Holm over {planned} tests."


def _not_as_planned(pairs: Sequence[Tested]) -> list[str]:
    """Say once why pairs of arms have no test, or not the paired one."""
    arms: dict[str, list[str]] = {}
    for one in pairs:
        if one.difference.why:
            arms.setdefault(one.difference.why, []).append(f"{one.arm} and {one.other}")
    total = len({(one.arm, one.other) for one in pairs})
    notes = []
    for why, names in arms.items():
        named = list(dict.fromkeys(names))
        notes.append(f"{'All arms' if len(named) == total else ', '.join(named)}: {why}.")
    return notes


def _unsettled(comparison: Comparison) -> list[str]:
    """Say metric by metric how many seeds would show the leader to be the best."""
    told = []
    for metric in METRICS:
        if metric.key not in comparison.leaders:
            continue
        leader = comparison.leaders[metric.key]
        others = comparison.against_leader(metric.key)
        # Why some have no test is said once, by `_not_as_planned`.
        rest = [one for one in others if not one.significant and one.difference.test != "none"]
        if rest:
            named = ", ".join(f"{one.arm} {one.settled_by}" for one in rest)
            told.append(f"{metric.label}, {leader} against {named}")
    if not told:
        return []
    return [
        "Seeds that would settle which arm is best (80 % power at the corrected level, if the "
        f"differences are what these seeds show): {'; '.join(told)}."
    ]
