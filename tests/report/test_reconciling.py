from pathlib import Path

import pytest

from audiomotion.errors import ClusterError
from audiomotion.orchestrate.records import ArmRecord, RunFolder, RunRecord, timestamp
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.report.reconciling import reconcile
from audiomotion.track.tracker import Tracker, default_uri
from tests.orchestrate.ray_head import free_ports


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ArtifactStore:
    """Return a store with a launch that died, one that runs, and one whose end MLflow missed."""
    store = ArtifactStore(tmp_path_factory.mktemp("store"))
    store.prepare()
    for name in ("died", "runs", "missed"):
        _tracked(store, name)
    folder = RunFolder(store, "missed")
    record = folder.load()
    assert record is not None
    folder.save(record.with_arms(record.arms, "interrupted"))
    return store


def _tracked(store: ArtifactStore, name: str) -> None:
    arm = ArmRecord("a", 0, {}, {}, "none")
    folder = RunFolder(store, name)
    folder.save(RunRecord(name, "ablation", "axis", "demo", timestamp(), (arm,), ()))
    with folder.claim(lambda: None):
        pass
    tracker = Tracker(default_uri(store.root), store.root, folder.path)
    tracker.open_runs("axis-demo", name, {}, {"a/seed0": ({}, {})})


def statuses(store: ArtifactStore, name: str) -> set[str]:
    from mlflow.tracking import MlflowClient

    tracker = Tracker(default_uri(store.root), store.root, store.runs / name)
    client = MlflowClient(default_uri(store.root))
    return {client.get_run(tracker.run_id(label)).info.status for label in tracker.labels()}


@pytest.fixture(autouse=True)
def own_tracker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


def test_what_nobody_runs_is_closed_and_what_runs_is_not(store: ArtifactStore) -> None:
    with RunFolder(store, "runs").claim(lambda: None):
        closed = list(reconcile(store))
        assert list(reconcile(store)) == []
        assert statuses(store, "runs") == {"RUNNING"}
    assert sorted(closed) == [
        "launch died had died; its record says `interrupted` now",
        "launch died: 2 runs that were open in MLflow are closed",
        "launch missed: 2 runs that were open in MLflow are closed",
    ]
    died = RunFolder(store, "died").load()
    assert died is not None
    assert died.status == "interrupted"
    assert statuses(store, "died") == statuses(store, "missed") == {"KILLED"}


def test_a_server_that_is_gone_keeps_no_record_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    (port,) = free_ports(1)
    store = ArtifactStore(tmp_path / "store")
    store.prepare()
    _tracked(store, "died")
    state = store.runs / "died" / "mlflow.json"
    state.write_text(state.read_text().replace(default_uri(store.root), f"http://127.0.0.1:{port}"))
    closed = reconcile(store)
    assert next(closed).startswith("launch died had died")
    with pytest.raises(ClusterError, match="cannot be used"):
        list(closed)
