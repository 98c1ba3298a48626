import os
import shutil
from pathlib import Path

import pytest

from audiomotion.errors import DataError
from audiomotion.orchestrate.store import MANIFEST, ArtifactStore, verify
from tests.orchestrate.toy import note

RECORD = {"seconds": 2.0, "finished": "2026-01-01T00:00:00Z"}


def publish(store, stage, content=b"content", record=RECORD):
    output = store.work_folder(stage.fingerprint) / "output"
    (output / "wav").mkdir(parents=True)
    (output / "weights").write_bytes(content)
    (output / "wav" / "0.wav").write_bytes(b"sound")
    return store.publish(stage, output, record)


def test_a_published_artifact_is_found_with_all_its_files(store):
    stage = note("a")
    assert store.find(stage) is None
    artifact = publish(store, stage)
    found = store.find(stage)
    assert found == artifact
    assert (found.fingerprint, found.seconds, found.num_bytes) == (stage.fingerprint, 2.0, 12)
    assert set(found.manifest["files"]) == {"weights", "wav/0.wav"}
    assert (found.manifest["stage"], found.manifest["config"]) == ("note", {"text": "a"})
    assert not store.work_folder(stage.fingerprint).exists()


def test_what_is_not_published_is_not_found(store):
    stage = note("a")
    folder = store.folder(stage)
    folder.mkdir(parents=True)
    (folder / "weights").write_bytes(b"content")
    assert store.find(stage) is None
    assert store.available({stage.fingerprint: stage}) == set()


def test_remains_of_a_deletion_do_not_hinder_the_next_run(store):
    stage = note("a")
    publish(store, stage)
    (store.folder(stage) / MANIFEST).unlink()
    publish(store, stage, b"again")
    assert store.find(stage) is not None
    assert (store.folder(stage) / "weights").read_bytes() == b"again"


@pytest.mark.parametrize("damage", [os.remove, lambda path: os.truncate(path, 3)])
def test_a_missing_or_shortened_file_is_found_on_opening(store, damage):
    stage = note("a")
    damage(publish(store, stage).folder / "weights")
    with pytest.raises(DataError, match=r"weights is missing or has another size.*delete"):
        store.find(stage)
    with pytest.raises(DataError):
        store.available({stage.fingerprint: stage})


def test_verify_names_every_file_that_changed(store):
    artifact = publish(store, note("a"))
    assert verify(artifact) == []
    (artifact.folder / "weights").write_bytes(b"CONTENT")
    (artifact.folder / "wav" / "0.wav").unlink()
    missing, changed = verify(artifact)
    assert missing.endswith("0.wav is missing")
    assert changed.endswith("weights has changed since it was written")


def test_a_damaged_artifact_does_not_hide_the_others(store):
    for text in "ab":
        publish(store, note(text))
    shutil.rmtree(store.folder(note("a")) / "wav")
    problems = [problem for artifact in store.artifacts() for problem in verify(artifact)]
    assert len(list(store.artifacts())) == 2
    assert len(problems) == 1


def test_a_damaged_manifest_says_what_to_do(store):
    artifact = publish(store, note("a"))
    (artifact.folder / MANIFEST).write_text("{")
    with pytest.raises(DataError, match=r"damaged.*delete it and run again"):
        store.find(note("a"))


def test_a_place_that_cannot_be_a_store_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"file is a file.*--store"):
        ArtifactStore(tmp_path / "file").prepare()
    with pytest.raises(DataError, match="Not a directory"):
        ArtifactStore(tmp_path / "file" / "store").prepare()
    with pytest.raises(DataError, match="choose another place"):
        ArtifactStore(Path("/sys/amx-store")).prepare()


def test_a_deleted_artifact_can_be_made_again(store):
    stage = note("a")
    store.delete(publish(store, stage))
    assert store.find(stage) is None
    assert not store.folder(stage).exists()
    assert publish(store, stage, b"other").num_bytes == 10


def test_a_claim_that_is_held_can_be_left_alone(store):
    with store.claim("a") as first, store.claim("a", wait=False) as second:
        assert (first, second) == (True, False)
    with store.claim("a", wait=False) as third:
        assert third


def test_a_verdict_is_kept_until_it_is_forgotten(store):
    assert store.verdict("a") is None
    store.forget_verdict("a")
    store.record_verdict("a", {"reason": "nan"})
    store.work_folder("a").mkdir()
    assert store.verdict("a") == {"reason": "nan"}
    store.forget_verdict("a")
    assert store.verdict("a") is None
    assert not store.work_folder("a").exists()
