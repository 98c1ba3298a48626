import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from audiomotion.errors import DataError
from audiomotion.orchestrate.collecting import Limits, collect, find_garbage
from audiomotion.orchestrate.importing import import_checkpoint
from audiomotion.orchestrate.records import RunFolder
from audiomotion.orchestrate.store import open_store
from audiomotion.orchestrate.store.pins import pin, unpin
from audiomotion.orchestrate.worker import WorkerSettings, run_stage
from tests.orchestrate.test_records import ARM, RECORD
from tests.orchestrate.toy import PLAIN_FAILURE, importable, note

SOON = datetime.now(UTC) + timedelta(days=1)
ALL = Limits(SOON)
NEEDED, FREE, BELOW = note("needed"), note("free"), note("below")
ABOVE = note("above", BELOW)


@pytest.fixture(params=["folder", "s3"])
def place(request, tmp_path, monkeypatch):
    """Return a store with an artifact that a launch names, and three that none names."""
    monkeypatch.setenv("AMX_CACHE", str(tmp_path / "cache"))
    location = str(tmp_path / "store")
    if request.param == "s3":
        location = request.getfixturevalue("storage").bucket()
    store = open_store(location)
    store.prepare()
    settings = WorkerSettings(location, None, "cpu", 1, 30.0)
    for stage in (NEEDED, FREE, BELOW, ABOVE):
        run_stage(stage, settings)
    arm = replace(ARM, fingerprints={"note": NEEDED.fingerprint}, status="done")
    RunFolder(store, "run").save(replace(RECORD, arms=(arm,), references=(), status="done"))
    return store


def names(garbage):
    return {item.name for item in garbage}


def test_what_no_launch_names_goes_and_the_rest_stays(place):
    found = find_garbage(place, ALL)
    assert names(found) == {FREE.fingerprint, BELOW.fingerprint, ABOVE.fingerprint}
    assert all(item.num_bytes > 0 for item in found)
    assert list(collect(place, found)) == found
    assert place.find(FREE) is None
    assert place.verify(place.find(NEEDED)) == []
    assert find_garbage(place, ALL) == []


def test_nothing_that_is_young_goes(place):
    assert find_garbage(place, Limits(datetime.now(UTC) - timedelta(days=1))) == []


def test_what_is_pinned_stays_with_all_that_it_was_made_of(place):
    pin(place, [ABOVE.fingerprint])
    other = open_store(place.location)
    assert names(find_garbage(other, ALL)) == {FREE.fingerprint}
    unpin(other, ABOVE.fingerprint)
    assert ABOVE.fingerprint in names(find_garbage(place, ALL))


def test_what_is_being_made_stays(place):
    found = find_garbage(place, ALL)
    other = open_store(place.location)
    with other.claim(FREE.fingerprint):
        removed = list(collect(place, found))
    assert names(removed) == {BELOW.fingerprint, ABOVE.fingerprint}
    assert place.find(FREE) is not None


def test_imported_checkpoints_go_only_when_asked_for(place):
    imported, _ = import_checkpoint(place, importable())
    fingerprint = imported.artifact.fingerprint
    assert fingerprint not in names(find_garbage(place, ALL))
    assert fingerprint in names(find_garbage(place, replace(ALL, imported=True)))


def test_what_a_launch_would_go_on_from_stays_and_other_remains_go(place):
    wanted, left = note("wanted", kind=PLAIN_FAILURE), note("left", kind=PLAIN_FAILURE)
    for stage in (wanted, left):
        with pytest.raises(DataError):
            run_stage(stage, WorkerSettings(place.location, None, "cpu", 1, 30.0))
    arm = replace(ARM, fingerprints={"plain": wanted.fingerprint}, status="failed")
    broken = replace(RECORD, id="broken", arms=(arm,), references=(), status="interrupted")
    RunFolder(place, "broken").save(broken)
    remains = [item for item in find_garbage(place, ALL) if item.kind == "work"]
    assert names(remains) == {left.fingerprint}
    assert len(list(collect(place, remains))) == 1
    given_up = find_garbage(place, replace(ALL, unfinished=True))
    assert wanted.fingerprint in names(item for item in given_up if item.kind == "work")
    assert NEEDED.fingerprint not in names(given_up)


def test_a_record_that_cannot_be_read_stops_it(place):
    path = RunFolder(place, "run").path / "run.json"
    path.write_text("{")
    place.push(path.parent)
    with pytest.raises(DataError, match=r"run.json is damaged"):
        find_garbage(place, ALL)


def test_the_cache_of_speech_goes_only_when_asked_for(place):
    (place.cache / "speech").mkdir()
    (place.cache / "speech" / "a.wav").write_bytes(b"sound")
    assert "cache" not in {item.kind for item in find_garbage(place, ALL)}
    (item,) = (one for one in find_garbage(place, replace(ALL, speech=True)) if one.kind == "cache")
    assert item.num_bytes == 5
    assert list(collect(place, [item])) == [item]
    assert not (place.cache / "speech").exists()


def test_files_that_no_manifest_names_go(place):
    if place.location.startswith("s3"):
        place.remote.put("content/note/abc/000001-x/note", b"half")
    else:
        (place.artifact_root / "note" / "abc").mkdir()
        (place.artifact_root / "note" / "abc" / "note").write_bytes(b"half")
    (item,) = (one for one in find_garbage(place, ALL) if one.kind == "part")
    assert (item.name, item.num_bytes) == ("abc", 4)
    list(collect(place, [item]))
    assert not any(one.kind == "part" for one in find_garbage(place, ALL))
    assert place.find(NEEDED) is not None


def test_a_work_folder_is_as_old_as_its_newest_file(tmp_path):
    store = open_store(tmp_path)
    store.prepare()
    folder = store.work_folder("abc")
    folder.mkdir()
    os.utime(folder, (0, 0))
    assert names(find_garbage(store, Limits(datetime(1990, 1, 1, tzinfo=UTC)))) == {"abc"}
    (folder / "checkpoint").touch()
    assert find_garbage(store, Limits(datetime(1990, 1, 1, tzinfo=UTC))) == []
