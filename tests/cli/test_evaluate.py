"""Another system's motions, from its folder to its row."""

import csv
import io
import json
import re
import shutil
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from audiomotion.data.dataset import MotionDataset
from audiomotion.orchestrate.records import all_runs
from audiomotion.orchestrate.store import open_store
from audiomotion.report.tables import table_of
from audiomotion.report.verifying import verify_table
from tests.cli.command_line import REPOSITORY, TINY, Ended, amx
from tests.models.official_files import write_folder, write_glove
from tests.stages.outside_folder import OutsideFolder


def evaluate(store: Path, *args: object) -> Ended:
    return amx("evaluate", "--dataset", TINY, "--executor", "local", "--store", store, *args)


def artifacts(store: Path) -> set[str]:
    return {path.parent.name for path in store.glob("artifacts/*/*/")}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ended]:
    """Return a store that holds the data set alone, and the list of instructions."""
    store = tmp_path_factory.mktemp("evaluate") / "store"
    return store, evaluate(store, "--instructions")


@pytest.fixture(scope="module")
def motions(place: tuple[Path, Ended], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of real motions."""
    (dataset,) = (place[0] / "artifacts" / "dataset").iterdir()
    folder = OutsideFolder(tmp_path_factory.mktemp("given") / "motions", MotionDataset(dataset))
    folder.features("repeat-00")
    about = {"system": "MoMask", "weights": "released", "licence": "MIT"}
    (folder.path / "manifest.json").write_text(json.dumps(about))
    return folder.path


@pytest.fixture(scope="module")
def measured(place: tuple[Path, Ended], motions: Path) -> tuple[Path, Ended]:
    """Return a store with the figures of those motions, and what was printed."""
    store = place[0]
    broken = Path(shutil.copytree(motions, motions.with_name("broken")))
    next(broken.glob("repeat-00/*.npy")).write_bytes(b"")
    ended = evaluate(store, "--motions", broken)
    assert ended.code == 3, ended.err
    assert artifacts(store) == {"dataset"}, "an evaluator was trained for motions that are wrong"
    return store, evaluate(store, "--motions", motions)


def test_the_instructions_to_answer(place: tuple[Path, Ended]) -> None:
    _, ended = place
    rows = list(csv.DictReader(io.StringIO(ended.out)))
    assert ended.code == 0 and len(rows) == 32
    assert {row["file"] for row in rows} == {f"{row['clip']}@0.npy" for row in rows}
    assert all(int(row["frames"]) >= 40 and len(row["text"]) > 10 for row in rows)


def test_the_table(measured: tuple[Path, Ended]) -> None:
    store, ended = measured
    assert ended.code == 0, ended.err
    assert artifacts(store) == {"dataset", "evaluator", "outside"}
    rows = [line for line in ended.out.splitlines() if line.startswith("│")]
    real, system = (row.split("│")[1:8] for row in rows[:2])
    assert (real[0].strip(), system[0].strip()) == ("real motion", "MoMask")
    assert real[1:] == system[1:]
    for said in (
        "published, table 3, humanml3d", "0.045 ± 0.002", "weights: released; licence: MIT",
        "the published protocol has 20", "the evaluator and its word vectors were learned on this",
        "MoMask was not run here: its motions were given (32 features)",
        "Data set: demo, not humanml3d of the paper's table 3",
    ):  # fmt: skip
        assert said in ended.out, said
    assert "no evaluator of this data set yet" in ended.err


def test_the_second_time_nothing_is_computed(measured: tuple[Path, Ended], motions: Path) -> None:
    store, first = measured
    again = evaluate(store, "--motions", motions)
    assert (again.code, again.out) == (0, first.out)
    assert "nothing to compute" in again.err and "start" not in again.err


def test_a_record_is_kept(measured: tuple[Path, Ended], motions: Path) -> None:
    store, first = measured
    (listed,) = json.loads(amx("runs", "list", "--store", store, "--json").out)
    assert (listed["kind"], listed["title"], listed["status"]) == ("outside", "MoMask", "done")
    shown = amx("runs", "show", "outside-MoMask", "--store", store)
    assert shown.code == 0 and shown.out.startswith(first.out)
    assert listed["arms"][0]["fingerprints"]["outside"][:16] in shown.out
    content = json.loads(evaluate(store, "--motions", motions, "--json").out)
    assert content["run"]["id"] == listed["id"]
    assert content["run"]["created"] == listed["created"]
    columns = content["table"]["columns"]
    assert columns["arm"] == ["real motion", "MoMask"]
    assert columns["paper_table3_fid"] == [None, 0.045]
    refused = amx("runs", "motions", "outside-MoMask", "-o", "out", "--store", store)
    assert refused.code == 2 and "choose one that was trained here" in refused.problem


def test_its_figures_come_out_again_when_a_table_is_verified(measured: tuple[Path, Ended]) -> None:
    store = open_store(str(measured[0]))
    record = next(one for one in all_runs(store) if one.title == "MoMask")
    said: list[str] = []
    assert verify_table(table_of(store, record), record, store, said.append) == []
    (sentence,) = said
    assert sentence.startswith("measuring again, 1 of 1: outside ")


def test_a_part_of_the_clips_is_said_at_every_figure(
    measured: tuple[Path, Ended], motions: Path, tmp_path: Path
) -> None:
    store, _ = measured
    part = Path(shutil.copytree(motions, tmp_path / "part"))
    for path in sorted(part.glob("repeat-00/*.npy"))[:2]:
        path.unlink()
    refused = evaluate(store, "--motions", part)
    assert refused.code == 3 and "2 of 32 clips have no motion" in refused.problem
    ended = evaluate(store, "--motions", part, "--allow-missing", "--name", "Mine", "--json")
    table = json.loads(ended.out)["table"]
    assert table["columns"]["arm"] == [f"{row} (30 of 32 clips)" for row in ("real motion", "Mine")]
    assert any("compare with no other table" in note for note in table["notes"])
    assert table["published"] == []


def test_a_dry_run_leaves_nothing(motions: Path, tmp_path: Path) -> None:
    ended = evaluate(tmp_path / "store", "--motions", motions, "--dry-run")
    assert ended.code == 0
    assert all(stage in ended.out for stage in ("dataset", "evaluator", "outside"))
    assert not (tmp_path / "store").exists()


def test_the_published_evaluator(
    measured: tuple[Path, Ended], motions: Path, tmp_path: Path
) -> None:
    store, first = measured
    given = ("--evaluator", write_folder(tmp_path, "evaluator", "humanml3d"))
    alone = evaluate(store, "--motions", motions, *given)
    assert alone.code == 5 and "the published word-vectors was not imported" in alone.problem
    ended = evaluate(
        store, "--motions", motions, *given, "--glove", write_glove(tmp_path / "glove")
    )
    assert ended.code == 0, ended.err
    assert "the evaluator is the published one" in ended.out
    row, own_row = (
        next(line for line in one.out.splitlines() if line.startswith("│ MoMask"))
        for one in (ended, first)
    )
    assert row != own_row
    assert "checkpoint" in artifacts(store)


@pytest.mark.parametrize("command", [("train", TINY), ("ablate", "condition", "--dataset", TINY)])
def test_a_launch_is_measured_by_the_published_evaluator(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    given = (
        "--evaluator", write_folder(tmp_path, "evaluator", "humanml3d"),
        "--glove", write_glove(tmp_path / "glove"),
    )  # fmt: skip
    place = ("--store", tmp_path / "store", "--dry-run", "--json")
    own, planned = (amx(*command, *place, *more) for more in ((), given))
    assert (own.code, planned.code) == (0, 0), planned.err
    stages = [{row["stage"] for row in json.loads(one.out)["stages"]} for one in (own, planned)]
    assert "checkpoint" in stages[1] - stages[0]
    assert not (tmp_path / "store").exists()
    refused = amx(*command, *given, "--store", tmp_path / "store", "--address", "http://[::1]:9")
    assert refused.code == 2 and "amx import t2m-evaluator" in refused.problem


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        ((), 2, "give either --motions DIR"),
        (("--motions", "nowhere"), 3, "nowhere is missing"),
        (("--motions", ".", "--instructions"), 2, "give either --motions DIR"),
        (("--motions", ".", "--glove", "."), 2, "--glove goes with --evaluator"),
        (("--motions", ".", "--name", "a/b"), 2, "--name: 'a/b' cannot name a record"),
        (("--motions", ".", "--evaluator", "none"), 5, "none"),
        (("--motions", "."), 3, "there is no motion in the folder"),
    ],
)
def test_what_cannot_be_measured(
    place: tuple[Path, Ended], args: tuple[str, ...], code: int, said: str
) -> None:
    ended = evaluate(place[0], *args)
    assert (ended.code, ended.out) == (code, "")
    assert any(said in problem for problem in ended.problems)


def test_an_arm_of_ours_gets_its_own_figures_again(finished: Path, tmp_path: Path) -> None:
    store = Path(shutil.copytree(finished, tmp_path / "store"))
    written = amx("runs", "motions", "tiny-demo", "-o", tmp_path / "mine", "--store", store)
    assert written.code == 0, written.err
    assert "other figures" not in written.err
    table = json.loads(evaluate(store, "--motions", tmp_path / "mine", "--json").out)["table"]
    launch = json.loads(amx("runs", "show", "tiny-demo", "--store", store, "--json").out)["table"]
    rows = [[columns[key] for key in columns if key in ("fid", "top1", "mm_distance", "diversity")]
            for columns in (table["columns"], launch["columns"])]  # fmt: skip
    ours = [values[-1] for values in rows[1]]
    assert [values[-1] for values in rows[0]] == ours and None not in ours
    again = amx("runs", "motions", "tiny-demo", "-o", tmp_path / "mine", "--store", store)
    assert again.code == 3 and "exists; choose another folder" in again.problem


def test_the_example_of_the_page(
    place: tuple[Path, Ended], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (REPOSITORY / "docs" / "evaluate.md").read_text("utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    (manifest,) = re.findall(r"^```json\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    system = types.ModuleType("my_system")
    standing = np.zeros(263, np.float32)
    standing[3] = 0.9
    system.generate = lambda text, frames, seed: np.tile(standing, (frames, 1))  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "my_system", system)
    Path("instructions.csv").write_text(place[1].out, encoding="utf-8")
    exec(compile(code, "evaluate.md", "exec"), {})
    changed = json.loads(manifest) | {"texts": {}}
    Path("motions/manifest.json").write_text(json.dumps(changed))
    ended = evaluate(place[0], "--motions", "motions", "--set", "evaluation.repeats=5", "--json")
    assert ended.code == 0, ended.err
    columns = json.loads(ended.out)["table"]["columns"]
    assert columns["arm"][1] == "MDM" and columns["fid"][1] > columns["fid"][0]
