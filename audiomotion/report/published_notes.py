"""What the published figures beside a launch are and are not."""

from collections import defaultdict
from collections.abc import Sequence

from audiomotion.config.combinations import split
from audiomotion.orchestrate.records import RunRecord
from audiomotion.report.metrics import METRICS, PUBLISHED_ONLY
from audiomotion.report.published import PublishedFigures


def published_notes(beside: Sequence[PublishedFigures]) -> list[str]:
    """Return a sentence on every published figure that must not be read as it stands."""
    return [
        note
        for source in beside
        for note in (*_systems(source), *_unmeasured(source), *_suspects(source))
    ]


def other_data(record: RunRecord, beside: Sequence[PublishedFigures]) -> str:
    """Return how the launch's data differ from those of the published figures, to be appended."""
    sets = [
        f"not {source.dataset} of the paper's table {source.table}"
        for source in beside
        if source.dataset not in (None, record.dataset)
    ]
    tested = sorted({str(arm.experiment["test_variant"]) for arm in record.arms})
    variants = [
        f"tested on {' and '.join(tested)} captions, not {source.variant} as in table "
        f"{source.table}"
        for source in beside
        if tested != [source.variant]
    ]
    return "".join(f", {words}" for words in (*sets, *variants))


def _systems(source: PublishedFigures) -> list[str]:
    """Say whose figures stand beside which arm, and which rows are no arm."""
    arms: dict[str, list[str]] = defaultdict(list)
    for arm, row in source.rows.items():
        if row.system != row.name or row.name not in split(arm):
            arms[row.system].append(arm)
    told = [f"{system} ({', '.join(names)})" for system, names in arms.items()]
    notes = [f"Published beside, of {source.place}: {', '.join(told)}."] if told else []
    if source.others:
        names = ", ".join(row.system for row in source.others)
        notes.append(f"Published only, of {source.place}: {names}.")
    return notes


def _unmeasured(source: PublishedFigures) -> list[str]:
    """Say which published figures have none of ours to stand beside."""
    figures = {key for row in source.rows.values() for key in row.figures}
    labels = [metric.label for metric in PUBLISHED_ONLY if metric.in_paper in figures]
    return [f"Of table {source.table}, {label} is not measured here." for label in labels]


def _suspects(source: PublishedFigures) -> list[str]:
    labels = {metric.in_paper: metric.label for metric in METRICS}
    return [
        f"The published {labels[key]} of {arm} is very likely a slip of the paper's table "
        f"{source.table}."
        for arm, row in source.rows.items()
        for key in row.suspect
    ]
