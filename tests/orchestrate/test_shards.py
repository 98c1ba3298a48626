"""Sharded stages: any number of processes, killed at any moment, leave the same bytes."""

import json
import os
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from audiomotion.config.runtime import Runtime
from audiomotion.errors import DataError
from audiomotion.orchestrate.local import LocalExecutor
from audiomotion.orchestrate.resources import Used, without_helpers
from audiomotion.orchestrate.store import ArtifactStore, verify
from audiomotion.orchestrate.worker import (
    ShardHelper,
    WorkerSettings,
    run_stage,
    shards_of,
)
from audiomotion.stages.base import StageContext
from audiomotion.stages.shards import Shards, make_all
from tests.orchestrate.driver import run_only
from tests.orchestrate.processes import Driver, kill_all, wait_until
from tests.orchestrate.toy import SHARED, note

STAGE = note("shared", kind=SHARED)
ONCE = dict.fromkeys(range(6), 1)


def log(store: ArtifactStore, stage: str = "shared") -> list[dict[str, Any]]:
    path = store.cache / "log"
    entries = map(json.loads, path.read_text().splitlines() if path.exists() else [])
    return [entry for entry in entries if entry["stage"] == stage]


def times(store: ArtifactStore, what: str, stage: str = "shared") -> dict[int, int]:
    return dict(Counter(entry["shard"] for entry in log(store, stage) if entry["what"] == what))


def begun_not_ended(store: ArtifactStore) -> dict[int, int]:
    """Return who makes each shard that is being made."""
    ended = times(store, "ended")
    return {
        entry["shard"]: entry["pid"]
        for entry in log(store)
        if entry["what"] == "begun" and entry["shard"] not in ended
    }


def left(store: ArtifactStore) -> str:
    """Return what the stage left, checked."""
    artifact = store.find(STAGE)
    assert artifact is not None
    assert verify(artifact) == []
    assert set(artifact.manifest["files"]) == {"numbers"}
    assert artifact.manifest["counts"] == {"numbers": 12}
    assert not store.work_folder(STAGE.fingerprint).exists()
    return (artifact.folder / "numbers").read_text()


def shut_gate(store: ArtifactStore, shard: int) -> Path:
    """Let nobody past the beginning of `shard`, nor of those after it."""
    gate = store.work_folder(STAGE.fingerprint) / "gate"
    gate.parent.mkdir(parents=True, exist_ok=True)
    gate.with_suffix(".new").write_text(str(shard))
    gate.with_suffix(".new").replace(gate)
    return gate


@pytest.fixture
def expected(tmp_path: Path) -> str:
    """Return what the stage leaves undisturbed."""
    store = ArtifactStore(tmp_path / "undisturbed")
    executor = LocalExecutor(store, None, Runtime(device="cpu"))
    assert run_only(store, executor, STAGE).failures == {}
    assert times(store, "ended") == times(store, "begun") == ONCE
    assert times(store, "set-up") == times(store, "undone") == {-1: 1}
    return left(store)


def test_local_driver_killed(tmp_path: Path, expected: str) -> None:
    """Another that waits takes over, and makes only what was not finished."""
    store = ArtifactStore(tmp_path / "store")
    store.prepare()
    gate = shut_gate(store, 3)
    driver, waiting = Driver(store.root, "local", "shards"), None
    try:
        wait_until(lambda: 3 in begun_not_ended(store), "shard 3")
        waiting = Driver(store.root, "local", "shards")
        wait_until(lambda: "started" in waiting.log.read_text(), "the other driver")
        driver.kill()
        gate.unlink()
        assert waiting.finish() == 0
    finally:
        kill_all(driver.descendants() + (waiting.descendants() if waiting else []))
    assert left(store) == expected
    assert times(store, "ended") == ONCE
    assert times(store, "begun") == {**ONCE, 3: 2}


def test_ray_workers_and_driver_killed(tmp_path: Path, expected: str) -> None:
    """Two workers share the shards; each loses only the one it makes when it is killed."""
    store = ArtifactStore(tmp_path / "store")
    store.prepare()
    gate = shut_gate(store, 2)
    drivers = [Driver(store.root, "ray", "shards")]
    try:
        wait_until(lambda: set(begun_not_ended(store)) == {2, 3}, "two workers")
        (holder,) = (entry["pid"] for entry in log(store)[:1])  # of the claim: helpers come later
        (helper,) = set(begun_not_ended(store).values()) - {holder}
        os.kill(helper, signal.SIGKILL)
        shut_gate(store, 4)
        wait_until(lambda: set(begun_not_ended(store)) == {4, 5}, "a new helper")
        os.kill(holder, signal.SIGKILL)
        wait_until(lambda: times(store, "begun")[4] + times(store, "begun")[5] == 3, "a new holder")
        drivers[0].kill()
        makers = set(begun_not_ended(store).values())
        wait_until(lambda: not makers & set(drivers[0].descendants()), "the workers' end")
        gate.unlink()
        drivers.append(Driver(store.root, "ray", "shards", "bad 4"))
        assert drivers[1].finish() == 1, drivers[1].log.read_text()
    finally:
        kill_all([pid for driver in drivers for pid in driver.descendants()])
    assert left(store) == expected
    assert times(store, "ended") == ONCE
    begun = times(store, "begun")
    assert (begun[0], begun[1], begun[2] + begun[3], begun[4] + begun[5]) == (1, 1, 3, 5)
    assert "item 4 is damaged" in drivers[1].log.read_text()  # the other stage's only complaint


def test_a_bad_item_fails_the_stage_with_its_own_words(store: ArtifactStore) -> None:
    bad = note("bad 4", kind=SHARED)
    executor = LocalExecutor(store, None, Runtime(device="cpu"))
    for _ in range(2):
        (failure,) = run_only(store, executor, bad).failures.values()
        assert failure.reason == "item 4 is damaged"
        assert failure.exit_code == DataError.exit_code
    assert times(store, "ended", "bad 4") == dict.fromkeys(range(4), 1)  # none is made again
    assert times(store, "begun", "bad 4") == {**dict.fromkeys(range(4), 1), 4: 2}


def test_progress_counts_items_whoever_made_them(
    store: ArtifactStore, settings: WorkerSettings
) -> None:
    work = store.work_folder(STAGE.fingerprint)
    for name in ("output", "scratch"):
        (work / name).mkdir(parents=True)
    shards_of(STAGE, store).open(6)
    helper = ShardHelper(STAGE, settings)
    assert helper.make_one()
    assert helper.make_one()
    reports = []
    context = StageContext(
        inputs={},
        output=work / "output",
        scratch=work / "scratch",
        cache=store.cache,
        report=lambda step, total, values: reports.append((step, total)),
    )
    counts = make_all(STAGE.sharded_work(context), context)
    assert without_helpers(counts) == {"numbers": 12}
    assert Used().with_helpers(counts).cpu_seconds > 0
    assert reports == [(4, 12), (6, 12), (8, 12), (10, 12), (12, 12)]
    assert times(store, "ended") == times(store, "begun") == ONCE


def test_a_helper_comes_too_late(store: ArtifactStore, settings: WorkerSettings) -> None:
    """Before the stage has begun and after it is published a helper makes and leaves nothing."""
    helper = ShardHelper(STAGE, settings)
    assert not helper.make_one()
    run_stage(STAGE, settings)
    assert not helper.make_one()
    assert shards_of(STAGE, store).missing() == []
    left(store)


def opened(folder: Path) -> Shards:
    shards = Shards(folder)
    shards.open(2)
    return shards


def write(index: int, folder: Path) -> dict[str, float]:
    (folder / "content").write_text(str(index))
    return {"n": 1}


def test_shards_are_made_once_and_in_order(tmp_path: Path) -> None:
    shards = opened(tmp_path)
    assert shards.missing() == [0, 1]
    assert [shards.make_any(write) for _ in range(3)] == [True, True, False]
    assert shards.missing() == []
    assert [(shards.folder(i) / "content").read_text() for i in (0, 1)] == ["0", "1"]
    assert shards.counts() == {"n": 2}


def test_what_a_killed_process_left_does_not_get_into_a_shard(tmp_path: Path) -> None:
    shards = opened(tmp_path)
    aside = shards.folder(0).with_suffix(".part")
    aside.mkdir()
    (aside / "half").touch()
    (aside / "counts.json").write_text('{"n": 100}')
    assert shards.make_any(write)
    assert {path.name for path in shards.folder(0).iterdir()} == {"content", "counts.json"}
    assert shards.counts() == {"n": 1}


def test_nothing_is_made_in_a_closed_set(tmp_path: Path) -> None:
    shards = opened(tmp_path)

    @contextmanager
    def closed_meanwhile(index: int, *, wait: bool) -> Iterator[bool]:
        """Give the lock of a shard that was missing when it was looked for."""
        if shards.missing():
            shards.close()
        yield True

    shards._locked = closed_meanwhile  # type: ignore[method-assign]
    assert not shards.make_any(write)
    assert not shards.folder(0).exists()
