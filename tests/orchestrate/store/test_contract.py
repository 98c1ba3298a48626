"""What holds for a store in a folder and for one behind a URL alike."""

import multiprocessing
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from audiomotion.errors import DataError
from audiomotion.orchestrate.forcing import discard
from audiomotion.orchestrate.importing import find_imported, import_checkpoint
from audiomotion.orchestrate.plan import Plan
from audiomotion.orchestrate.records import RunFolder, all_runs, close_dead_runs
from audiomotion.orchestrate.store import MANIFEST, manifest_in, open_store, verify
from audiomotion.orchestrate.worker import run_stage
from audiomotion.stages.base import Stage
from tests.orchestrate.processes import wait_until
from tests.orchestrate.test_records import RECORD
from tests.orchestrate.toy import COUNTED, PLAIN_FAILURE, TRAINING, ToyTraining, importable, note

FORK = multiprocessing.get_context("forkserver")
FORK.set_forkserver_preload(["tests.orchestrate.toy"])


def start(nodes, name, target, *args):
    variables = {**os.environ, "AMX_CACHE": nodes.cache(name)}
    process = FORK.Process(target=_on_node, args=(variables, target, *args))
    process.start()
    return process


def _on_node(variables, target, *args):
    os.environ.update(variables)
    target(*args)


def test_what_one_machine_made_is_read_on_another(any_nodes):
    any_nodes.on("a")
    first = note("first")
    made = run_stage(first, any_nodes.settings())
    here = any_nodes.on("other")
    found = here.find(first)
    assert found.manifest == made.manifest
    assert (here.fetch(first) / "note").read_text() == "first\n"
    assert here.verify(found) == []
    second = note("second", first)
    assert here.available({one.fingerprint: one for one in (first, second)}) == {first.fingerprint}
    run_stage(second, any_nodes.settings())
    there = any_nodes.on("third")
    assert (there.fetch(second) / "note").read_text() == "first\nsecond\n"
    wanted = [("note", second.fingerprint), ("note", "not there"), ("other", first.fingerprint)]
    assert [one.manifest["config"] for one in there.named(wanted)] == [{"text": "second"}]
    assert [one.fingerprint for one in there.artifacts("note")] == sorted(
        (first.fingerprint, second.fingerprint)
    )


def test_a_manifest_can_be_read_without_the_files(any_nodes):
    any_nodes.on("a")
    stage = note("first")
    made = run_stage(stage, any_nodes.settings())
    here = any_nodes.on("other")
    here.fetch_files([(stage.name, stage.fingerprint), ("note", "0" * 64)], [MANIFEST])
    assert manifest_in(here.folder(stage)) == made.manifest
    assert manifest_in(here.folder(note("never made"))) is None
    assert (here.fetch(stage) / "note").read_text() == "first\n"
    assert here.verify(here.find(stage)) == []


def test_an_unfinished_stage_is_not_found_and_leaves_no_claim(any_nodes):
    store = any_nodes.on("a")
    stage = note("no clip", kind=PLAIN_FAILURE)
    with pytest.raises(DataError, match="no clip"):
        run_stage(stage, any_nodes.settings())
    assert store.find(stage) is None
    assert list(store.artifacts()) == []
    with any_nodes.on("b").claim(stage.fingerprint, wait=False) as mine:
        assert mine


def _hold(location, folder):
    with open_store(location).claim("thing"):
        (folder / "holds").touch()
        signal.pause()


def test_a_claim_is_taken_over_when_its_holder_is_killed(any_nodes):
    any_nodes.on("a")
    holder = start(any_nodes, "a", _hold, any_nodes.location, any_nodes.folder)
    try:
        wait_until((any_nodes.folder / "holds").exists, "the holder")
        store = any_nodes.on("b")
        with store.claim("thing", wait=False) as mine:
            assert not mine
        with store.claim("other thing", wait=False) as mine:
            assert mine
        os.kill(holder.pid, signal.SIGKILL)
        with store.claim("thing") as mine:
            assert mine
            with any_nodes.on("c").claim("thing", wait=False) as also:
                assert not also
    finally:
        holder.kill()
        holder.join()


def _ask(settings, folder, stage):
    (folder / f"arrived-{os.getpid()}").touch()
    run_stage(stage, settings)


def test_machines_that_want_one_artifact_compute_it_once(any_nodes):
    store, stage = any_nodes.on("a"), note("wanted", kind=COUNTED)
    arguments = any_nodes.settings(), any_nodes.folder, stage
    with store.claim(stage.fingerprint):
        asking = [start(any_nodes, name, _ask, *arguments) for name in "aabbcc"]
        wait_until(lambda: len(list(any_nodes.folder.glob("arrived-*"))) == 6, "6 processes")
        assert store.find(stage) is None
    for process in asking:
        process.join(60)
    assert [process.exitcode for process in asking] == [0] * 6
    counts = [path.read_text().split() for path in any_nodes.folder.rglob("cache/count")]
    assert sum(map(len, counts)) == 1
    assert store.verify(store.find(stage)) == []


def test_records_of_launches_are_read_on_another_machine(any_nodes):
    folder = RunFolder(any_nodes.on("a"), "run")
    with folder.claim(lambda: pytest.fail("nobody holds it")):
        folder.save(RECORD)
        (folder.path / "mlflow.json").write_text("{}")
        folder.share()
        other = any_nodes.on("b")
        assert list(all_runs(other)) == [RECORD]
        assert RunFolder(other, "run").path.joinpath("mlflow.json").read_text() == "{}"
        assert close_dead_runs(other) == []
    assert [dead.id for dead in close_dead_runs(any_nodes.on("c"))] == ["run"]
    (record,) = all_runs(any_nodes.on("a"))
    assert record == replace(RECORD, status="interrupted", updated=record.updated)


def test_a_damaged_artifact_is_said_and_made_again_once_it_is_deleted(any_nodes, storage):
    store, stage = any_nodes.on("a"), note("a")
    run_stage(stage, any_nodes.settings())
    if any_nodes.location.startswith("s3"):
        (path,) = storage.files().find(any_nodes.location + "/content")
        storage.files().pipe_file(path, b"")
    else:
        Path(store.folder(stage) / "note").write_bytes(b"")
    other = any_nodes.on("b")
    with pytest.raises(DataError, match=r"note is missing or has another size.*verify --delete"):
        other.find(stage)
    (artifact,) = other.artifacts()
    (problem,) = other.verify(artifact)
    assert problem.endswith("note has changed since it was written")
    other.delete(artifact)
    assert other.find(stage) is None
    assert (run_stage(stage, any_nodes.settings()).folder / "note").read_text() == "a\n"


def test_an_artifact_that_is_removed_is_made_again(any_nodes):
    store, stage = any_nodes.on("a"), note("a")
    run_stage(stage, any_nodes.settings())
    other = any_nodes.on("b")
    other.fetch(stage)
    with other.claim(stage.fingerprint):
        other.remove(stage)
        other.remove(stage)  # nothing is there, which is no error
    assert store.find(stage) is None
    again = run_stage(stage, any_nodes.settings())
    assert (any_nodes.on("a").fetch(stage) / "note").read_text() == "a\n"
    assert again.manifest["fingerprint"] == stage.fingerprint


def test_imported_weights_are_found_on_another_machine(any_nodes):
    imported, is_new = import_checkpoint(any_nodes.on("a"), importable())
    assert is_new
    other = any_nodes.on("b")
    (found,) = find_imported(other, "rvq", "kit")
    assert found.record == imported.record
    assert (other.fetch(found.stage) / "weights").read_bytes() == bytes(3)
    assert not import_checkpoint(any_nodes.on("c"), importable())[1]


def test_some_files_of_an_artifact_are_brought_and_then_all(any_nodes):
    any_nodes.on("a")
    stage = Stage(TRAINING, ToyTraining(num_steps=20))
    run_stage(stage, any_nodes.settings())
    other = any_nodes.on("b")
    keys = [(stage.name, stage.fingerprint), ("toy", "0" * 64)]
    other.fetch_files(keys, ["curves*", "nothing"])
    brought = {path.name for path in other.folder(stage).iterdir()}
    assert "curves.jsonl" in brought
    if any_nodes.location.startswith("s3"):
        assert "model.safetensors" not in brought
    assert (other.fetch(stage) / "model.safetensors").exists()
    assert verify(other.find(stage)) == []


def test_a_verdict_is_read_on_another_machine_until_it_is_forgotten(any_nodes):
    here, there = any_nodes.on("a"), any_nodes.on("b")
    here.record_verdict("x", {"reason": "nan"})
    assert there.verdict("x") == {"reason": "nan"}
    assert there.verdict("y") is None
    there.forget_verdict("x")
    assert any_nodes.on("c").verdict("x") is None


def test_what_a_broken_run_keeps_is_seen_on_another_machine(any_nodes):
    any_nodes.on("a")
    stage = note("no clip", kind=PLAIN_FAILURE)
    with pytest.raises(DataError):
        run_stage(stage, any_nodes.settings())
    assert "shard" in {Path(name).name for name in any_nodes.on("b").kept(stage.fingerprint)}


def test_what_a_broken_run_keeps_can_be_forgotten_by_any_machine(any_nodes):
    any_nodes.on("a")
    stage = note("no clip", kind=PLAIN_FAILURE)
    with pytest.raises(DataError):
        run_stage(stage, any_nodes.settings())
    discard(Plan((), [stage]), {stage.fingerprint}, any_nodes.on("b"))
    assert any_nodes.on("c").kept(stage.fingerprint) == frozenset()
