import gc

import pytest

from audiomotion.orchestrate.store.hot import HotArtifacts
from audiomotion.orchestrate.worker import run_stage
from tests.orchestrate.toy import note

STAGES = [note(text) for text in "abc"]


@pytest.fixture
def kept(nodes):
    """Return a machine that has fetched three artifacts, which nobody uses any more, in order."""
    nodes.on("a")
    for stage in STAGES:
        run_stage(stage, nodes.settings())
    for stage in STAGES:
        nodes.on("b").fetch(stage)
    gc.collect()  # a reader that something still refers to in a circle holds its lock until then
    return nodes


def local(store):
    return [stage.config.text for stage in STAGES if (store.folder(stage) / "note").exists()]


def test_the_least_recently_used_goes_first_and_comes_again(kept, monkeypatch):
    store = kept.on("b")
    assert local(store) == ["a", "b", "c"]
    kept.on("b").fetch(STAGES[0])
    size = sum(path.stat().st_size for path in store.folder(STAGES[0]).iterdir())
    monkeypatch.setenv("AMX_CACHE_GB", str(2.5 * size / 1e9))
    HotArtifacts(store.root).shrink()
    assert local(store) == ["a", "c"]
    monkeypatch.delenv("AMX_CACHE_GB")
    assert (store.fetch(STAGES[1]) / "note").read_text() == "b\n"


def test_what_is_read_stays_and_so_does_what_runs(kept, monkeypatch):
    reader = kept.on("b")
    reader.fetch(STAGES[1])
    work = reader.work_folder("0" * 64) / "scratch"
    work.mkdir(parents=True)
    monkeypatch.setenv("AMX_CACHE_GB", "0")
    HotArtifacts(reader.root).shrink()
    assert local(reader) == ["b"]
    assert work.exists()
    del reader
    again = kept.on("b")
    HotArtifacts(again.root).shrink()
    assert local(again) == []
