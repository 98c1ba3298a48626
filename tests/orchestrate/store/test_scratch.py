import os
from pathlib import Path

from audiomotion.orchestrate.store.remote import Remote
from audiomotion.orchestrate.store.scratch import ScratchCopy


def test_a_shard_that_is_renamed_while_it_is_looked_for_stops_nothing(tmp_path, monkeypatch):
    shards = tmp_path / "work" / "scratch" / "shards"
    (shards / "000000").mkdir(parents=True)
    (shards / "000000" / "rows").write_bytes(b"whole")
    (shards / "000001.part").mkdir()
    look = os.scandir

    def finish_first(folder):
        if os.fspath(folder).endswith("000001.part"):
            Path(folder).rename(shards / "000001")
        return look(folder)

    monkeypatch.setattr(os, "scandir", finish_first)
    copy = ScratchCopy(Remote("memory://bucket/store"), tmp_path / "work", 1)
    assert [path.name for path in copy._whole_files()] == ["rows"]
    assert (shards / "000001").exists()
