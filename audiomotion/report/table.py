"""The comparison of a launch as one object, whatever it is shown as."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audiomotion.files import read_json
from audiomotion.orchestrate.records import ArmRecord, RunRecord
from audiomotion.report.measured import figures_of, reference_path, result_of
from audiomotion.report.metrics import METRICS, PUBLISHED_ONLY
from audiomotion.report.notes import notes
from audiomotion.report.published import PublishedFigures, PublishedRow, published_beside
from audiomotion.report.statistics import Figure, over_seeds


@dataclass(frozen=True)
class Row:
    """One arm, one kind of real motion, or a system that is published only."""

    name: str
    figures: Mapping[str, Figure]
    """Measured, by metric; empty where the arm has no result."""
    published: Sequence[PublishedRow | None] = ()
    """The paper's row in each of the table's `published`; None where it has none."""
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
    published: Sequence[PublishedFigures]
    """The paper's tables that answer the same questions: one an axis at most."""
    published_only: Sequence[Row]
    """Systems of those tables that are no arm here."""
    notes: Sequence[str]
    """What the figures are and are not."""


def build_table(record: RunRecord, artifacts: Path) -> ResultTable:
    """Collect the results of a launch from its artifacts.

    Args:
        record: The launch.
        artifacts: Folder `artifacts` of the store.
    """
    arms: dict[str, list[ArmRecord]] = defaultdict(list)
    for arm in record.arms:
        arms[arm.arm].append(arm)
    published = published_beside(record.axis, record.dataset, list(arms))
    return ResultTable(
        title=record.title,
        dataset=record.dataset,
        rows=[_arm_row(name, seeds, published, artifacts) for name, seeds in arms.items()],
        references=_reference_rows(record, artifacts),
        published=published,
        published_only=_published_only(published),
        notes=notes(record, artifacts, published),
    )


def _arm_row(
    name: str,
    seeds: Sequence[ArmRecord],
    published: Sequence[PublishedFigures],
    artifacts: Path,
) -> Row:
    by_seed = {
        arm.seed: figures_of(result_of(arm, artifacts)) for arm in seeds if arm.status == "done"
    }
    reasons = [
        f"seed {arm.seed}: {arm.reason or arm.status}" for arm in seeds if arm.status != "done"
    ]
    return Row(
        name=name,
        figures=_over_seeds(list(by_seed.values()), len(seeds)),
        published=[source.rows.get(name) for source in published],
        weights=seeds[0].weights,
        reason="; ".join(reasons),
        by_seed=by_seed,
    )


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
    paths = {key: reference_path(key, artifacts) for key in record.references}
    found = {key: read_json(path) for key, path in paths.items() if path.exists()}
    return [
        row
        for kind, label in labels.items()
        for row in _ceiling(
            label, {key: figures_of(content[kind]) for key, content in found.items()}, record
        )
    ]


def _ceiling(
    label: str, figures: Mapping[str, Mapping[str, Figure]], record: RunRecord
) -> list[Row]:
    """Return a row for all arms, or where references differ one for the arms of each."""
    distinct: list[Mapping[str, Figure]] = []
    for one in figures.values():
        if one not in distinct:
            distinct.append(one)
    if len(distinct) < 2:
        return [Row(label, one) for one in distinct]
    arms: list[dict[str, None]] = [{} for _ in distinct]
    for arm in record.arms:
        if (key := arm.fingerprints["reference"]) in figures:
            arms[distinct.index(figures[key])][arm.arm] = None
    pairs = zip(arms, distinct, strict=True)
    return [Row(f"{label} ({', '.join(names)})", one) for names, one in pairs]


def _published_only(published: Sequence[PublishedFigures]) -> list[Row]:
    """Return a row for each system that a published table has and the launch has not."""
    return [
        Row(row.system, {}, [row if other is source else None for other in published])
        for source in published
        for row in source.others
    ]


def table_columns(table: ResultTable) -> dict[str, list[Any]]:
    """Return the table column by column, for MLflow and JSON; None where nothing was measured."""
    rows = [*table.references, *table.rows, *table.published_only]
    columns: dict[str, list[Any]] = {"arm": [row.name for row in rows]}
    for metric in METRICS:
        found = [row.figures.get(metric.key) for row in rows]
        columns[metric.key] = [_value(figure, "mean") for figure in found]
        columns[f"{metric.key}_95"] = [_value(figure, "half_width") for figure in found]
    for place, source in enumerate(table.published):
        beside = [row.published[place] if row.published else None for row in rows]
        columns |= _published_columns(f"paper_table{source.table}", beside)
    columns["weights"] = [row.weights for row in rows]
    columns["failed"] = [row.reason for row in rows]
    return columns


def _published_columns(prefix: str, rows: Sequence[PublishedRow | None]) -> dict[str, list[Any]]:
    """Return what was published beside each row: the system, and the metrics that any has."""
    columns: dict[str, list[Any]] = {f"{prefix}_system": [row and row.system for row in rows]}
    for metric in (*METRICS, *PUBLISHED_ONLY):
        found = [row.figures.get(metric.in_paper) if row else None for row in rows]
        for name, part in ((metric.key, "mean"), (f"{metric.key}_95", "half_width")):
            values = [_value(figure, part) for figure in found]
            if any(value is not None for value in values):
                columns[f"{prefix}_{name}"] = values
    return columns


def _value(figure: Figure | None, name: str) -> float | None:
    return None if figure is None else getattr(figure, name)
