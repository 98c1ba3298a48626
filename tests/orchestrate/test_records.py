import multiprocessing
import os
import signal
from dataclasses import replace

import pytest

from audiomotion.errors import DataError
from audiomotion.orchestrate.records import (
    ArmRecord,
    RunFolder,
    RunRecord,
    all_runs,
    close_dead_runs,
)
from audiomotion.orchestrate.store import ArtifactStore, open_store
from tests.orchestrate.processes import wait_until

ARM = ArmRecord("wavlm", 0, {"seed": 0}, {"rvq": "abc"}, "pretrained: wavlm")
RECORD = RunRecord(
    id="run",
    kind="ablation",
    title="feature-extractor",
    dataset="demo",
    created="2026-01-01T00:00:00Z",
    arms=(ARM, replace(ARM, arm="encodec", status="failed", reason="no data", exit_code=3)),
    references=("def",),
    axis={"published": {"table": 5}},
)


def save(store, name, **changes):
    folder = RunFolder(store, name)
    folder.save(replace(RECORD, id=name, **changes))
    return folder


def test_a_record_is_read_as_it_was_written(store):
    assert RunFolder(store, "none").load() is None
    assert save(store, "run").load() == RECORD


def test_a_damaged_record_says_what_to_do(store):
    folder = save(store, "run")
    (folder.path / "run.json").write_text("{")
    with pytest.raises(DataError, match=r"run.json is damaged"):
        folder.load()


def test_runs_come_newest_first(store):
    save(store, "old", updated="2026-01-02T00:00:00Z")
    save(store, "new", updated="2026-01-03T00:00:00Z")
    save(store, "begun", created="2026-01-04T00:00:00Z")
    assert [record.id for record in all_runs(store)] == ["begun", "new", "old"]
    assert list(all_runs(ArtifactStore(store.root / "nowhere"))) == []


def test_new_verdicts_carry_a_time():
    record = RECORD.with_arms((replace(ARM, status="done"),), "done")
    assert (record.status, record.arms[0].status) == ("done", "done")
    assert record.updated > RECORD.created


def _hold(location) -> None:
    store = open_store(location)
    folder = RunFolder(store, "held")
    with folder.claim(lambda: None):
        folder.save(replace(RECORD, id="held"))
        (store.root / "holds").touch()
        signal.pause()


@pytest.fixture
def holder(store):
    """Start a process that holds the launch `held` until it is killed."""
    process = multiprocessing.get_context("fork").Process(target=_hold, args=(store.location,))
    process.start()
    wait_until(lambda: (store.root / "holds").exists(), "the holder")
    yield process
    process.kill()
    process.join()


def test_only_launches_whose_driver_died_are_closed(store, holder):
    save(store, "dead")
    save(store, "finished", status="done")
    assert [folder.id for folder in close_dead_runs(store)] == ["dead"]
    statuses = {record.id: record.status for record in all_runs(store)}
    assert statuses == {"dead": "interrupted", "finished": "done", "held": "running"}
    os.kill(holder.pid, signal.SIGKILL)
    holder.join()
    assert [folder.id for folder in close_dead_runs(store)] == ["held"]
    assert close_dead_runs(store) == []


def test_ones_own_launch_is_not_dead(store):
    folder = save(store, "mine")
    with folder.claim(lambda: pytest.fail("nobody else holds it")):
        assert close_dead_runs(store) == []


def test_a_claim_waits_for_the_other_and_takes_over_when_it_dies(store, holder):
    said = []

    def wait():
        said.append("waiting")
        holder.kill()

    with RunFolder(store, "held").claim(wait):
        assert said == ["waiting"]
