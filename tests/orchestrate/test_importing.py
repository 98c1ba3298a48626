import os
import subprocess
import sys
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest

from audiomotion.config.checkpoints import CheckpointConfig, CheckpointKind
from audiomotion.errors import DataError, ModelError
from audiomotion.files import write_json
from audiomotion.orchestrate.importing import (
    content_digest,
    find_imported,
    import_checkpoint,
)
from audiomotion.orchestrate.store import MANIFEST, verify
from audiomotion.orchestrate.worker import run_stage
from audiomotion.stages.base import Stage
from audiomotion.stages.graph import CHECKPOINT
from tests.orchestrate.processes import REPOSITORY, wait_until
from tests.orchestrate.toy import importable, note

KILLED = """
import sys, time
from dataclasses import replace
from pathlib import Path
from audiomotion.orchestrate.importing import import_checkpoint
from audiomotion.orchestrate.store import ArtifactStore
from tests.orchestrate.toy import importable

def write(folder):
    (folder / "weights").write_bytes(b"half")
    time.sleep(600)

import_checkpoint(ArtifactStore(Path(sys.argv[1])), replace(importable(), write=write))
"""


def test_imported_weights_are_an_artifact(store):
    imported, is_new = import_checkpoint(store, importable())
    assert is_new
    assert store.find(imported.stage) == imported.artifact
    assert verify(imported.artifact) == []
    assert set(imported.artifact.manifest["files"]) == {"weights", "checkpoint.json"}
    assert imported.artifact.manifest["environment"]["audiomotion"]
    assert imported.record == {
        "what": "rvq", "dataset": "kit", "sizes": {}, "source": {"file": "latest.tar"},
    }  # fmt: skip
    assert not store.work_folder(imported.artifact.fingerprint).exists()


def test_a_store_is_made_where_there_is_none(tmp_path, store):
    fresh = type(store)(tmp_path / "new" / "store")
    assert import_checkpoint(fresh, importable())[1]


def test_the_second_import_writes_nothing(store):
    first, _ = import_checkpoint(store, importable())
    before = {path: path.stat().st_mtime_ns for path in store.artifact_root.rglob("*")}

    def write(folder):
        raise AssertionError("nothing is to be written")

    second, is_new = import_checkpoint(store, replace(importable(), write=write))
    assert not is_new
    assert second.artifact == first.artifact
    assert {path: path.stat().st_mtime_ns for path in store.artifact_root.rglob("*")} == before


def test_a_failed_import_leaves_nothing(store):
    def write(folder):
        (folder / "weights").write_bytes(b"half")
        raise DataError("no")

    with pytest.raises(DataError, match="no"):
        import_checkpoint(store, replace(importable(), write=write))
    assert find_imported(store, "rvq", "kit") == []
    assert list(store.root.rglob("weights")) == []


def test_a_killed_import_leaves_nothing_half_written(store):
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(store.root)],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )
    try:
        wait_until(
            lambda: process.poll() is not None or list(store.root.rglob("weights")),
            "the import to begin",
        )
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()
    assert find_imported(store, "rvq", "kit") == []
    assert list(store.artifacts()) == []
    imported, is_new = import_checkpoint(store, importable())
    assert is_new
    assert (imported.artifact.folder / "weights").read_bytes() == bytes(3)
    assert list(store.root.glob("work/*")) == []


def test_different_imports_of_one_part_are_both_found(store):
    for digest in "ab":
        import_checkpoint(store, importable(sha256=digest * 64))
    import_checkpoint(store, importable(dataset="humanml3d"))
    import_checkpoint(store, importable(what="evaluator"))
    import_checkpoint(store, importable(what="word-vectors", dataset=None))
    found = find_imported(store, "rvq", "kit")
    assert {imported.config.sha256[0] for imported in found} == {"a", "b"}
    assert {imported.stage.fingerprint for imported in found} == {
        imported.artifact.fingerprint for imported in found
    }
    assert len(find_imported(store, "rvq", "humanml3d")) == 1
    assert len(find_imported(store, "word-vectors")) == 1
    assert find_imported(store, "masked", "kit") == []


def test_the_latest_import_comes_last(store):
    for digest, finished in (("b", "2026-01-01"), ("a", "2026-01-03"), ("c", "2026-01-02")):
        imported, _ = import_checkpoint(store, importable(sha256=digest * 64))
        manifest = {**imported.artifact.manifest, "finished": finished}
        write_json(imported.artifact.folder / MANIFEST, manifest)
    found = find_imported(store, "rvq", "kit")
    assert [imported.config.sha256[0] for imported in found] == ["b", "c", "a"]


def test_what_another_version_imported_is_passed_over(store):
    imported, _ = import_checkpoint(store, importable())
    for config in ({"what": "rvq"}, {**imported.config.model_dump(), "sha256": "1" * 64}):
        manifest = {**imported.artifact.manifest, "config": config}
        write_json(imported.artifact.folder / MANIFEST, manifest)
        assert find_imported(store, "rvq", "kit") == []


def test_damage_is_found(store):
    imported, _ = import_checkpoint(store, importable())
    (imported.artifact.folder / "weights").unlink()
    for look in (
        lambda: find_imported(store, "rvq", "kit"),
        lambda: import_checkpoint(store, importable()),
    ):
        with pytest.raises(DataError, match=r"weights is missing.* delete"):
            look()


def test_other_artifacts_are_not_looked_at(store, settings):
    run_stage(note("a"), settings)
    (store.folder(note("a")) / MANIFEST).write_text("{")
    import_checkpoint(store, importable())
    assert len(find_imported(store, "rvq", "kit")) == 1


@pytest.mark.parametrize("what", get_args(CheckpointKind))
def test_running_the_stage_says_how_to_import(settings, what):
    config = CheckpointConfig(what=what, dataset="kit", sha256="c" * 64)
    with pytest.raises(ModelError, match="amx import ") as error:
        run_stage(Stage(CHECKPOINT, config), settings)
    assert f"published {what} of kit (content cccccccccccccccc) is not in the store" in str(
        error.value
    )


@pytest.mark.parametrize(
    ("what", "dataset", "command"),
    [
        ("masked", "kit", "momask --what masked --checkpoint DIR --dataset kit"),
        ("evaluator", "humanml3d", "t2m-evaluator --checkpoint DIR --dataset humanml3d"),
        ("word-vectors", None, "glove --folder DIR"),
        ("imagebind-audio", None, "imagebind-audio --checkpoint FILE"),
    ],
)
def test_the_command_that_the_stage_names_is_whole(settings, what, dataset, command):
    config = CheckpointConfig(what=what, dataset=dataset, sha256="c" * 64)
    with pytest.raises(ModelError) as error:
        run_stage(Stage(CHECKPOINT, config), settings)
    assert str(error.value).endswith(f"import them: amx import {command}")


def test_the_digest_is_of_names_types_shapes_numbers_and_words():
    arrays = {"a": np.arange(4, dtype=np.float32), "b": np.ones((2, 2), np.float32)}
    digest = content_digest(arrays)
    assert digest == content_digest(dict(reversed(arrays.items())))
    assert digest == content_digest({name: array.astype(">f4") for name, array in arrays.items()})
    others = [
        content_digest({"a": arrays["a"]}),
        content_digest({"a": arrays["a"], "c": arrays["b"]}),
        content_digest({**arrays, "b": np.ones(4, np.float32)}),
        content_digest({**arrays, "b": np.ones((2, 2), np.float64)}),
        content_digest({**arrays, "a": arrays["a"][::-1]}),
        content_digest(arrays, ["walk"]),
        content_digest(arrays, ["walk", "run"]),
        content_digest(arrays, ["run", "walk"]),
    ]
    assert len({digest, *others}) == len(others) + 1
