"""`amx table`: from a launch's artifacts, in every form, and recomputed."""

import json
import shutil
from pathlib import Path

import pytest

from audiomotion.stages.results import RESULT
from tests.cli.command_line import TINY, amx, oldest

SMALL = (TINY, "--arms", "log-mel", "--seeds", "2", "--executor", "local")


@pytest.fixture(scope="module")
def launched(store: Path) -> Path:
    """Return a store with a launch of one arm and two seeds beside table 5."""
    ended = amx("ablate", "feature-extractor", "--dataset", *SMALL, "--store", store)
    assert ended.code == 0, ended.err
    return store


def test_the_newest_launch_is_taken_and_named(launched: Path) -> None:
    ended = amx("table", "5", "--store", launched)
    assert ended.code == 0
    assert ended.err.startswith("from launch feature-extractor-demo-")
    assert "Table 5." in ended.out and "real motion" in ended.out and "log-mel" in ended.out


@pytest.mark.parametrize("form", ["markdown", "csv", "latex", "html", "json", "terminal"])
def test_a_file_holds_what_stdout_would(launched: Path, tmp_path: Path, form: str) -> None:
    said = amx("table", "5", "--store", launched, "--format", form)
    path = tmp_path / "new" / "table"
    ended = amx("table", "5", "--store", launched, "--format", form, "-o", path)
    assert (said.code, ended.code, ended.out) == (0, 0, f"{path}\n")
    if form != "terminal":
        assert path.read_text("utf-8") == said.out
    assert "log-mel" in path.read_text("utf-8")


def test_json_traces_every_cell_to_artifacts_of_the_store(launched: Path) -> None:
    cells = json.loads(amx("table", "5", "--store", launched, "--json").out)["cells"]
    measured = [cell for cell in cells if "mean" in cell]
    assert {cell["row"] for cell in measured} >= {"real motion", "log-mel"}
    for cell in measured:
        for artifact in cell["artifacts"].split():
            assert (launched / "artifacts" / artifact / RESULT).exists()


def test_a_launch_is_chosen_by_the_beginning_of_its_id(launched: Path) -> None:
    assert amx("table", "5", "--store", launched, "--run", "feature-ex").code == 0
    other = amx("table", "5", "--store", launched, "--run", oldest(launched))
    assert other.code == 2 and "does not stand beside table 5" in other.problem
    unknown = amx("table", "5", "--store", launched, "--run", "feature-extractor-demo-x")
    assert unknown.code == 2 and "did you mean" in unknown.problem


def test_a_launch_is_written_in_any_form_too(launched: Path) -> None:
    text = amx("runs", "show", "feature-ex", "--store", launched, "--format", "markdown").out
    assert text.startswith("**feature-extractor on demo**") and "| log-mel |" in text
    lines = amx(
        "runs", "show", "feature-ex", "--store", launched, "--format", "csv"
    ).out.splitlines()
    assert lines[0].startswith("dataset,row,metric,")


def test_nothing_measured_shows_what_was_published_and_says_so(tmp_path: Path) -> None:
    ended = amx("table", "6", "--store", tmp_path / "none")
    assert ended.code == 0 and "Mem-ReTr" in ended.out and "1.221" in ended.out
    assert "nothing measured" in ended.err and "amx ablate compressor" in ended.err
    assert not (tmp_path / "none").exists()


def test_recomputed_to_the_last_digit(launched: Path) -> None:
    ended = amx("table", "5", "--store", launched, "--verify")
    assert ended.code == 0, ended.err
    assert "measuring again, 1 of 3: evaluation" in ended.err
    assert "every cell came out again, to the last digit" in ended.err


@pytest.fixture
def evaluation(launched: Path, tmp_path: Path) -> Path:
    """Return the figures of one seed, in a copy of the store."""
    copy = Path(shutil.copytree(launched, tmp_path / "copy"))
    cells = json.loads(amx("table", "5", "--store", copy, "--json").out)["cells"]
    (fid,) = [one for one in cells if (one["row"], one["metric"]) == ("log-mel", "fid")]
    return copy / "artifacts" / fid["artifacts"].split()[1]


def test_a_figure_that_was_changed_is_found(evaluation: Path) -> None:
    path, store = evaluation / RESULT, evaluation.parents[2]
    content = path.read_text("utf-8")
    digits = repr(json.loads(content)["summaries"]["fid"]["mean"])
    swapped = digits[:-1] + str((int(digits[-1]) + 1) % 10)
    path.write_text(content.replace(digits, swapped), "utf-8")
    ended = amx("table", "5", "--store", store, "--verify")
    assert ended.code == 3 and ended.out == ""
    assert any("log-mel, fid: mean" in problem for problem in ended.problems)


def test_without_what_it_was_made_from_it_cannot_be_verified(evaluation: Path) -> None:
    manifest = json.loads((evaluation / "manifest.json").read_text("utf-8"))
    masked = evaluation.parents[1] / "masked" / manifest["inputs"]["masked"]
    shutil.rmtree(masked)
    ended = amx("table", "5", "--store", evaluation.parents[2], "--verify")
    assert ended.code == 3
    assert f"masked {masked.name[:16]} is not in" in ended.problem


def test_damaged_weights_are_not_verified_with(evaluation: Path) -> None:
    manifest = json.loads((evaluation / "manifest.json").read_text("utf-8"))
    weights = evaluation.parents[1] / "masked" / manifest["inputs"]["masked"] / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    ended = amx("table", "5", "--store", evaluation.parents[2], "--verify")
    assert ended.code == 3 and "is damaged" in ended.problem


def test_what_is_no_table_is_said() -> None:
    assert amx("table", "1").code == 2
    assert "'1' is not one of the tables 2, 3, 4, 5, 6" in amx("table", "1").problem
    assert "'x' is not one of" in amx("table", "5", "--format", "x").problem.replace("invalid", "")
