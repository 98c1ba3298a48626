import os
import signal
from dataclasses import dataclass

import pytest

from audiomotion.orchestrate.store import ArtifactStore
from tests.orchestrate.killing import Trained, Victim, assert_resumed, trained, undisturbed
from tests.orchestrate.processes import Driver, commands, kill_all, wait_until
from tests.orchestrate.toy import trainings


@dataclass
class Story:
    """What was seen while processes of two launches with Ray were killed."""

    first: Trained
    second: Trained
    expected: tuple[Trained, ...]
    worker_was_driver: bool
    num_processes: int
    exit_code: int
    log: str
    orphans: list[str]


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
        # A shut gate does not keep a worker alive: it ends with its Ray, or the next waits for it.
        wait_until(lambda: victims[1].pid not in drivers[0].descendants(), "the worker's end", 20)
        victims[1].let_go()
        drivers.append(Driver(root, "ray", "greedy"))
        exit_code = drivers[1].finish()
        expected = undisturbed()
        orphans = _orphans(drivers)
    finally:
        kill_all([pid for driver in drivers for pid in driver.descendants()])
    first, second = (trained(store, stage) for stage in trainings())
    return Story(
        first=first,
        second=second,
        expected=expected,
        worker_was_driver=worker == drivers[0].process.pid,
        num_processes=num_processes,
        exit_code=exit_code,
        log=drivers[1].log.read_text(),
        orphans=orphans,
    )


def _orphans(drivers: list[Driver]) -> list[str]:
    """Return what does not end; Ray's helpers that were still starting take a minute to notice."""
    try:
        wait_until(lambda: not any(driver.descendants() for driver in drivers), "an end", 75)
    except AssertionError:
        return commands([pid for driver in drivers for pid in driver.descendants()])
    return []


def test_a_training_whose_worker_is_killed_ends_as_if_it_had_not_been(story):
    assert not story.worker_was_driver
    assert_resumed(story.first, story.expected[0])


def test_a_training_whose_driver_is_killed_ends_as_if_it_had_not_been(story):
    assert_resumed(story.second, story.expected[1])


def test_a_killed_driver_leaves_no_process_behind(story):
    assert story.num_processes > 3
    assert story.orphans == []


def test_a_stage_that_asks_for_more_than_there_is_fails_alone(story):
    assert story.exit_code == 1
    assert "runtime.stages.masked asks for 1000 CPU cores, and no node has that" in story.log
