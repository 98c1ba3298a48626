"""The comparison of a launch as one object, whatever it is shown as."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audiomotion.files import read_json
from audiomotion.orchestrate.records import ArmRecord, RunRecord
from audiomotion.report.metrics import METRICS
from audiomotion.report.published import published_arms
from audiomotion.report.statistics import Figure, over_seeds
from audiomotion.stages.results import RESULT


@dataclass(frozen=True)
class Row:
    """One arm, or one kind of real motion."""

    name: str
    figures: Mapping[str, Figure]
    """Measured, by metric; empty where the arm has no result."""
    published: Mapping[str, Figure] = field(default_factory=dict)
    """The paper's, by metric."""
    weights: str = ""
    """Where the extractor's weights come from."""
    reason: str = ""
    """Why the arm has no result."""


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
    published = published_arms(source["table"]) if source.get("table") in (5, 6) else {}
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
        notes=_notes(record, artifacts),
    )


def _arm_row(
    name: str,
    seeds: Sequence[ArmRecord],
    published: Mapping[str, Mapping[str, Figure]],
    artifacts: Path,
) -> Row:
    results = [_result(arm, artifacts) for arm in seeds if arm.status == "done"]
    reasons = [f"seed {arm.seed}: {arm.reason}" for arm in seeds if arm.status != "done"]
    return Row(
        name=name,
        figures=_figures([result["summaries"] for result in results]),
        published=published.get(name, {}),
        weights=seeds[0].weights,
        reason="; ".join(reasons),
    )


def _figures(seeds: Sequence[Mapping[str, Mapping[str, float]]]) -> dict[str, Figure]:
    """Return one seed's intervals over repeats, or of several seeds the interval over seeds."""
    if not seeds:
        return {}
    if len(seeds) == 1:
        return {key: Figure(**summary) for key, summary in seeds[0].items()}
    return {key: over_seeds([seed[key]["mean"] for seed in seeds]) for key in seeds[0]}


def _result(arm: ArmRecord, artifacts: Path) -> dict[str, Any]:
    content: dict[str, Any] = read_json(
        artifacts / "evaluation" / arm.fingerprints["evaluation"] / RESULT
    )
    return content


def _reference_rows(record: RunRecord, artifacts: Path) -> list[Row]:
    labels = {"real": "real motion", "reconstruction": "RVQ reconstruction"}
    paths = [artifacts / "reference" / key / RESULT for key in record.references]
    found = [read_json(path) for path in paths if path.exists()]
    several = len(found) > 1
    return [
        Row(
            label + (f" ({number})" if several else ""),
            _figures([content[key]["summaries"]]),
        )
        for number, content in enumerate(found, 1)
        for key, label in labels.items()
    ]


def _notes(record: RunRecord, artifacts: Path) -> list[str]:
    done = [arm for arm in record.arms if arm.status == "done"]
    notes = []
    if done:
        notes += [_interval_note(record, _result(done[0], artifacts))]
    random = [
        f"{arm.arm}: {arm.weights}" for arm in record.arms if arm.weights.startswith("random")
    ]
    if random:
        notes.append(
            "Extractor weights are not pre-trained (" + ", ".join(dict.fromkeys(random)) + "): "
            "the order of these arms says nothing about the published extractors."
        )
    notes.append(_data_note(record))
    return notes


def _interval_note(record: RunRecord, result: Mapping[str, Any]) -> str:
    seeds = len({arm.seed for arm in record.arms})
    over = (
        f"± is Student's t over {seeds} training seeds"
        if seeds > 1
        else f"± is 1.96·std/√{result['num_repeats']} over repeats of one trained model"
    )
    fewer = " (the published protocol has 20)" if result["num_repeats"] != 20 else ""
    return (
        f"95 %: {over}; {result['num_repeats']} repeats{fewer}, {result['num_clips']} clips, "
        f"at least {result['num_pools']} pools for R-precision, "
        f"at most {result['num_dropped']} clips in no pool."
    )


def _data_note(record: RunRecord) -> str:
    published = record.axis.get("published") or {}
    words = [f"Data set: {record.dataset}"]
    if published and published["dataset"] != record.dataset:
        words[0] += f", not {published['dataset']} of the paper's table {published['table']}"
    words.append(
        "the evaluator was trained on this data set, so figures compare within this table only"
    )
    words.append("the last checkpoint is measured")
    return "; ".join(words) + "."


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
