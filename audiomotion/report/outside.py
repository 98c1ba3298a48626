"""The table of another system's motions: real motion, the system, and its published row."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from audiomotion.files import read_json
from audiomotion.orchestrate.records import ArmRecord, RunRecord
from audiomotion.report.comparison import compare
from audiomotion.report.conditions import beside_verdicts, conditions_of
from audiomotion.report.measured import artifact_of, figures_of, result_of
from audiomotion.report.notes import evaluator_note, interval_note, unknown_words_notes
from audiomotion.report.published import PublishedFigures, PublishedRow, published_rows
from audiomotion.report.published_notes import other_data, published_notes
from audiomotion.report.table import ResultTable, Row
from audiomotion.report.verdict_notes import verdict_notes
from audiomotion.stages.results import GIVEN, REAL

_PUBLISHED_TABLE: Final = 3
"""Compares systems; the others compare parts of one."""

_DATASETS: Final = ("humanml3d", "kit")
"""Those of the table; other data sets are shown beside the first."""

_VARIANT: Final = "original"
"""Captions of the table: as they were written."""


def outside_table(record: RunRecord, artifacts: Path) -> ResultTable:
    """Return the figures of another system beside those of real motion on the same clips.

    Args:
        record: Of kind `outside`.
        artifacts: Folder `artifacts` of the store.
    """
    (arm,) = record.arms
    published = _published_beside(record.dataset, arm)
    is_done = arm.status == "done"
    rows = [
        outside_row(arm, record.dataset, artifacts, published)
        if is_done
        else _without_result(arm, published)
    ]
    return ResultTable(
        title=record.title,
        dataset=record.dataset,
        rows=rows,
        references=[_real_row(arm, artifacts)] if is_done else [],
        systems=[],
        published=published,
        published_only=[],
        notes=[*_notes(record, artifacts, published), *verdict_notes(rows, published)],
        card=None,
        comparison=compare({}, None),
    )


def outside_row(
    arm: ArmRecord,
    dataset: str,
    artifacts: Path,
    published: Sequence[PublishedFigures] = (),
) -> Row:
    """Return a system's row; where clips are missing its name says so.

    Args:
        arm: The arm of a record of kind `outside` that is done.
        dataset: Data set that it was measured on.
        artifacts: Folder `artifacts` of the store.
        published: The published tables that stand beside.
    """
    beside = [_row_of(arm.arm, source) for source in published]
    figures = figures_of(result_of(arm, artifacts))
    name = arm.arm + _share(_given(arm, artifacts))
    return Row(
        name,
        figures,
        beside,
        arm.weights,
        verdicts=beside_verdicts(figures, beside, conditions_of(arm, dataset), published),
        artifacts={arm.seed: artifact_of(arm)},
    )


def _without_result(arm: ArmRecord, published: Sequence[PublishedFigures]) -> Row:
    beside = [_row_of(arm.arm, source) for source in published]
    return Row(arm.arm, {}, beside, arm.weights, arm.reason or arm.status)


def _row_of(system: str, source: PublishedFigures) -> PublishedRow | None:
    """Return a system's row in a published table, as an arm or as another system."""
    rows = [*source.rows.values(), *source.others]
    return next((row for row in rows if row.system.lower() == system.lower()), None)


def _published_beside(dataset: str, arm: ArmRecord) -> list[PublishedFigures]:
    """Return the published table with the system's row, where it has one of such captions."""
    used = dataset if dataset in _DATASETS else _DATASETS[0]
    known = {name.lower(): row for name, row in published_rows(_PUBLISHED_TABLE, used).items()}
    row = known.get(arm.arm.lower())
    if row is None or arm.experiment["test_variant"] != _VARIANT:
        return []
    return [PublishedFigures(_PUBLISHED_TABLE, used, _VARIANT, {arm.arm: row}, ())]


def _real_row(arm: ArmRecord, artifacts: Path) -> Row:
    content = read_json(_folder(arm, artifacts) / REAL)
    return Row("real motion" + _share(_given(arm, artifacts)), figures_of(content))


def _folder(arm: ArmRecord, artifacts: Path) -> Path:
    return artifacts / "outside" / arm.fingerprints["outside"]


def _given(arm: ArmRecord, artifacts: Path) -> dict[str, Any]:
    content: dict[str, Any] = read_json(_folder(arm, artifacts) / GIVEN)
    return content


def _share(given: Mapping[str, Any]) -> str:
    """Return what stands beside a name where not all clips were measured."""
    if not given["missing"]:
        return ""
    return f" ({given['num_clips']} of {given['num_clips_of_split']} clips)"


def _notes(record: RunRecord, artifacts: Path, published: Sequence[PublishedFigures]) -> list[str]:
    (arm,) = record.arms
    where = f"Data set: {record.dataset}{other_data(record, published)}; {evaluator_note(record)}."
    measured = _measured_notes(record, artifacts) if arm.status == "done" else []
    return [*measured, where, *published_notes(published)]


def _measured_notes(record: RunRecord, artifacts: Path) -> list[str]:
    (arm,) = record.arms
    given, result = _given(arm, artifacts), result_of(arm, artifacts)
    return [
        interval_note(record, result),
        *unknown_words_notes([arm], artifacts),
        *_given_notes(arm, given, result),
    ]


def _given_notes(
    arm: ArmRecord, given: Mapping[str, Any], result: Mapping[str, Any]
) -> Iterator[str]:
    forms = ", ".join(f"{count} {form}" for form, count in given["forms"].items())
    about = [f"weights: {arm.weights}"]
    about += [f"{key}: {given[key]}" for key in ("licence", "url") if given[key]]
    yield f"{arm.arm} was not run here: its motions were given ({forms}); {'; '.join(about)}."
    if set(given["forms"]) - {"features"}:
        yield "Features of joints and BVH files were computed here and lack the last frame."
    if given["num_repeats"] > result["num_repeats"]:
        yield f"Of {given['num_repeats']} repeats given, the first {result['num_repeats']} count."
    if given["missing"]:
        yield (
            f"Without motion, and so left out, are {len(given['missing'])} clips: all figures, "
            "those of real motion too, are of the others and compare with no other table."
        )
    yield _multimodality_note(arm.experiment["evaluation"], given, result)


def _multimodality_note(
    protocol: Mapping[str, Any], given: Mapping[str, Any], result: Mapping[str, Any]
) -> str:
    if not protocol["multimodality_captions"]:
        return "MultiModality is left out (evaluation.multimodality_captions: 0)."
    if "multimodality" not in result["summaries"]:
        return "No MultiModality: no several motions of the same instruction were given."
    numbers = [given[key] for key in ("multimodality_captions", "multimodality_samples")]
    asked = [protocol[key] for key in ("multimodality_captions", "multimodality_samples")]
    fewer = "" if numbers == asked else f" (the protocol here has {asked[0]} with {asked[1]})"
    return f"MultiModality: {numbers[0]} instructions with {numbers[1]} motions each{fewer}."
