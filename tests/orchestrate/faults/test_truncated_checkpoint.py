"""A checkpoint that is cut off anywhere costs the steps since the one before, and nothing else."""

import shutil
from pathlib import Path

from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.orchestrate.worker import WorkerSettings, run_stage
from tests.orchestrate.killing import Trained, Victim, assert_resumed, trained
from tests.orchestrate.processes import Driver, kill_all
from tests.orchestrate.toy import trainings


def test_truncated_at_every_4_kib(tmp_path: Path, expected: list[Trained]) -> None:
    stage, _ = trainings()
    killed = ArtifactStore(tmp_path / "killed")
    victim = Victim(killed, stage)
    driver = Driver(killed.root, "local")
    try:
        victim.wait_for_random_step()
        driver.kill()
    finally:
        kill_all(driver.descendants())
    victim.let_go()
    older, newest = sorted(victim.checkpoints.glob("step-*.pt"))
    for size in range(0, newest.stat().st_size, 4096):
        store = ArtifactStore(tmp_path / f"at {size}")
        shutil.copytree(killed.root, store.root)
        cut = store.root / newest.relative_to(killed.root)
        cut.write_bytes(newest.read_bytes()[:size])
        run_stage(stage, WorkerSettings(store.location, None, "cpu", 1, 3600.0))
        found = trained(store, stage)
        assert_resumed(found, expected[0])
        assert found.starts[1] == int(older.stem.removeprefix("step-"))
