"""The table of another system's motions: real motion, the system, and its published row."""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import yaml

from audiomotion.files import read_json
from audiomotion.orchestrate.records import ArmRecord, RunRecord
from audiomotion.report.measured import figures_of, result_of
from audiomotion.report.notes import evaluator_note, interval_note, unknown_words_notes
from audiomotion.report.statistics import Figure
from audiomotion.report.table import ResultTable, Row, build_table
from audiomotion.stages.results import GIVEN, REAL

_PUBLISHED_TABLE: Final = 3
"""Compares systems; the others compare parts of one."""

_USUAL_DATASET: Final = "humanml3d"


def table_of(record: RunRecord, artifacts: Path) -> ResultTable:
    """Return the table of any record."""
    return (
        outside_table(record, artifacts)
        if record.kind == "outside"
        else build_table(record, artifacts)
    )


def outside_table(record: RunRecord, artifacts: Path) -> ResultTable:
    """Return the figures of another system beside those of real motion on the same clips.

    Args:
        record: Of kind `outside`.
        artifacts: Folder `artifacts` of the store.
    """
    (arm,) = record.arms
    published = _published_systems()
    dataset = record.dataset if record.dataset in published else _USUAL_DATASET
    found = published[dataset].get(arm.arm.lower(), {})
    # What was published is of captions as written.
    beside = found if arm.experiment["test_variant"] == "original" else {}
    row = outside_row(arm, artifacts, beside)
    return ResultTable(
        title=record.title,
        dataset=record.dataset,
        rows=[row],
        references=[_real_row(arm, artifacts)],
        published_table=_PUBLISHED_TABLE if row.published else None,
        published_dataset=dataset if row.published else "",
        notes=_notes(record, artifacts, dataset if row.published else record.dataset),
    )


def outside_row(
    arm: ArmRecord, artifacts: Path, published: Mapping[str, Figure] | None = None
) -> Row:
    """Return a system's row; where clips are missing its name says so.

    Args:
        arm: The arm of a record of kind `outside`.
        artifacts: Folder `artifacts` of the store.
        published: Its published figures, by metric.
    """
    figures = figures_of(result_of(arm, artifacts))
    name = arm.arm + _share(_given(arm, artifacts))
    return Row(name, figures, published or {}, arm.weights, by_seed={arm.seed: figures})


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


def _notes(record: RunRecord, artifacts: Path, published_dataset: str) -> list[str]:
    (arm,) = record.arms
    other = ""
    if published_dataset != record.dataset:
        other = f", not {published_dataset} of the paper's table {_PUBLISHED_TABLE}"
    given, result = _given(arm, artifacts), result_of(arm, artifacts)
    return [
        interval_note(record, result),
        *unknown_words_notes([arm], artifacts),
        *_given_notes(arm, given, result),
        f"Data set: {record.dataset}{other}; {evaluator_note(record)}.",
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


@cache
def _published_systems() -> dict[str, dict[str, dict[str, Figure]]]:
    """Return published figures by data set, system in small letters, and metric."""
    text = files("audiomotion.report").joinpath("published_figures.yaml").read_text("utf-8")
    tables: dict[str, dict[str, list[dict[str, Any]]]] = yaml.safe_load(text)
    return {
        dataset: {row["method"].lower(): _figures(row) for row in rows}
        for dataset, rows in tables[f"table{_PUBLISHED_TABLE}"].items()
    }


def _figures(row: Mapping[str, Any]) -> dict[str, Figure]:
    return {key: Figure(*value) for key, value in row.items() if isinstance(value, list)}
