"""Build the table of a launch from its record and what its stages left."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from audiomotion.files import read_json
from audiomotion.orchestrate.records import ArmRecord, RunRecord
from audiomotion.report.comparison import (
    Comparison,
    SamplingDifferences,
    compare,
    compare_sampling,
)
from audiomotion.report.comparison_notes import comparison_notes
from audiomotion.report.conditions import beside_verdicts, conditions_of
from audiomotion.report.fairness.card import fairness_card
from audiomotion.report.measured import (
    artifact_of,
    figures_of,
    reference_path,
    repeats_of,
    result_of,
)
from audiomotion.report.notes import notes
from audiomotion.report.outside import outside_row
from audiomotion.report.published import PublishedFigures, published_beside
from audiomotion.report.statistics import Figure, over_seeds
from audiomotion.report.table import ResultTable, Row
from audiomotion.report.verdict_notes import verdict_notes


def build_table(
    record: RunRecord, artifacts: Path, systems: Iterable[ArmRecord] = ()
) -> ResultTable:
    """Collect the results of a launch from its artifacts.

    Args:
        record: The launch.
        artifacts: Folder `artifacts` of the store.
        systems: Other systems that were measured alike.
    """
    arms: dict[str, list[ArmRecord]] = defaultdict(list)
    for arm in record.arms:
        arms[arm.arm].append(arm)
    published = published_beside(record.axis, record.dataset, list(arms))
    rows = [
        _arm_row(name, seeds, record.dataset, published, artifacts) for name, seeds in arms.items()
    ]
    references = _reference_rows(record, artifacts)
    measured = [outside_row(arm, record.dataset, artifacts, published) for arm in systems]
    comparison = _comparison(rows, references, record)
    return ResultTable(
        title=record.title,
        dataset=record.dataset,
        rows=rows,
        references=references,
        systems=measured,
        published=published,
        published_only=_published_only(published, measured),
        notes=[
            *notes(record, artifacts, published),
            *comparison_notes(comparison),
            *verdict_notes([*rows, *measured], published),
            *_system_notes(measured),
        ],
        card=fairness_card(record, artifacts),
        comparison=comparison,
        sampling=_sampling(record, rows, references, artifacts),
    )


def _arm_row(
    name: str,
    seeds: Sequence[ArmRecord],
    dataset: str,
    published: Sequence[PublishedFigures],
    artifacts: Path,
) -> Row:
    by_seed = {
        arm.seed: figures_of(result_of(arm, artifacts)) for arm in seeds if arm.status == "done"
    }
    reasons = [
        f"seed {arm.seed}: {arm.reason or arm.status}" for arm in seeds if arm.status != "done"
    ]
    figures = _over_seeds(list(by_seed.values()), len(seeds))
    beside = [source.rows.get(name) for source in published]
    return Row(
        name=name,
        figures=figures,
        published=beside,
        weights=seeds[0].weights,
        reason="; ".join(reasons),
        by_seed=by_seed,
        verdicts=beside_verdicts(figures, beside, conditions_of(seeds[0], dataset), published),
        artifacts={arm.seed: artifact_of(arm) for arm in seeds if arm.status == "done"},
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
    distinct: dict[str, Mapping[str, Figure]] = {}
    for key, one in figures.items():
        if one not in distinct.values():
            distinct[key] = one
    if len(distinct) < 2:
        return [_reference_row(label, key, one) for key, one in distinct.items()]
    names: dict[str, dict[str, None]] = {key: {} for key in distinct}
    for arm in record.arms:
        if (own := figures.get(arm.fingerprints["reference"])) is not None:
            (key,) = (key for key, one in distinct.items() if one == own)
            names[key][arm.arm] = None
    return [
        _reference_row(f"{label} ({', '.join(names[key])})", key, one)
        for key, one in distinct.items()
    ]


def _reference_row(label: str, key: str, figures: Mapping[str, Figure]) -> Row:
    return Row(label, figures, artifacts={0: f"reference/{key}"})


def _published_only(published: Sequence[PublishedFigures], measured: Sequence[Row]) -> list[Row]:
    """Return a row for each system of a published table that stands nowhere else in ours."""
    beside = [row for system in measured for row in system.published if row is not None]
    return [
        Row(row.system, {}, [row if other is source else None for other in published])
        for source in published
        for row in source.others
        if row not in beside
    ]


def _comparison(rows: Sequence[Row], references: Sequence[Row], record: RunRecord) -> Comparison:
    arms = {row.name: row.by_seed for row in rows}
    return compare(arms, record.axis.get("baseline"), _real(references))


def _sampling(
    record: RunRecord, rows: Sequence[Row], references: Sequence[Row], artifacts: Path
) -> SamplingDifferences:
    """Return the differences to the baseline where each arm has one training seed."""
    baseline = record.axis.get("baseline")
    if baseline is None or any(len(row.by_seed) > 1 for row in rows):
        return {}
    repeats = {
        arm.arm: repeats_of(result_of(arm, artifacts))
        for arm in record.arms
        if arm.status == "done"
    }
    return compare_sampling(repeats, baseline, _real(references))


def _real(references: Sequence[Row]) -> Mapping[str, Figure] | None:
    """Return real motion's figures where all arms share them."""
    found = [row for row in references if row.name.startswith("real motion")]
    return found[0].figures if len(found) == 1 else None


def _system_notes(measured: Sequence[Row]) -> list[str]:
    if not measured:
        return []
    names = ", ".join(row.name for row in measured)
    return [
        f"Measured here from their motions, by the same protocol: {names}. No training seeds of "
        "theirs are known, so they take no part in tests and marks."
    ]
