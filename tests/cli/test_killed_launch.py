"""A launch is killed at once, with no time to say so to MLflow."""

import signal
from pathlib import Path

from mlflow.tracking import MlflowClient

from audiomotion.files import read_json
from tests.cli.command_line import TINY, start, train
from tests.orchestrate.processes import wait_until


def told(store: Path) -> dict[str, tuple[str, str]]:
    """Return what MLflow says of the tiny launch's runs: its own state, and our tag."""
    (path,) = (
        path.with_name("mlflow.json")
        for path in store.glob("runs/*/run.json")
        if "/nowhere" not in path.read_text("utf-8")
    )
    state = read_json(path)
    client = MlflowClient(tracking_uri=state["uri"])
    runs = {label: client.get_run(run_id) for label, run_id in state["runs"].items()}
    return {label: (run.info.status, run.data.tags["amx.status"]) for label, run in runs.items()}


def _has_child(path: Path) -> bool:
    return "tiny/seed0" in read_json(path)["runs"]


def everywhere(status: str, tag: str) -> dict[str, tuple[str, str]]:
    return dict.fromkeys(("", "tiny/seed0"), (status, tag))


def test_the_next_launch_closes_parent_and_child_and_the_same_one_reopens_them(
    tmp_path: Path,
) -> None:
    store = tmp_path / "store"
    process = start("train", TINY, "--executor", "local", "--store", store)
    try:
        wait_until(lambda: any(map(_has_child, store.glob("runs/*/mlflow.json"))), "its runs")
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
    assert told(store) == everywhere("RUNNING", "running")
    other = train(store, "--set", "extractor={name: wavlm, weights: /nowhere/wavlm}")
    assert other.code == 5
    assert "had died; it is marked as interrupted" in other.err
    assert told(store) == everywhere("KILLED", "interrupted")
    again = train(store)
    assert again.code == 0, again.err
    assert told(store) == everywhere("FINISHED", "done")
