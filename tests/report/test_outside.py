"""What is said of figures that another system's motions got."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from audiomotion.files import write_json
from audiomotion.orchestrate.records import ArmRecord, RunRecord
from audiomotion.report.outside import outside_table
from audiomotion.report.table import ResultTable
from audiomotion.stages.results import GIVEN, REAL, RESULT
from tests.report.launches import experiment, result

ALL_GIVEN = {
    "licence": "", "url": "", "forms": {"features": 64}, "num_repeats": 2, "num_clips": 64,
    "num_clips_of_split": 64, "missing": [], "multimodality_captions": 0,
    "multimodality_samples": 0,
}  # fmt: skip


def record(
    artifacts: Path, system: str = "MDM", dataset: str = "kit", recipe: str = "kit",
    variant: str = "original", metrics: dict[str, float] | None = None, **given: Any,
) -> RunRecord:  # fmt: skip
    """Write what the stage leaves; return the record of it."""
    folder = artifacts / "outside" / "key"
    folder.mkdir(parents=True)
    write_json(folder / RESULT, result([0.5, 0.7], **(metrics or {})))
    write_json(folder / REAL, result([0.0, 0.0]))
    write_json(folder / GIVEN, ALL_GIVEN | given)
    config = experiment(0, recipe) | {"test_variant": variant}
    arm = ArmRecord(system, 0, config, {"outside": "key"}, "theirs", "done")
    return RunRecord("id", "outside", system, dataset, "2026-01-01T00:00:00Z", (arm,), ())


def said(table: ResultTable) -> str:
    return "\n".join(table.notes)


def test_the_row_the_ceiling_and_what_was_published(tmp_path: Path) -> None:
    made = record(tmp_path, system="mdm")
    table = outside_table(made, tmp_path)
    (row,), (real,) = table.rows, table.references
    assert (row.name, row.figures["fid"].mean, row.weights) == ("mdm", 0.6, "theirs")
    assert row.figures["fid"].half_width == pytest.approx(1.96 * 0.1 / 2**0.5)
    assert (real.name, real.figures["fid"].mean) == ("real motion", 0.0)
    assert [source.place for source in table.published] == ["table 3, kit"]
    (published,) = row.published
    assert published is not None and published.system == "MDM"
    assert published.figures["fid"].mean == 0.497 and "top1" not in published.figures
    assert "not kit" not in said(table)


def test_another_data_set_than_the_published_one_is_named(tmp_path: Path) -> None:
    table = outside_table(record(tmp_path, dataset="demo", recipe="demo"), tmp_path)
    assert [source.dataset for source in table.published] == ["humanml3d"]
    assert "Data set: demo, not humanml3d of the paper's table 3" in said(table)


@pytest.mark.parametrize(("system", "variant"), [("Mine", "original"), ("MDM", "oral")])
def test_nothing_published_that_is_not_of_it(tmp_path: Path, system: str, variant: str) -> None:
    table = outside_table(record(tmp_path, system=system, variant=variant), tmp_path)
    assert (table.published, table.rows[0].published) == ([], [])


def test_a_measurement_that_failed_has_its_reason(tmp_path: Path) -> None:
    made = record(tmp_path)
    failed = replace(made.arms[0], status="failed", reason="no clip", fingerprints={"outside": "x"})
    table = outside_table(replace(made, arms=(failed,), status="failed"), tmp_path)
    (row,) = table.rows
    assert (row.figures, row.reason, table.references) == ({}, "no clip", [])
    assert row.published and said(table).startswith("Data set: kit;")


def test_what_was_not_given_is_said(tmp_path: Path) -> None:
    table = outside_table(record(tmp_path), tmp_path)
    assert "multimodality" not in table.rows[0].figures
    assert "No MultiModality: no several motions" in said(table)
    assert "repeats: 2 (the published protocol has 20)" in said(table)
    assert "MDM was not run here: its motions were given (64 features); weights: theirs." in said(
        table
    )


def test_fewer_motions_for_multimodality_are_said(tmp_path: Path) -> None:
    given = {"multimodality_captions": 10, "multimodality_samples": 12}
    table = outside_table(record(tmp_path, metrics={"multimodality": 2.0}, **given), tmp_path)
    assert table.rows[0].figures["multimodality"].mean == 2.0
    note = "MultiModality: 10 instructions with 12 motions each (the protocol here has 96 with 30)."
    assert note in table.notes


def test_a_part_of_the_clips_stands_in_every_row(tmp_path: Path) -> None:
    given = {"missing": ["a", "b"], "num_clips": 62}
    table = outside_table(record(tmp_path, **given), tmp_path)
    names = [row.name for row in (*table.references, *table.rows)]
    assert names == ["real motion (62 of 64 clips)", "MDM (62 of 64 clips)"]
    assert "2 clips: all figures" in said(table)


def test_converted_motion_and_left_out_repeats_are_said(tmp_path: Path) -> None:
    given = {"forms": {"joints": 3, "BVH": 2}, "num_repeats": 25, "licence": "MIT"}
    table = outside_table(record(tmp_path, **given), tmp_path)
    assert "(3 joints, 2 BVH); weights: theirs; licence: MIT." in said(table)
    assert "lack the last frame" in said(table)
    assert "Of 25 repeats given, the first 2 count." in said(table)
