from dataclasses import replace

import pytest

from audiomotion.config.datasets import KitConfig
from audiomotion.config.resolve import resolve
from audiomotion.errors import ConfigError, DataError
from audiomotion.files import file_digest
from audiomotion.orchestrate.raw_data import push_data, with_data
from audiomotion.orchestrate.store import open_store
from audiomotion.orchestrate.store import raw as packing
from audiomotion.orchestrate.worker import WorkerSettings, run_stage
from audiomotion.stages.base import Stage
from audiomotion.stages.graph import DATASET
from tests.cli.test_data import KitFolder


@pytest.fixture(params=["folder", "s3"])
def place(request, tmp_path, monkeypatch):
    monkeypatch.setenv("AMX_CACHE", str(tmp_path / "here"))
    location = str(tmp_path / "store")
    if request.param == "s3":
        location = request.getfixturevalue("storage").bucket()
    store = open_store(location)
    store.prepare()
    return store


@pytest.fixture
def raw(tmp_path):
    """Return a data root with a small data set."""
    KitFolder(tmp_path / "raw").fill(2)
    return tmp_path / "raw"


@pytest.fixture
def elsewhere(place, monkeypatch, tmp_path):
    """Return settings of a worker on another machine, which has no data."""
    monkeypatch.setenv("AMX_CACHE", str(tmp_path / "there"))
    return WorkerSettings(place.location, None, "cpu", 1, 30.0)


def dataset_stage(content):
    return Stage(DATASET, KitConfig(content=content))


def test_a_worker_without_the_folder_takes_what_was_pushed(place, raw, elsewhere, monkeypatch):
    monkeypatch.setattr(packing, "_PACK_BYTES", 200_000)  # several packs
    pushed = push_data(place, KitConfig(), raw)
    assert (pushed.is_new, pushed.num_files) == (True, 2 * 16 + 3)
    assert not push_data(place, KitConfig(), raw).is_new
    artifact = run_stage(dataset_stage(pushed.content), elsewhere)
    local = WorkerSettings(str(raw.parent / "other"), raw, "cpu", 1, 30.0)
    open_store(local.store).prepare()
    expected = run_stage(dataset_stage(pushed.content), local)
    assert artifact.manifest["files"] == expected.manifest["files"]


def test_a_launch_is_planned_where_the_folder_is_not(place, raw, elsewhere):
    (arm,) = resolve("kit")
    with pytest.raises(ConfigError, match="--data-root"):
        with_data(arm.experiment, place, None, None)
    here = with_data(arm.experiment, place, raw, None)
    pushed = push_data(place, KitConfig(), raw)
    there = with_data(arm.experiment, open_store(place.location), None, None)
    assert there == here
    assert there.dataset.content == pushed.content


def test_another_version_of_the_folder_is_not_taken_for_the_one_planned(place, raw, elsewhere):
    settings = replace(elsewhere, data_root=raw)
    with pytest.raises(DataError, match=r"holds other data than .* `amx data push --dataset kit`"):
        run_stage(dataset_stage("0" * 64), settings)
    pushed = push_data(place, KitConfig(), raw)
    (raw / "KIT-ML" / "texts" / "train0.txt").write_text("a person sings#a/DET#0.0#0.0\n")
    artifact = run_stage(dataset_stage(pushed.content), settings)
    names = [path.name for path in artifact.folder.rglob("*")]
    texts = "".join(p.read_text("utf-8") for p in artifact.folder.rglob("*.json*"))
    assert names
    assert "sings" not in texts


def test_what_is_missing_or_damaged_is_said(place, raw, elsewhere, storage):
    (raw / "KIT-ML" / "train.txt").unlink()
    with pytest.raises(DataError, match=r"train.txt is missing"):
        push_data(place, KitConfig(), raw)
    if not place.location.startswith("s3"):
        return
    KitFolder(raw / "again").fill(2)
    pushed = push_data(place, KitConfig(), raw / "again")
    (pack,) = (name for name in place.remote.listing("raw") if name.endswith(".tar"))
    content = place.remote.read(pack)
    place.remote.put(pack, content[:-1000])
    with pytest.raises(DataError, match=r"000000.tar is missing or damaged.*push --again"):
        run_stage(dataset_stage(pushed.content), elsewhere)
    assert push_data(place, KitConfig(), raw / "again", again=True).is_new
    run_stage(dataset_stage(pushed.content), elsewhere)


def test_a_pushed_data_set_is_whole(place, raw):
    pushed = push_data(place, KitConfig(), raw)
    folder = place.raw(pushed.content)
    for path in (raw / "KIT-ML").rglob("*.*"):
        assert file_digest(folder / path.relative_to(raw / "KIT-ML")) == file_digest(path)
    assert place.raw("0" * 64) is None
