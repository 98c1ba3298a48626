"""`amx report`: which launch it takes, where the page goes, and what it says."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from mlflow.tracking import MlflowClient

from audiomotion.cli.report import choose
from audiomotion.errors import ConfigError
from audiomotion.orchestrate.records import RunFolder, RunRecord, all_runs
from audiomotion.orchestrate.store import open_store
from audiomotion.track.tracker import Tracker, tracked_uri
from tests.cli.command_line import amx

RECORD = RunRecord(
    "compressor-demo-1", "ablation", "compressor", "demo", "1", (), (), status="done"
)


def of(*launches: tuple[str, str, str]) -> list[RunRecord]:
    """Return launches, the newest first: title, data set, status."""
    return [
        replace(RECORD, id=f"{title}-{dataset}-{number}", title=title, dataset=dataset,
                status=status)
        for number, (title, dataset, status) in enumerate(launches)
    ]  # fmt: skip


def refused(*args: object) -> str:
    with pytest.raises(ConfigError) as refusal:
        choose(*args)
    return str(refusal.value)


def test_the_newest_launch_that_has_ended_is_taken() -> None:
    records = of(
        ("compressor", "demo", "running"), ("condition", "demo", "done"),
        ("compressor", "kit", "failed"), ("compressor", "demo", "done"),
    )  # fmt: skip
    assert choose(records, "compressor", None, None).id == "compressor-kit-2"
    assert choose(records, "compressor", None, "demo").id == "compressor-demo-3"
    assert choose(records, "compressor", "compressor-demo-3", None).id == "compressor-demo-3"
    assert choose(records, "compressor-demo-3", None, None).id == "compressor-demo-3"


def test_what_is_not_there_is_named_with_what_was_meant() -> None:
    records = of(("compressor", "demo", "done"), ("compressor", "demo", "done"))
    assert "did you mean 'compressor'?" in refused(records, "compresor", None, None)
    assert "did you mean 'compressor-demo-1'?" in refused(records, "compressor-demo-17", None, None)
    assert "--dataset: 'dmo' is not one of its data sets demo" in refused(
        records, "compressor", None, "dmo"
    )
    assert "'x' is not one of the launches" in refused(records, "compressor", "x", None)
    assert "several launches: compressor-demo-0, compressor-demo-1" in refused(
        records, "compressor", "compressor-demo", None
    )
    assert "see --store" in refused([], "compressor", None, None)


def test_a_launch_that_has_not_ended_is_no_report() -> None:
    records = of(("compressor", "demo", "interrupted"))
    assert "compressor-demo-0 is interrupted" in refused(records, "compressor", None, None)


def test_the_launch_itself_left_its_page_in_mlflow(finished: Path) -> None:
    pages = finished.glob("mlartifacts/tiny-demo/*/artifacts/report.html")
    assert any("tiny on demo" in path.read_text("utf-8") for path in pages)


def test_the_page_is_written_and_in_mlflow(store: Path) -> None:
    ended = amx("report", "tiny", "--store", store)
    assert (ended.code, ended.out) == (0, "tiny-demo.html\n")
    (record,) = all_runs(open_store(store))
    assert f"launch {record.id}, done {record.updated}" in ended.err
    html = Path("tiny-demo.html").read_text("utf-8")
    assert html.startswith("<!doctype html>")
    for words in ("tiny on demo", "real motion", "<canvas", "data:audio/flac", "amx train tiny"):
        assert words in html
    folder = RunFolder(open_store(store), record.id).path
    uri = tracked_uri(folder)  # the copied store's launch is in the first one's
    assert uri is not None
    parent, client = Tracker(uri, store, folder).run_id(""), MlflowClient(tracking_uri=uri)
    assert "report.html" in [item.path for item in client.list_artifacts(parent)]


def test_folders_are_made_and_an_old_page_is_replaced(store: Path) -> None:
    target = Path("shared") / "today" / "page.html"
    for _ in range(2):
        assert amx("report", "tiny", "--store", store, "-o", target).out == f"{target}\n"
    assert [path.name for path in target.parent.iterdir()] == ["page.html"]


def test_a_place_that_cannot_be_written(store: Path) -> None:
    Path("file").touch()
    ended = amx("report", "tiny", "--store", store, "-o", "file/page.html")
    assert (ended.code, ended.out) == (3, "")
    assert ended.problem.startswith("file: ")
    ended = amx("report", "tiny", "--store", store, "-o", ".")
    assert (ended.code, ended.problem) == (2, "-o .: is a folder; give the name of a file")


def test_a_tracker_that_is_away_is_said_and_the_page_is_there(
    damaged: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    (state,) = damaged.glob("runs/*/mlflow.json")
    tracked = json.loads(state.read_text())
    state.write_text(json.dumps({**tracked, "uri": "http://127.0.0.1:1"}))
    ended = amx("report", "tiny", "--store", damaged)
    assert (ended.code, ended.out) == (0, "tiny-demo.html\n")
    assert "the page is not in MLflow: " in ended.err
    state.unlink()
    assert "was not tracked from here" in amx("report", "tiny", "--store", damaged).err


def test_an_unknown_axis(finished: Path) -> None:
    ended = amx("report", "tinny", "--store", finished)
    assert (ended.code, ended.out) == (2, "")
    assert ended.problem == (
        "'tinny' is not one of what was launched here: tiny; did you mean 'tiny'?"
    )
