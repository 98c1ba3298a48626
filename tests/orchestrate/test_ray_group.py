"""Several Ray workers train one stage, lose each other on the way, and are told to stop."""

import json
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from safetensors.torch import load_file

from audiomotion.config.runtime import Resources
from audiomotion.orchestrate.failures import Failure
from audiomotion.orchestrate.local import LocalExecutor
from audiomotion.orchestrate.ray_group import GroupWorker, run_parallel
from audiomotion.orchestrate.store import Artifact, ArtifactStore, open_store, verify
from audiomotion.orchestrate.worker import WorkerSettings, run_stage
from audiomotion.stages.results import CURVES, WEIGHTS
from audiomotion.train.curves import read_curves
from tests.orchestrate.driver import RUNTIME, run_only
from tests.orchestrate.killing import Victim
from tests.orchestrate.processes import Driver, commands, kill_all, wait_until
from tests.orchestrate.toy import LOG_EVERY
from tests.orchestrate.toy_group import BROKEN, DIVERGING, TOGETHER, endless_together

SECOND, FIRST, COORDINATOR = "second worker", "first worker", "coordinator"


@dataclass
class Story:
    """What was seen where one of the processes was killed."""

    store: ArtifactStore
    found: Artifact
    alone: Artifact
    exit_code: int
    log: str
    orphans: list[str]


def pid_of(role: str, driver: Driver, store: ArtifactStore) -> int:
    """Return the process that has a part in the training."""
    if role == COORDINATOR:
        name = f"ray::residual:{TOGETHER.fingerprint[:12]}"
        pids = driver.descendants()
        return next(pid for pid in pids if any(line.startswith(name) for line in commands([pid])))
    rank = (FIRST, SECOND).index(role)
    return int((store.cache / f"worker-{rank}").read_text())


@pytest.fixture(
    scope="module",
    params=[
        SECOND,
        pytest.param(FIRST, marks=pytest.mark.slow),
        pytest.param(COORDINATOR, marks=pytest.mark.slow),
    ],
)
def story(request, tmp_path_factory) -> Iterator[Story]:
    root = tmp_path_factory.mktemp("store")
    store = ArtifactStore(root)
    victim = Victim(store, TOGETHER)
    driver = Driver(root, "ray", "together")
    try:
        wait_until(lambda: any(victim.checkpoints.glob("step-*.pt")), "a checkpoint", 180)
        victim.wait_for_random_step()
        os.kill(pid_of(request.param, driver, store), signal.SIGKILL)
        victim.let_go()
        exit_code = driver.finish(180)
        wait_until(lambda: not driver.descendants(), "an end", 75)
    finally:
        orphans = commands(driver.descendants())
        kill_all(driver.descendants())
    expected = alone(tmp_path_factory.mktemp("alone"))
    yield Story(store, found(store), expected, exit_code, driver.log.read_text(), orphans)


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
    starts = json.loads((story.found.folder / "starts.json").read_text())
    assert len(starts) == 2
    assert starts[0] == 0 < starts[1]
    assert f"again {TOGETHER.fingerprint[:8]}" in story.log
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


def test_a_loss_that_is_not_finite_is_found_out_for_good(story):
    verdict = story.store.verdict(DIVERGING.fingerprint)
    assert verdict is not None
    assert verdict["step"] == LOG_EVERY
    assert f"failed {DIVERGING.fingerprint[:8]}" in story.log
    assert "the loss is nan at step 7" in story.log


@pytest.mark.slow
def test_all_save_one_step_and_end_where_they_are_told_to_stop(tmp_path):
    stage = endless_together()
    scratch = ArtifactStore(tmp_path).work_folder(stage.fingerprint) / "scratch"
    driver = Driver(tmp_path, "ray", "endless-together")
    try:
        wait_until(lambda: len(read_curves(scratch / CURVES)) > 5, "some steps", 180)
        assert list((scratch / "checkpoints").iterdir()) == []
        driver.process.send_signal(signal.SIGTERM)
        assert driver.finish() == 130, driver.log.read_text()
    finally:
        kill_all(driver.descendants())
    (checkpoint,) = (scratch / "checkpoints").iterdir()
    saved = int(checkpoint.stem.removeprefix("step-"))
    assert 0 <= saved - read_curves(scratch / CURVES)[-1]["step"] < LOG_EVERY


def test_where_the_artifact_is_there_nobody_trains(store, settings):
    run_stage(TOGETHER, settings)
    first, second = (GroupWorker(rank, 2, TOGETHER, settings) for rank in range(2))
    address = first.listen()
    with ThreadPoolExecutor() as pool:
        following = pool.submit(second.work, address)
        assert first.work(address) == "done"
        assert following.result(timeout=60) == "done"
    assert (store.cache / "worker-0").exists()
    assert not (store.cache / "worker-1").exists()


def test_workers_on_a_gpu_need_one_each(tmp_path):
    store = open_store(tmp_path)
    settings = WorkerSettings(store.location, None, "cuda", threads=1, checkpoint_seconds=1)
    failure = run_parallel(TOGETHER, settings, Resources(num_workers=2))
    assert isinstance(failure, Failure)
    assert failure.reason.startswith("runtime.stages.residual.gpus is 0")
    assert failure.exit_code == 2
