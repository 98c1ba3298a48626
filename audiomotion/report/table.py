"""The comparison of a launch as one object, whatever it is shown as."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audiomotion.files import read_json
from audiomotion.orchestrate.records import ArmRecord, RunRecord
from audiomotion.report.metrics import METRICS
from audiomotion.report.published import ABLATION_TABLES, published_arms, suspect_figures
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
        notes=_notes(record, artifacts),
    )


def _arm_row(
    name: str,
    seeds: Sequence[ArmRecord],
    published: Mapping[str, Mapping[str, Figure]],
    artifacts: Path,
) -> Row:
    by_seed = {arm.seed: _figures(_result(arm, artifacts)) for arm in seeds if arm.status == "done"}
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


def _result(arm: ArmRecord, artifacts: Path) -> dict[str, Any]:
    content: dict[str, Any] = read_json(
        artifacts / "evaluation" / arm.fingerprints["evaluation"] / RESULT
    )
    return content


def _reference_rows(record: RunRecord, artifacts: Path) -> list[Row]:
    labels = {"real": "real motion", "reconstruction": "RVQ reconstruction"}
    paths = [_reference_path(key, artifacts) for key in record.references]
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
            "Encoder weights are not pre-trained (" + ", ".join(dict.fromkeys(random)) + "): "
            "the order of these arms says nothing about the published encoders."
        )
    notes.append(_data_note(record))
    notes += _suspect_notes(record)
    if any(not _reference_path(key, artifacts).exists() for key in record.references):
        notes.append("Real motion and its reconstruction have not been measured: no ceiling here.")
    return notes


def _suspect_notes(record: RunRecord) -> list[str]:
    table = (record.axis.get("published") or {}).get("table")
    suspect = suspect_figures(table) if table in ABLATION_TABLES else {}
    labels = {metric.published or metric.key: metric.label for metric in METRICS}
    return [
        f"The published {labels[key]} of {arm} is very likely a slip of the paper's table {table}."
        for arm, keys in suspect.items()
        for key in keys
        if any(own.arm == arm for own in record.arms)
    ]


def _reference_path(fingerprint: str, artifacts: Path) -> Path:
    return artifacts / "reference" / fingerprint / RESULT


def _interval_note(record: RunRecord, result: Mapping[str, Any]) -> str:
    seeds = len({arm.seed for arm in record.arms})
    if seeds > 1:
        over = f"±: 95 %, Student's t over {seeds} training seeds (fewer where some failed)"
    elif result["num_repeats"] > 1:
        over = f"±: 95 %, 1.96·std/√{result['num_repeats']} over repeats of one trained model"
    else:
        over = "no interval: one repeat of one trained model"
    fewer = " (the published protocol has 20)" if result["num_repeats"] != 20 else ""
    if result.get("sampling") == "published":
        dropped = "clips in no batch and so in no metric"
        sampled = "sampling: published (shuffled batches of random crops); "
    else:
        dropped, sampled = "clips in no pool", ""
    return (
        f"{over}; repeats: {result['num_repeats']}{fewer}; {sampled}clips: {result['num_clips']}; "
        f"pools for R-precision: {result['num_pools']} or more a repeat, "
        f"{dropped}: {result['num_dropped']} or fewer."
    )


def _data_note(record: RunRecord) -> str:
    published = record.axis.get("published") or {}
    words = [f"Data set: {record.dataset}"]
    if published and published["dataset"] != record.dataset:
        words[0] += f", not {published['dataset']} of the paper's table {published['table']}"
    words.append(
        "the evaluator and its word vectors were learned on this data set, so figures compare "
        "within this table only"
    )
    words.append(_checkpoint_note(record))
    return "; ".join(words) + "."


def _checkpoint_note(record: RunRecord) -> str:
    """Say which checkpoint of each trained part is measured."""
    chosen = {
        part
        for arm in record.arms
        for part in ("rvq", "masked", "residual")
        if arm.experiment[part]["training"]["keep"] == "best-fid"
    }
    if not chosen:
        return "the last checkpoint is measured"
    return (
        f"of {', '.join(sorted(chosen))} the checkpoint with the lowest FID on the validation "
        "split is measured, of other parts the last"
    )


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
