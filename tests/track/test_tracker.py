import json
import multiprocessing
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from mlflow.tracking import MlflowClient

from audiomotion.errors import ClusterError, ConfigError
from audiomotion.track.tracker import Tracker, default_uri

CHILDREN = {
    "wavlm/seed0": ({"extractor": {"name": "wavlm"}, "seed": 0}, {"amx.arm": "wavlm"}),
    "encodec/seed0": ({"extractor": {"name": "encodec"}, "seed": 0}, {"amx.arm": "encodec"}),
}
POINTS = [{"step": step, "loss": 1 / step, "accuracy": step / 2000} for step in range(1, 1001)]


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "runs" / "launch"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def client(uri):
    return MlflowClient(tracking_uri=uri)


@pytest.fixture
def reopen(uri, tmp_path, folder):
    """Return a function that opens the runs as a new process would."""

    def open_again(**changes):
        tracker = Tracker(uri, tmp_path, folder)
        tracker.open_runs("axis-demo", "launch", {"amx.run": "launch"}, CHILDREN | changes)
        return tracker

    return open_again


def history(client, tracker, label, name):
    found = client.get_metric_history(tracker.run_id(label), name)
    return sorted((metric.step, metric.value) for metric in found)


def test_a_launch_is_a_parent_with_a_child_for_each_arm(reopen, client):
    tracker = reopen()
    parent = client.get_run(tracker.run_id(""))
    assert parent.info.run_name == "launch"
    assert parent.data.tags["amx.run"] == "launch"
    for label, (_, tags) in CHILDREN.items():
        child = client.get_run(tracker.run_id(label))
        assert child.data.tags["mlflow.parentRunId"] == parent.info.run_id
        assert child.data.tags["amx.arm"] == tags["amx.arm"]
        assert child.data.params == {"extractor.name": tags["amx.arm"], "seed": "0"}
        assert child.info.status == "RUNNING"
    (experiment,) = client.search_experiments(filter_string="name = 'axis-demo'")
    assert len(client.search_runs([experiment.experiment_id])) == 3


def test_opened_again_the_same_runs_go_on(reopen, client):
    first = reopen()
    first.end("wavlm/seed0", "KILLED", "interrupted", "the driver died")
    again = reopen()
    assert [again.run_id(label) for label in again.labels()] == [
        first.run_id(label) for label in first.labels()
    ]
    run = client.get_run(again.run_id("wavlm/seed0"))
    assert run.info.status == "RUNNING"
    assert run.data.tags["amx.status"] == "running"
    assert "reason" not in run.data.tags


def test_a_value_that_mlflow_would_refuse_to_change_stays(reopen, client):
    reopen()
    changed = {"wavlm/seed0": ({"extractor": {"name": "other"}, "new": 1}, {})}
    tracker = reopen(**changed)
    parameters = client.get_run(tracker.run_id("wavlm/seed0")).data.params
    assert parameters == {"extractor.name": "wavlm", "seed": "0", "new": "1"}


def test_a_deleted_run_and_a_deleted_database_are_begun_anew(reopen, client, tables, tmp_path):
    first = reopen()
    client.delete_run(first.run_id("wavlm/seed0"))
    second = reopen()
    assert second.run_id("wavlm/seed0") != first.run_id("wavlm/seed0")
    assert second.run_id("encodec/seed0") == first.run_id("encodec/seed0")


def test_another_server_gets_runs_of_its_own(reopen, uri, tmp_path, folder, tables):
    first = reopen()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "mlflow.db").write_bytes(tables.read_bytes())
    moved = Tracker(f"sqlite:///{elsewhere}/mlflow.db", tmp_path, folder)
    moved.open_runs("axis-demo", "launch", {}, CHILDREN)
    assert set(moved.labels()) == set(first.labels())
    assert moved.run_id("") != first.run_id("")


def test_curves_are_there_once_however_often_they_are_logged(reopen, client):
    for _ in range(2):
        tracker = reopen()
        tracker.log_curves("wavlm/seed0", "masked", POINTS)
    for name in ("loss", "accuracy"):
        expected = [(point["step"], pytest.approx(point[name])) for point in POINTS]
        assert history(client, tracker, "wavlm/seed0", f"masked/{name}") == expected


@pytest.mark.parametrize("num_logged", [0, 1, 499, 1000])
def test_a_crash_between_leaves_no_gap_and_no_point_twice(reopen, client, num_logged):
    reopen().log_curves("wavlm/seed0", "rvq", POINTS[:num_logged])
    tracker = reopen()
    tracker.log_curves("wavlm/seed0", "rvq", POINTS)
    steps = [step for step, _ in history(client, tracker, "wavlm/seed0", "rvq/accuracy")]
    assert steps == list(range(1, 1001))


def _log_much(uri, root, folder, label) -> None:
    tracker = Tracker(uri, root, folder)
    tracker.open_runs("axis-demo", "launch", {}, CHILDREN)
    (root / "began").touch()
    tracker.log_curves(label, "rvq", [{"step": i, "loss": 1.0, "b": 2.0} for i in range(40_000)])


def test_a_process_killed_while_it_logs_leaves_whole_points(uri, reopen, client, tmp_path, folder):
    arguments = (uri, tmp_path, folder, "wavlm/seed0")
    process = multiprocessing.get_context("spawn").Process(target=_log_much, args=arguments)
    process.start()
    deadline = time.monotonic() + 60
    tracker = None
    while tracker is None or not history(client, tracker, "wavlm/seed0", "rvq/loss"):
        assert time.monotonic() < deadline
        if (tmp_path / "began").exists():
            tracker = tracker or Tracker(uri, tmp_path, folder)
    process.kill()
    process.join()
    names = [f"rvq/{name}" for name in ("loss", "b")]
    lengths = [len(history(client, tracker, "wavlm/seed0", name)) for name in names]
    assert 0 < lengths[0] == lengths[1]
    points = [{"step": step, "loss": 1.0, "b": 2.0} for step in range(lengths[0] + 700)]
    tracker.log_curves("wavlm/seed0", "rvq", points)
    for name in names:
        steps = [step for step, _ in history(client, tracker, "wavlm/seed0", name)]
        assert steps == list(range(lengths[0] + 700))


def test_the_newer_figure_is_the_one_that_shows(reopen, client):
    tracker = reopen()
    tracker.log_metrics("", {"wavlm/fid": 2.5, "wavlm/top1": 0.25})
    reopen().log_metrics("", {"wavlm/fid": 1.5})
    shown = client.get_run(tracker.run_id("")).data.metrics
    assert shown == {"wavlm/fid": 1.5, "wavlm/top1": 0.25}


def test_the_comparison_is_a_table_that_mlflow_reads(reopen, client, uri, monkeypatch):
    monkeypatch.setenv(
        "MLFLOW_TRACKING_URI", uri
    )  # reading a table goes by it, whatever the client
    columns = {"arm": ["wavlm", "encodec"], "fid": [0.5, None]}
    for _ in range(2):
        tracker = reopen()
        tracker.log_table(columns, "comparison.json")
    run = client.get_run(tracker.run_id(""))
    table = client.load_table(run.info.experiment_id, "comparison.json", [run.info.run_id])
    assert table["arm"].tolist() == ["wavlm", "encodec"]
    assert table["fid"][0] == 0.5
    assert table["fid"].isna().tolist() == [False, True]


def test_texts_and_files_are_artifacts(reopen, client, tmp_path):
    tracker = reopen()
    tracker.log_text("", "# best: wavlm", "comparison.md")
    (tmp_path / "motion.html").write_text("<p>")
    tracker.log_file("wavlm/seed0", tmp_path / "motion.html", "motions")
    names = [file.path for file in client.list_artifacts(tracker.run_id(""))]
    assert names == ["comparison.md"]
    (file,) = client.list_artifacts(tracker.run_id("wavlm/seed0"), "motions")
    assert file.path == "motions/motion.html"
    assert any((tmp_path / "mlartifacts").rglob("motion.html"))


def test_a_store_whose_name_has_spaces_and_signs(tables, tmp_path):
    root = tmp_path / "my store #1 50%"
    (root / "run").mkdir(parents=True)
    (root / "mlflow.db").write_bytes(tables.read_bytes())
    tracker = Tracker(default_uri(root), root, root / "run")
    tracker.open_runs("axis-demo", "launch", {}, {})
    tracker.log_text("", "text", "a.md")
    assert next((root / "mlartifacts").rglob("a.md")).read_text() == "text"


def test_every_ending_is_recorded(reopen, client):
    tracker = reopen()
    tracker.end("wavlm/seed0", "FINISHED", "done")
    tracker.end("encodec/seed0", "FAILED", "skipped", "no data")
    tracker.end("", "KILLED", "interrupted")
    runs = {label: client.get_run(tracker.run_id(label)) for label in tracker.labels()}
    assert {label: run.info.status for label, run in runs.items()} == {
        "": "KILLED",
        "wavlm/seed0": "FINISHED",
        "encodec/seed0": "FAILED",
    }
    assert runs["encodec/seed0"].data.tags["reason"] == "no data"
    assert {label: run.data.tags["amx.status"] for label, run in runs.items()} == {
        "": "interrupted",
        "wavlm/seed0": "done",
        "encodec/seed0": "skipped",
    }


def test_a_server_that_does_not_answer_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        uri = f"http://127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(ClusterError, match=rf"MLflow at {uri} cannot be used.*start it"):
            Tracker(uri, tmp_path, tmp_path)


def test_a_damaged_database_is_said(tmp_path):
    (tmp_path / "mlflow.db").write_bytes(b"no database" * 1000)
    with pytest.raises(ClusterError, match="not a database"):
        Tracker(default_uri(tmp_path), tmp_path, tmp_path)


def test_a_server_that_goes_away_later_is_said(reopen, tmp_path):
    tracker = reopen()
    (tmp_path / "mlflow.db").write_bytes(b"no database" * 10_000)
    with pytest.raises(ClusterError, match="cannot be used"):
        tracker.log_metrics("", {"fid": 1.0})


def test_two_launches_may_make_the_tables_at_once(tmp_path):
    code = (
        "import sys; from pathlib import Path; from audiomotion.track.tracker import *; "
        "root = Path(sys.argv[1]); folder = root / sys.argv[2]; folder.mkdir(); "
        "Tracker(default_uri(root), root, folder).open_runs('axis-demo', 'launch', {}, {})"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path), name], cwd=Path.cwd())
        for name in "ab"
    ]
    assert [process.wait(timeout=90) for process in processes] == [0, 0]
    client = MlflowClient(tracking_uri=default_uri(tmp_path))
    (experiment,) = client.search_experiments(filter_string="name = 'axis-demo'")
    assert len(client.search_runs([experiment.experiment_id])) == 2


def test_the_place_is_the_environment_or_beside_the_artifacts(tmp_path, monkeypatch):
    assert default_uri(tmp_path) == f"sqlite:///{tmp_path}/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:5000")
    assert default_uri(tmp_path) == "http://127.0.0.1:5000"


def test_a_password_in_the_address_is_refused_and_not_shown(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://me:s3cret@mlflow.example")
    with pytest.raises(ConfigError, match="holds a password") as refused:
        default_uri(tmp_path)
    assert "s3cret" not in str(refused.value)


def test_what_no_parameter_can_hold_is_whole_in_a_file(reopen, client, tmp_path):
    long = {"instructions": "x" * 9000, "names": {"it's (new)": 1}, "empty": {}}
    for _ in range(2):
        tracker = reopen(**{"long/seed0": (long, {})})
    run = client.get_run(tracker.run_id("long/seed0"))
    assert run.data.params["instructions"].endswith("the whole is in configuration.json")
    assert run.data.params["names.it_s _new_"] == "1"
    assert run.data.params["empty"] == "{}"
    (path,) = (tmp_path / "mlartifacts").rglob("configuration.json")
    assert json.loads(path.read_text("utf-8")) == long
    assert client.list_artifacts(tracker.run_id("wavlm/seed0")) == []


def test_a_description_too_long_for_mlflow_says_where_the_whole_is(reopen, client):
    tracker = reopen()
    rows = "\n".join(f"| arm {number} | 1.0 |" for number in range(1000))
    tracker.describe("", rows, "comparison.md")
    note = client.get_run(tracker.run_id("")).data.tags["mlflow.note.content"]
    assert len(note) <= 8000
    table, _, end = note.partition("\n\n")
    assert end == "… cut here; the whole is in comparison.md"
    assert set(rows.splitlines()) >= set(table.splitlines())


def test_more_metrics_and_tags_than_a_batch_takes_are_all_there(reopen, client):
    tracker = reopen()
    values = {f"m{number}/{place}": float(number) for number in range(500) for place in range(3)}
    tracker.log_metrics("", values, {f"tag{number}": str(number) for number in range(150)})
    run = client.get_run(tracker.run_id(""))
    assert run.data.metrics == values
    assert {f"tag{number}" for number in range(150)} <= set(run.data.tags)
