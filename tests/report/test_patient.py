import threading
import time

import pytest
from mlflow.tracking import MlflowClient

from audiomotion.errors import ClusterError
from audiomotion.files import write_json
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.report import patient
from audiomotion.report.patient import PatientObserver
from audiomotion.report.tracked import TrackedLaunch
from audiomotion.stages.results import CURVES, KEPT
from audiomotion.track.tracker import Tracker
from audiomotion.train.curves import Curves
from tests.orchestrate.processes import wait_until
from tests.report.launches import done, launch, result
from tests.report.test_tracked import training_of


class Case:
    """A launch of one arm, tracked in a database that can be damaged and mended."""

    def __init__(self, root, uri=None):
        self.root = root
        self.store = ArtifactStore(root)
        artifacts = self.store.artifact_root
        self.record = launch(artifacts, done(artifacts, "wavlm", 0, result([1.0, 3.0])))
        self.stage = training_of(self.record.arms[0])
        self.folder = root / "masked"
        self.folder.mkdir()
        Curves(self.folder / CURVES).add(10, {"loss": 0.5})
        write_json(self.folder / KEPT, {"step": 7, "num_steps": 10, "validation_fid": 0.25})
        (root / "run").mkdir()
        self.said = []
        self.database = root / "mlflow.db"
        self.uri = uri or f"sqlite:///{self.database}"

    def observer(self, patience_seconds=60.0):
        tracker = Tracker(self.uri, self.root, self.root / "run")
        observer = PatientObserver(
            TrackedLaunch(tracker, self.store), self.said.append, patience_seconds
        )
        observer.begin(self.record)
        return observer

    def damage(self):
        self.whole = self.database.read_bytes()
        self.database.write_bytes(b"no database" * (len(self.whole) // 11))

    def mend(self):
        self.database.write_bytes(self.whole)

    def assert_complete(self):
        client = MlflowClient(tracking_uri=self.uri)
        tracker = Tracker(self.uri, self.root, self.root / "run")
        run = client.get_run(tracker.run_id("wavlm/seed0"))
        history = client.get_metric_history(run.info.run_id, "masked/loss")
        assert [(point.step, point.value) for point in history] == [(10, 0.5)]
        assert run.data.metrics["fid"] == 2.0
        for label in tracker.labels():
            assert client.get_run(tracker.run_id(label)).info.status == "FINISHED"


@pytest.fixture
def case(tmp_path):
    return Case(tmp_path)


def test_what_was_missed_is_written_when_the_server_is_back(case):
    observer = case.observer()
    case.damage()
    observer.stage_done(case.record, case.stage, case.folder)
    wait_until(lambda: bool(case.said), "a word about it")
    case.mend()
    observer.end(case.record)
    assert len(case.said) == 1
    assert "the launch goes on; this is written later" in case.said[0]
    case.assert_complete()


def test_a_server_that_stays_away_is_said_and_made_up_for(case):
    observer = case.observer(patience_seconds=0.8)
    case.damage()
    observer.stage_done(case.record, case.stage, case.folder)
    with pytest.raises(ClusterError, match="the same command writes them and computes nothing"):
        observer.end(case.record)
    case.mend()
    again = case.observer()
    again.stage_done(case.record, case.stage, case.folder)
    again.end(case.record)
    case.assert_complete()


class Hanging:
    """Stands for a tracker whose server takes a request and never answers."""

    def __init__(self):
        self.answer = threading.Event()

    def begin(self, record):
        pass

    def stage_done(self, record, stage, folder):
        self.answer.wait(60)

    def end(self, record):
        pass

    def interrupted(self):
        self.answer.wait(60)


def test_a_server_that_hangs_holds_up_nothing(case, monkeypatch):
    monkeypatch.setattr(patient, "_CLOSING_SECONDS", 0.1)
    inner = Hanging()
    observer = PatientObserver(inner, case.said.append, patience_seconds=0.2)
    began = time.monotonic()
    observer.begin(case.record)
    for _ in range(100):
        observer.stage_done(case.record, case.stage, case.folder)
    observer.interrupted()
    with pytest.raises(ClusterError, match="does not answer"):
        observer.end(case.record)
    assert time.monotonic() - began < 30
    inner.answer.set()


def test_a_bug_is_not_mistaken_for_an_absent_server(case):
    observer = case.observer()
    write_json(case.folder / KEPT, {})
    observer.stage_done(case.record, case.stage, case.folder)
    with pytest.raises(KeyError, match="step"):
        observer.end(case.record)
    assert case.said == []


def test_who_never_began_leaves_what_an_earlier_attempt_closed(case):
    case.observer().end(case.record)
    tracker = Tracker(case.uri, case.root, case.root / "run")
    PatientObserver(TrackedLaunch(tracker, case.store), case.said.append).interrupted()
    assert {run_status(case, label) for label in tracker.labels()} == {"FINISHED"}


def run_status(case, label):
    tracker = Tracker(case.uri, case.root, case.root / "run")
    return MlflowClient(tracking_uri=case.uri).get_run(tracker.run_id(label)).info.status
