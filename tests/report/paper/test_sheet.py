from dataclasses import replace

import pytest

from audiomotion.files import write_json
from audiomotion.orchestrate.records import ArmRecord
from audiomotion.report.paper.choosing import paper_table
from audiomotion.report.paper.sheet import paper_sheet
from audiomotion.stages.results import GIVEN, REAL, RESULT
from tests.report.launches import axes, experiment, result
from tests.report.paper.filled import extractors, kept, new_store, systems
from tests.report.test_outside import ALL_GIVEN


@pytest.fixture
def store(tmp_path):
    return new_store(tmp_path)


def rows(paper):
    """Return the rows of the main grid: headings joined, then figures with signs."""
    grid = paper_sheet(paper).grids[0]
    count = grid.num_row_headings
    return [
        (
            " / ".join(cell.text for cell in row.cells[:count] if cell.text),
            [f"{cell.text} {cell.sign}".strip() for cell in row.cells[count:]],
        )
        for group in grid.groups
        for row in group
    ]


def test_measured_stands_below_published_in_the_paper_s_order(store):
    extractors(store, "run", {"wavlm": 0.1, "encodec": 2.9, "log-mel": 1.5})
    found = rows(paper_table(5, store))
    assert [name for name, _ in found] == [
        "KIT-ML / real motion / measured",
        "KIT-ML / RVQ reconstruction / measured",
        "KIT-ML / Encodec / published",
        "KIT-ML / Encodec / measured: encodec",
        "KIT-ML / ImageBind / published",
        "KIT-ML / WavLM / published",
        "KIT-ML / WavLM / measured: wavlm",
        "KIT-ML / log-mel / measured",
    ]
    assert found[2][1] == ["2.920", "0.233", "0.370", "0.464", "5.548"]
    assert found[3][1][0] == "2.911 ± 0.025"


def test_of_another_data_set_the_published_rows_say_theirs(store):
    extractors(store, "run", {"wavlm": 0.1}, dataset="bandai")
    names = [name for name, _ in rows(paper_table(5, store))]
    assert "bandai / WavLM / published, KIT-ML" in names
    assert "bandai / WavLM / measured: wavlm" in names


def test_two_headings_name_a_row_of_table_2_and_group_its_precisions(store):
    grid = paper_sheet(paper_table(2, store)).grids[0]
    assert [heading.label for heading in grid.headings[:4]] == [
        "Datasets", "Method", "Training Data", "Figures",
    ]  # fmt: skip
    assert [heading.group for heading in grid.headings[4:]] == ["R Precision ↑"] * 3 + [""] * 3
    (first, second, *_), _ = grid.groups
    assert [cell.repeated for cell in first.cells[:4]] == [False] * 4
    assert [cell.repeated for cell in second.cells[:4]] == [True, True, False, False]


def test_a_system_that_was_measured_stands_below_its_published_row(store):
    ours = systems(store, "run")
    arms = tuple(
        ArmRecord(
            **{
                **vars(arm),
                "fingerprints": arm.fingerprints | {"dataset": "d", "evaluator": "e"},
            }
        )
        for arm in ours.arms
    )
    kept(store, ours, "run", arms=arms)
    folder = store.artifact_root / "outside" / "key"
    folder.mkdir(parents=True)
    write_json(folder / RESULT, result([0.5, 0.7]))
    write_json(folder / REAL, result([0.0, 0.0]))
    write_json(folder / GIVEN, ALL_GIVEN)
    keys = {"outside": "key", "dataset": "d", "evaluator": "e"}
    mdm = ArmRecord("MDM", 0, experiment(0), keys, "theirs", "done")
    kept(store, ours, "outside-mdm", kind="outside", title="MDM", arms=(mdm,), axis={})
    paper = paper_table(3, store)
    found = dict(rows(paper))
    assert found["HumanML3D / MDM / published"][3] == "0.544 ± 0.044"
    assert found["HumanML3D / MDM / measured"][3] == "0.600 ± 0.139"
    assert "HumanML3D / MoMask / measured: text" in found
    assert any("MDM" in note and "no part in tests" in note for note in paper_sheet(paper).notes)


def test_notes_name_the_launch_and_with_several_their_data_set(store):
    one = systems(store, "one")
    notes = paper_sheet(paper_table(3, store)).notes
    assert notes[0].startswith("Measured: launch one, finished 20")
    assert notes[-1] == "Published only, nothing measured here: KIT-ML."
    kept(store, one, "two", dataset="kit")
    notes = paper_sheet(paper_table(3, store)).notes
    assert any(note.startswith("HumanML3D: ±") for note in notes)
    assert any(note.startswith("KIT-ML: ±") for note in notes)


def test_statistics_stand_below_and_say_of_what(store):
    extractors(store, "run", {"wavlm": 0.1, "encodec": 2.9})
    titles = [grid.title for grid in paper_sheet(paper_table(5, store)).grids]
    assert titles[0].startswith("Table 5. ")
    assert titles[1].startswith("Differences to wavlm, over training seeds")
    assert titles[1].endswith(": feature-extractor on kit")
    assert titles[2].startswith("Two noises")


def test_with_several_launches_a_warning_says_of_which(store):
    one = systems(store, "one")
    broken = replace(one.arms[1], status="failed", reason="broke\nin two lines")
    kept(store, one, "one", arms=(one.arms[0], broken), status="failed")
    runs = [kept(store, one, "two"), kept(store, one, "three", arms=(one.arms[0], broken))]
    warnings = paper_sheet(paper_table(3, store, runs)).warnings
    assert warnings[0] == "three: text: seed 0: broke in two lines"
    assert all(warning.startswith("three: ") for warning in warnings)


def test_cells_hold_published_rows_that_nothing_was_measured_beside(store):
    extractors(store, "run", {"wavlm": 0.1})
    cells = list(paper_table(5, store).cells())
    rows = {(one.published_system, one.published) for one in cells if one.metric == "fid"}
    assert {("imagebind", 2.712), ("wavlm", 0.113)} <= rows
    assert {one.run for one in cells if one.mean is not None} == {"run"}


def test_cells_of_table_4_hold_its_speeds(store):
    record = systems(store, "run")
    arms = tuple(
        replace(arm, arm=name)
        for arm, name in zip(record.arms, ("end-to-end", "cascade"), strict=True)
    )
    kept(store, record, "run", arms=arms, axis=axes("pipeline"), title="pipeline")
    found = {one.published for one in paper_table(4, store).cells()}
    assert {2.6951, 1.5093} <= found
