from dataclasses import replace

import pytest

from audiomotion.data.utterances import Utterance, Utterances
from audiomotion.files import write_json
from audiomotion.orchestrate.records import ArmRecord
from audiomotion.report.paper.choosing import paper_table
from audiomotion.report.paper.sheet import paper_sheet
from audiomotion.report.paper.speeds import (
    PUBLISHED_DEVICE,
    SpeedRecord,
    SystemSpeed,
    newest_speeds,
    save_speeds,
)
from audiomotion.report.statistics import Figure
from audiomotion.report.word_errors import WordErrors
from audiomotion.stages.results import TRANSCRIPTS
from tests.report.launches import axes, done, launch, result
from tests.report.paper.filled import kept, new_store


@pytest.fixture
def store(tmp_path):
    return new_store(tmp_path)


def speed(system, samples, batch_size=1):
    return SystemSpeed(system, batch_size, 20, samples, 0.05, {"masked": 0.1}, [samples] * 20)


RECORD = SpeedRecord(
    created="2026-01-01T00:00:00Z",
    quick=False,
    environment={"gpu": None, "threads": 2},
    experiments={},
    weights={"end2end": "random (base)", "cascaded": "random (base)"},
    loading_seconds={"end2end": 1.0, "cascaded": 2.0},
    num_tokens=49,
    transcript_tokens="fixed",
    speeds=[speed("end2end", 2.7), speed("cascaded", 1.6), speed("end2end", 4.0, 32)],
    ratios={"1": Figure(1.7, 0.1)},
)


def main_rows(store):
    grid = paper_sheet(paper_table(4, store)).grids[0]
    return [[f"{cell.text}{cell.sign}" for cell in row.cells] for own in grid.groups for row in own]


def test_a_record_comes_back_as_it_was_kept(store):
    path = save_speeds(RECORD, store)
    name = "benchmarks/cascade-20260101T000000Z.json"
    assert path == store.root / name
    assert newest_speeds(store) == replace(RECORD, name=name)


def test_the_newest_is_taken_and_a_quick_one_only_for_want_of_another(store):
    assert newest_speeds(store) is None
    save_speeds(replace(RECORD, quick=True, created="2026-03-03T00:00:00Z"), store)
    assert newest_speeds(store).quick
    for created in ("2026-02-02T00:00:00Z", "2026-01-01T00:00:00Z"):
        save_speeds(replace(RECORD, created=created), store)
    assert newest_speeds(store).created == "2026-02-02T00:00:00Z"


def test_every_obstacle_is_named_and_without_one_speeds_compare():
    said = RECORD.verdict(RECORD.speeds[0])
    assert said.word == "not comparable"
    assert said.why == (
        "device: CPU (threads: 2), published: NVIDIA RTX A6000; weights: random, published: trained"
    )
    assert replace(RECORD, quick=True).obstacles[0] == "sizes: tiny, published: the paper's"
    same = replace(
        RECORD, environment={"gpu": PUBLISHED_DEVICE, "threads": 2}, weights={"end2end": "its own"}
    )
    assert [same.verdict(one).word for one in same.speeds] == ["reproduced", "near", "better"]


def test_speeds_stand_below_the_published_ones_and_name_their_file(store):
    save_speeds(RECORD, store)
    assert [row[-2:] for row in main_rows(store)] == [
        ["published", "2.695"],
        ["measured, batch 1", "2.700 ± 0.050"],
        ["measured, batch 32", "4.000 ± 0.050"],
        ["published", "1.509"],
        ["measured, batch 1", "1.600 ± 0.050"],
    ]
    paper = paper_table(4, store)
    sheet = paper_sheet(paper)
    name = "benchmarks/cascade-20260101T000000Z.json"
    assert sheet.grids[0].groups[0][1].cells[-1].hint == name
    assert any("do not compare" in note and "RTX A6000" in note for note in sheet.notes)
    cells = [cell for cell in paper.cells() if cell.mean is not None]
    assert {cell.artifacts for cell in cells} == {name}
    assert {cell.verdict for cell in cells} == {"not comparable"}
    assert cells[0].row == "end2end, batch 1" and cells[0].published == 2.6951


def test_nothing_measured_says_which_command_measures(store):
    assert [row[-2] for row in main_rows(store)] == ["published", "published"]
    assert any("amx bench cascade" in note for note in paper_sheet(paper_table(4, store)).notes)


def test_a_launch_of_the_pipelines_adds_metrics_and_the_word_error_rate(store):
    artifacts = store.artifact_root
    hears = done(artifacts, "end-to-end", 0, result([1.0, 1.1]))
    reads = done(artifacts, "cascade", 0, result([2.0, 2.1]))
    fingerprints = {**reads.fingerprints, "speak": "s", "transcribe": "t"}
    reads = ArmRecord(**{**vars(reads), "fingerprints": fingerprints})
    (artifacts / "transcribe" / "t").mkdir(parents=True)
    write_json(artifacts / "transcribe" / "t" / TRANSCRIPTS, {"1": "Jumps."})
    _write_utterances(artifacts / "speak" / "s", ["walk to the left", "jump"])
    kept(store, launch(artifacts, hears, reads, axis=axes("pipeline")), "run", title="pipeline")
    save_speeds(RECORD, store)
    paper = paper_table(4, store)
    assert paper.word_errors == {"run": {"cascade": WordErrors(1, 1, 1)}}
    quality = paper_sheet(paper).grids[1]
    assert quality.headings[-1].label == "word error rate ↓"
    figures = {row.cells[0].text: row.cells for row in quality.groups[0]}
    assert figures["cascade"][-1].text == "1.000 (1 words)"
    assert figures["end-to-end"][-1].text == "–"
    assert figures["end-to-end"][1].text.startswith("1.050")


def _write_utterances(folder, texts):
    folder.mkdir(parents=True)
    Utterances.write_index(
        folder,
        [
            Utterance(
                number, 0, text, str(number), voice="v", backend="b", file="f", seconds=1.0,
                sha256="0",
            )
            for number, text in enumerate(texts)
        ],
    )  # fmt: skip
