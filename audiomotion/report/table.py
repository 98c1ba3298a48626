"""The comparison of a launch as one object, whatever it is shown as."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audiomotion.files import read_json
from audiomotion.orchestrate.records import ArmRecord, RunRecord
from audiomotion.report.measured import reference_path, result_of
from audiomotion.report.metrics import METRICS
from audiomotion.report.notes import notes
from audiomotion.report.published import ABLATION_TABLES, published_arms
from audiomotion.report.statistics import Figure, over_seeds


@dataclass(frozen=True)
class Row:
    """One arm, or one kind of real motion."""

    name: str
    figures: Mapping[str, Figure]
    """Measured, by metric; empty where the arm has no result."""
    published: Mapping[str, Figure] = field(default_factory=dict)
    """The paper's, by metric."""
    weights: str = ""
    """Where the encoder's weights come from."""
    reason: str = ""
    """Why the arm has no result, or why some of its seeds have none."""
    by_seed: Mapping[int, Mapping[str, Figure]] = field(default_factory=dict)
    """Each training seed's own figures, with the interval over its repeats."""


@dataclass(frozen=True)
class ResultTable:
    """What a launch found, beside what was published."""

    title: str
    dataset: str
    rows: Sequence[Row]
    references: Sequence[Row]
    """Real motion and its RVQ reconstruction: the ceiling."""
    published_table: int | None
    published_dataset: str
    notes: Sequence[str]
    """What the figures are and are not."""


def build_table(record: RunRecord, artifacts: Path) -> ResultTable:
    """Collect the results of a launch from its artifacts.

    Args:
        record: The launch.
        artifacts: Folder `artifacts` of the store.
    """
    source: Mapping[str, Any] = record.axis.get("published") or {}
    published = published_arms(source["table"]) if source.get("table") in ABLATION_TABLES else {}
    arms: dict[str, list[ArmRecord]] = defaultdict(list)
    for arm in record.arms:
        arms[arm.arm].append(arm)
    rows = [_arm_row(name, of_seeds, published, artifacts) for name, of_seeds in arms.items()]
    return ResultTable(
        title=record.title,
        dataset=record.dataset,
        rows=rows,
        references=_reference_rows(record, artifacts),
        published_table=source.get("table"),
        published_dataset=str(source.get("dataset", "")),
        notes=notes(record, artifacts),
    )


def _arm_row(
    name: str,
    seeds: Sequence[ArmRecord],
    published: Mapping[str, Mapping[str, Figure]],
    artifacts: Path,
) -> Row:
    by_seed = {
        arm.seed: _figures(result_of(arm, artifacts)) for arm in seeds if arm.status == "done"
    }
    reasons = [
        f"seed {arm.seed}: {arm.reason or arm.status}" for arm in seeds if arm.status != "done"
    ]
    return Row(
        name=name,
        figures=_over_seeds(list(by_seed.values()), len(seeds)),
        published=published.get(name, {}),
        weights=seeds[0].weights,
        reason="; ".join(reasons),
        by_seed=by_seed,
    )


def _figures(result: Mapping[str, Any]) -> dict[str, Figure]:
    """Return the figures of one trained model, with intervals over repeats; one repeat has none."""
    figures = {key: Figure(**summary) for key, summary in result["summaries"].items()}
    if result["num_repeats"] > 1:
        return figures
    return {key: Figure(figure.mean) for key, figure in figures.items()}


def _over_seeds(found: Sequence[Mapping[str, Figure]], num_asked: int) -> dict[str, Figure]:
    """Return the figures of an arm: of several seeds the mean, with the interval over seeds.

    Where several were asked for and one has a result there is no interval: the one over its repeats
    would stand in a column of intervals over seeds.
    """
    if not found:
        return {}
    if num_asked == 1:
        return dict(found[0])
    if len(found) == 1:
        return {key: Figure(figure.mean) for key, figure in found[0].items()}
    return {key: over_seeds([one[key].mean for one in found]) for key in found[0]}


def _reference_rows(record: RunRecord, artifacts: Path) -> list[Row]:
    labels = {"real": "real motion", "reconstruction": "RVQ reconstruction"}
    paths = [reference_path(key, artifacts) for key in record.references]
    found = [read_json(path) for path in paths if path.exists()]
    several = len(found) > 1
    return [
        Row(
            label + (f" ({number})" if several else ""),
            _figures(content[key]),
        )
        for number, content in enumerate(found, 1)
        for key, label in labels.items()
    ]


def table_columns(table: ResultTable) -> dict[str, list[Any]]:
    """Return the table column by column, for MLflow and JSON; None where nothing was measured."""
    rows = [*table.references, *table.rows]
    columns: dict[str, list[Any]] = {"arm": [row.name for row in rows]}
    for metric in METRICS:
        columns[metric.key] = [_value(row.figures.get(metric.key), "mean") for row in rows]
        columns[f"{metric.key}_95"] = [
            _value(row.figures.get(metric.key), "half_width") for row in rows
        ]
    for metric in METRICS:
        key = metric.published or metric.key
        values = [_value(row.published.get(key), "mean") for row in rows]
        if any(value is not None for value in values):
            columns[f"paper_{metric.key}"] = values
    columns["weights"] = [row.weights for row in rows]
    columns["failed"] = [row.reason for row in rows]
    return columns


def _value(figure: Figure | None, name: str) -> float | None:
    return None if figure is None else getattr(figure, name)
