"""Several Ray workers train one stage, and lose each other on the way."""

import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from safetensors.torch import load_file

from audiomotion.config.runtime import Resources
from audiomotion.orchestrate.local import LocalExecutor
from audiomotion.orchestrate.ray_group import GroupWorker, run_parallel
from audiomotion.orchestrate.store import Artifact, ArtifactStore, open_store, verify
from audiomotion.orchestrate.worker import WorkerSettings, run_stage
from audiomotion.stages.results import CURVES, WEIGHTS
from audiomotion.train.curves import read_curves
from tests.orchestrate.driver import RUNTIME, run_only
from tests.orchestrate.killing import Victim
from tests.orchestrate.processes import Driver, commands, kill_all, wait_until
from tests.orchestrate.toy_group import BROKEN, TOGETHER

ROLES = ("second worker", "first worker", "coordinator")


@dataclass
class Story:
    """What was seen while one after the other was killed."""

    found: Artifact
    alone: Artifact
    exit_code: int
    log: str
    killed: list[int]
    orphans: list[str]


class Group:
    """The processes that train a stage together."""

    def __init__(self, driver: Driver, store: ArtifactStore) -> None:
        self.driver = driver
        self.store = store
        self.starts = store.work_folder(TOGETHER.fingerprint) / "scratch" / "starts"

    def pid(self, role: str) -> int:
        if role == "coordinator":
            name = f"ray::residual:{TOGETHER.fingerprint[:12]}"
            pids = self.driver.descendants()
            return next(pid for pid in pids if commands([pid])[0].startswith(name))
        rank = ("first worker", "second worker").index(role)
        return int((self.store.cache / f"worker-{rank}").read_text())

    def wait_for_start(self, number: int) -> None:
        wait_until(
            lambda: self.starts.exists() and len(self.starts.read_text().split()) == number,
            f"start {number}",
            180,
        )


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    root = tmp_path_factory.mktemp("store")
    store = ArtifactStore(root)
    victim = Victim(store, TOGETHER)
    driver = Driver(root, "ray", "together")
    group, killed = Group(driver, store), []
    try:
        for number, role in enumerate(ROLES, 1):
            group.wait_for_start(number)
            victim.wait_for_random_step()
            killed.append(group.pid(role))
            os.kill(killed[-1], signal.SIGKILL)
        group.wait_for_start(len(ROLES) + 1)
        victim.let_go()
        exit_code = driver.finish(180)
        wait_until(lambda: not driver.descendants(), "an end", 75)
    finally:
        orphans = commands(driver.descendants())
        kill_all(driver.descendants())
    expected = alone(tmp_path_factory.mktemp("alone"))
    return Story(found(store), expected, exit_code, driver.log.read_text(), killed, orphans)


def found(store: ArtifactStore) -> Artifact:
    artifact = store.find(TOGETHER)
    assert artifact is not None
    return artifact


def alone(root: Path) -> Artifact:
    """Return what one worker leaves, in this process."""
    store = ArtifactStore(root)
    assert not run_only(store, LocalExecutor(store, None, RUNTIME), TOGETHER).failures
    return found(store)


def test_it_goes_on_from_its_checkpoint_whoever_is_killed(story):
    assert len(set(story.killed)) == len(ROLES)
    starts = json.loads((story.found.folder / "starts.json").read_text())
    assert len(starts) == len(ROLES) + 1
    assert starts[0] == 0 < starts[1]
    assert starts == sorted(starts)  # equal where one was killed before it had a checkpoint
    assert story.orphans == []


def test_it_leaves_what_one_worker_leaves_to_rounding(story):
    assert verify(story.found) == []
    assert story.found.manifest["environment"]["workers"] == 2
    assert "workers" not in story.alone.manifest["environment"]
    curves, expected = (
        read_curves(artifact.folder / CURVES) for artifact in (story.found, story.alone)
    )
    assert len(curves) == len(expected) > 0
    for point, wanted in zip(curves, expected, strict=True):
        assert point == pytest.approx(wanted, rel=1e-3)
    weights, wanted = (
        load_file(artifact.folder / WEIGHTS) for artifact in (story.found, story.alone)
    )
    for name, tensor in wanted.items():
        assert weights[name].numpy() == pytest.approx(tensor.numpy(), abs=1e-3)
    assert not (story.found.folder.parents[2] / "work" / TOGETHER.fingerprint).exists()


def test_what_is_wrong_in_one_worker_fails_the_stage_with_its_reason(story):
    assert story.exit_code == 1
    assert f"failed {BROKEN.fingerprint[:8]}" in story.log
    assert f"done {TOGETHER.fingerprint[:8]}" in story.log
    assert "shard 7 is damaged" in story.log


def test_where_the_artifact_is_there_nobody_trains(store, settings):
    run_stage(TOGETHER, settings)
    first, second = (GroupWorker(rank, 2, TOGETHER, settings) for rank in range(2))
    address = first.listen()
    with ThreadPoolExecutor() as pool:
        following = pool.submit(second.work, address)
        assert first.work(address) is None
        assert following.result(timeout=60) is None
    assert (store.cache / "worker-0").exists()
    assert not (store.cache / "worker-1").exists()


def test_workers_on_a_gpu_need_one_each(tmp_path):
    store = open_store(tmp_path)
    settings = WorkerSettings(store.location, None, "cuda", threads=1, checkpoint_seconds=1)
    failure = run_parallel(TOGETHER, settings, Resources(num_workers=2))
    assert failure is not None
    assert failure.reason.startswith("runtime.stages.residual.gpus is 0")
    assert failure.exit_code == 2
