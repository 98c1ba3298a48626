"""What object storage does to its users; each fault alone."""

from collections import Counter

import pytest

from audiomotion.errors import ClaimLostError, ClusterError, DataError
from audiomotion.orchestrate.store import verify
from audiomotion.orchestrate.store.remote import Remote, check_exclusive
from audiomotion.orchestrate.worker import run_stage
from audiomotion.stages.base import Stage
from tests.orchestrate.store.object_storage import BUSY, DENIED, FULL
from tests.orchestrate.toy import LARGE, TRAINING, ToyTraining, note

SHORT = Stage(TRAINING, ToyTraining(num_steps=60))


def test_storage_that_fails_every_tenth_write_costs_only_time(storage, nodes):
    store = nodes.on("a")
    storage.break_every(10, BUSY)
    before = storage.requests["PUT"]
    artifact = run_stage(SHORT, nodes.settings())
    for text in "abc":
        run_stage(note(text), nodes.settings())
    assert storage.requests["PUT"] - before > 20
    assert store.verify(artifact) == []
    assert verify(artifact) == []


def test_storage_that_fails_every_third_read_costs_only_time(storage, nodes):
    run_stage(note("a"), nodes.settings())
    storage.break_every(3, BUSY, "GET")
    store = nodes.on("b")
    assert (store.fetch(note("a")) / "note").read_text() == "a\n"


def test_slow_storage_costs_only_time(storage, nodes):
    storage.delay_seconds = 0.1
    store = nodes.on("a")
    artifact = run_stage(SHORT, nodes.settings())
    storage.mend()
    assert store.verify(artifact) == []


@pytest.mark.parametrize(
    ("refusal", "sentence"), [(FULL, "the storage is full"), (DENIED, "access was denied")]
)
def test_full_storage_is_said_and_the_same_command_goes_on(storage, nodes, refusal, sentence):
    store, stage = nodes.on("a"), note("3", kind=LARGE)
    storage.refuse = lambda method, path, _: (
        refusal if method == "PUT" and "/content/" in path else None
    )
    with pytest.raises(DataError, match=sentence):
        run_stage(stage, nodes.settings())
    assert store.find(stage) is None
    storage.mend()
    folder = run_stage(stage, nodes.settings()).folder
    assert (folder / "note").read_text().split() == ["shard", "shard"]  # the scratch was kept


def test_storage_that_is_gone_is_said(storage, nodes, monkeypatch):
    store = nodes.on("a")
    run_stage(note("a"), nodes.settings())
    monkeypatch.setattr("audiomotion.orchestrate.store.remote._TRIES", 3)
    storage.refuse = lambda *_: BUSY
    with pytest.raises(ClusterError, match=r"cannot be used.*goes on from here"):
        store.find(note("a"))
    storage.mend()
    assert store.find(note("a")) is not None


def _spoil(storage, location, content):
    (path,) = storage.files().find(location + "/content")
    storage.files().pipe_file(path, content)
    return path


def test_a_truncated_object_is_found_on_opening_and_on_fetching(storage, nodes):
    run_stage(note("abc"), nodes.settings())
    path = _spoil(storage, nodes.location, b"ab")
    store = nodes.on("b")
    with pytest.raises(DataError, match=f"{path} is missing or has another size"):
        store.find(note("abc"))
    with pytest.raises(DataError, match=f"{path} is missing or damaged"):
        store.fetch(note("abc"))


def test_a_changed_object_is_found_on_its_way_to_this_machine(storage, nodes):
    run_stage(note("abc"), nodes.settings())
    path = _spoil(storage, nodes.location, b"abd\n")
    store = nodes.on("b")
    assert store.find(note("abc")) is not None  # its size is right
    with pytest.raises(DataError, match=f"{path} is missing or damaged"):
        store.fetch(note("abc"))
    assert not (store.folder(note("abc")) / "note").exists()


def test_a_damaged_manifest_is_said(storage, nodes):
    store = nodes.on("a")
    run_stage(note("a"), nodes.settings())
    (path,) = storage.files().find(nodes.location + "/artifacts")
    storage.files().pipe_file(path, b"{")
    with pytest.raises(DataError, match=r"manifest.json is damaged.*delete it"):
        store.find(note("a"))


def test_a_holder_that_was_not_heard_of_publishes_nothing(storage, nodes):
    store, stage = nodes.on("a"), note("a")
    output = store.work_folder(stage.fingerprint) / "output"
    output.mkdir(parents=True)
    (output / "note").write_text("late")
    with store.claim(stage.fingerprint):
        storage.refuse = lambda method, path, _: (
            BUSY if method == "PUT" and path.endswith(".beat") else None
        )
        other = nodes.on("b")
        with other.claim(stage.fingerprint) as mine:
            assert mine
            storage.mend()
            with pytest.raises(ClaimLostError, match="was taken over"):
                store.publish(stage, output, {})
            assert other.find(stage) is None
    assert storage.files().find(nodes.location + "/content") == []


def test_of_two_that_publish_the_first_counts(nodes):
    stage = note("a")
    first = run_stage(stage, nodes.settings())
    late = nodes.on("b")
    output = late.work_folder(stage.fingerprint) / "output"
    with late.claim(stage.fingerprint):
        output.mkdir(parents=True)
        (output / "note").write_text("late")
        assert late.publish(stage, output, {}).manifest == first.manifest
    assert (late.fetch(stage) / "note").read_text() == "a\n"


def test_storage_that_passes_over_the_condition_is_refused(storage, nodes, monkeypatch):
    remote = Remote(nodes.location)
    write = remote._fs.pipe_file
    monkeypatch.setattr(
        remote._fs, "pipe_file", lambda path, content, mode="": write(path, content)
    )
    with pytest.raises(ClusterError, match="lets two drivers create the same object"):
        check_exclusive(remote, "x")
    assert storage.files().find(nodes.location + "/probe") == []


def test_an_answer_that_got_lost_is_not_taken_for_another_creator(storage, nodes):
    remote = Remote(nodes.location)
    assert remote.create("thing", b"mine")
    assert remote.create("thing", b"mine")
    assert not remote.create("thing", b"yours")


def test_what_is_available_is_asked_in_a_few_requests(storage, nodes):
    store = nodes.on("a")
    stages = {one.fingerprint: one for one in map(note, "abcdefgh")}
    for stage in stages.values():
        run_stage(stage, nodes.settings())
    before = Counter(storage.requests)
    assert store.available(stages) == set(stages)
    assert sum(storage.requests.values()) - sum(before.values()) <= 2
    began = Counter(storage.requests)
    assert len(list(store.artifacts())) == 8
    assert len(list(store.artifacts())) == 8  # manifests are remembered
    assert storage.requests["GET"] - began["GET"] <= 8 + 2 * 2
