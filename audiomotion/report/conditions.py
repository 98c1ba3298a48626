"""What figures were measured under, ours and the published ones, and the verdicts that follow."""

from collections.abc import Mapping, Sequence
from typing import Final

from audiomotion.orchestrate.records import ArmRecord
from audiomotion.report.metrics import METRICS
from audiomotion.report.published import PublishedFigures, PublishedRow
from audiomotion.report.statistics import Figure
from audiomotion.report.verdicts import Conditions, Verdict, obstacles, verdict

_PRETRAINED: Final = "pre-trained"
_PUBLISHED: Final = "the published one"
_TRAINED_ON_SEVERAL: Final = 2
"""The published table whose rows differ in the captions trained on."""
_SUSPECT: Final = "the published figure is very likely a slip"


def conditions_of(arm: ArmRecord, dataset: str) -> Conditions:
    """Return what an arm was measured under, on a data set."""
    evaluator, protocol = arm.experiment["evaluator"], arm.experiment["evaluation"]
    kinds = evaluator["weights"], evaluator["word_vectors"]
    random = [part for part in arm.weights.split(" + ") if part.startswith("random")]
    split = "" if protocol["split"] == "test" else f", split {protocol['split']}"
    return Conditions(
        dataset=f"{dataset} {arm.experiment['test_variant']}{split}",
        evaluator=_PUBLISHED if kinds == ("official", "glove") else "learned here",
        weights=" + ".join(random) or _PRETRAINED,
        trained_on="" if "outside" in arm.fingerprints else arm.experiment["train_variant"],
        pool=protocol["pool_size"],
    )


def published_conditions(source: PublishedFigures) -> Conditions:
    """Return what the figures of a published table were measured under."""
    trained_on = "" if source.table == _TRAINED_ON_SEVERAL else source.variant
    return Conditions(f"{source.dataset} {source.variant}", _PUBLISHED, _PRETRAINED, trained_on)


def beside_verdicts(
    figures: Mapping[str, Figure],
    beside: Sequence[PublishedRow | None],
    ours: Conditions,
    published: Sequence[PublishedFigures],
) -> list[dict[str, Verdict]]:
    """Return a row's verdicts beside each published table, by metric.

    Args:
        figures: Ours, by metric.
        beside: The row of each table that answers to ours.
        ours: What ours were measured under.
        published: The tables.
    """
    return [
        {} if row is None else _verdicts(figures, row, ours, published_conditions(source))
        for row, source in zip(beside, published, strict=True)
    ]


def _verdicts(
    figures: Mapping[str, Figure], row: PublishedRow, ours: Conditions, published: Conditions
) -> dict[str, Verdict]:
    """Return the verdicts beside one row; a metric that either side lacks has none."""
    return {
        metric.key: verdict(
            metric,
            figures[metric.key],
            row.figures[metric.in_paper],
            obstacles=obstacles(ours, published, metric),
            suspect=_SUSPECT if metric.in_paper in row.suspect else "",
        )
        for metric in METRICS
        if metric.key in figures and metric.in_paper in row.figures
    }
