import os
import signal
from dataclasses import dataclass

import pytest

from audiomotion.orchestrate.store import ArtifactStore
from tests.orchestrate.killing import Trained, Victim, assert_resumed, trained, undisturbed
from tests.orchestrate.processes import Driver, kill_all, wait_until
from tests.orchestrate.toy import trainings


@dataclass
class Story:
    """What was seen while processes of two launches with Ray were killed."""

    first: Trained
    second: Trained
    expected: list[Trained]
    worker_was_driver: bool
    num_processes: int
    orphans: list[int]


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    """Kill the worker of the first training, then the driver in the second; run it again."""
    root = tmp_path_factory.mktemp("store")
    store = ArtifactStore(root)
    victims = [Victim(store, stage) for stage in trainings()]
    drivers = [Driver(root, "ray")]
    try:
        victims[0].wait_for_random_step()
        worker = victims[0].pid
        os.kill(worker, signal.SIGKILL)
        victims[0].let_go()
        victims[1].wait_for_random_step()
        num_processes = len(drivers[0].descendants())
        drivers[0].kill()
        wait_until(lambda: not drivers[0].descendants(), "Ray's processes to end", seconds=20)
        victims[1].let_go()
        drivers.append(Driver(root, "ray"))
        assert drivers[1].finish() == 0, drivers[1].log.read_text()
        wait_until(lambda: not drivers[1].descendants(), "Ray's processes to end", seconds=20)
    finally:
        left = [pid for driver in drivers for pid in driver.descendants()]
        kill_all(left)
    first, second = (trained(store, stage) for stage in trainings())
    expected = undisturbed(tmp_path_factory.mktemp("undisturbed"))
    return Story(first, second, expected, worker == drivers[0].process.pid, num_processes, left)


def test_a_training_whose_worker_is_killed_ends_as_if_it_had_not_been(story):
    assert not story.worker_was_driver
    assert_resumed(story.first, story.expected[0])


def test_a_training_whose_driver_is_killed_ends_as_if_it_had_not_been(story):
    assert_resumed(story.second, story.expected[1])


def test_a_killed_driver_leaves_no_process_behind(story):
    assert story.num_processes > 3
    assert story.orphans == []
