"""Several drivers on one cluster and one store, killed and told to stop."""

import signal
from collections import Counter
from typing import Any

import pytest

from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.stages.results import CURVES
from audiomotion.train.curves import read_curves
from tests.orchestrate.killing import Trained, Victim, assert_resumed, trained
from tests.orchestrate.processes import Driver, kill_all, wait_until
from tests.orchestrate.toy import COUNTED, LOG_EVERY, endless, note, trainings


@pytest.fixture
def drive(cluster: Any, store: ArtifactStore) -> Any:
    """Return a function that starts a driver of the cluster; all end with the test."""
    drivers = []

    def start(*arguments: str) -> Driver:
        address = {"AMX_TEST_ADDRESS": cluster.address}
        drivers.append(Driver(store.root, "ray", *arguments, **address))
        return drivers[-1]

    yield start
    kill_all([driver.process.pid for driver in drivers if driver.process.poll() is None])


def test_two_drivers_whose_plans_overlap(drive: Any, store: ArtifactStore) -> None:
    """Each artifact is computed once, whoever comes first."""
    drivers = [drive("counted", *"abcd"), drive("counted", *"cdef")]
    assert [driver.finish() for driver in drivers] == [0, 0]
    assert all(store.find(note(text, kind=COUNTED)) for text in "abcdef")
    assert len((store.cache / "count").read_text().split()) == 6


def test_the_first_of_two_drivers_is_killed(
    drive: Any, store: ArtifactStore, expected: list[Trained]
) -> None:
    """The second holds no slot while it waits, and goes on from the first one's checkpoint."""
    first, second = trainings()
    victim = Victim(store, first)
    dying = drive()
    victim.wait_for_random_step()
    waiting = drive("beside", "x", "y")
    wait_until(lambda: Counter(waiting.log.read_text().split())["done"] == 2, "the other stages")
    assert f"elsewhere {first.fingerprint[:8]}" in waiting.log.read_text()
    dying.kill()
    victim.let_go()
    assert waiting.finish() == 0, waiting.log.read_text()
    assert_resumed(trained(store, first), expected[0])
    assert trained(store, second) == expected[1]


def test_a_driver_that_is_told_to_stop(drive: Any, store: ArtifactStore, cluster: Any) -> None:
    """Its stage saves the step that it has taken; the cluster goes on."""
    scratch = store.work_folder(endless().fingerprint) / "scratch"
    driver = drive("endless")
    wait_until(lambda: len(read_curves(scratch / CURVES)) > 5, "some steps")
    assert list((scratch / "checkpoints").iterdir()) == []
    driver.process.send_signal(signal.SIGTERM)
    assert driver.finish() == 130, driver.log.read_text()
    (checkpoint,) = (scratch / "checkpoints").iterdir()
    saved = int(checkpoint.stem.removeprefix("step-"))
    assert 0 <= saved - read_curves(scratch / CURVES)[-1]["step"] < LOG_EVERY
    assert cluster.remaining_processes_alive()
    with store.claim(endless().fingerprint, wait=False) as free:
        assert free
