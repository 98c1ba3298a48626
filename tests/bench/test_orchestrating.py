from collections.abc import Iterator
from pathlib import Path

import pytest

from audiomotion.bench.noop import noop, num_computed, warm_ups
from audiomotion.bench.orchestrating import launch_seconds, num_computations, schedule_seconds
from audiomotion.bench.timing import Cost, Spread
from audiomotion.config.resolve import resolve
from audiomotion.config.runtime import Runtime
from audiomotion.orchestrate.local import LocalExecutor
from audiomotion.orchestrate.schedule import Schedule
from audiomotion.orchestrate.store import ArtifactStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ArtifactStore]:
    store = ArtifactStore(tmp_path / "store")
    store.prepare()
    yield store


def _run(store: ArtifactStore, *stages) -> Schedule:
    schedule = Schedule(stages, {})
    LocalExecutor(store, None, Runtime(device="cpu")).run(schedule, lambda *_: None)
    return schedule


def test_a_cost_is_held_against_the_most_it_may_be() -> None:
    spread = Spread(2.0, 1.0, 9.0)
    assert Cost("a", "s", spread, at_most=2.0).reached is True
    assert Cost("a", "s", spread, at_most=1.9).reached is False
    assert Cost("a", "s", spread).reached is None


def test_every_computation_is_counted(store: ArtifactStore) -> None:
    assert num_computed(store.cache) == 0
    assert not _run(store, noop(0), noop(1)).failures
    assert not _run(store, noop(0)).failures  # is there
    assert num_computed(store.cache) == 2


def test_a_warm_up_with_one_slot_ends(store: ArtifactStore, monkeypatch) -> None:
    monkeypatch.setattr("audiomotion.bench.noop._MEETING_SECONDS", 0.05)
    schedule = _run(store, *warm_ups(2))
    reasons = {failure.reason for failure in schedule.failures.values()}
    assert reasons == {"2 stages never ran at the same time"}


def test_two_processes_and_one_computation(tmp_path: Path) -> None:
    assert num_computations(2, tmp_path) == 1


def test_three_stages_on_two_slots(tmp_path: Path) -> None:
    assert schedule_seconds(3, 2, tmp_path) > 0.05 * 2
    assert list(tmp_path.iterdir()) == []


def test_a_launch_of_arms_that_do_nothing(tmp_path: Path) -> None:
    experiment = resolve("demo")[0].experiment
    assert launch_seconds(2, experiment, tmp_path) > 0
    assert list(tmp_path.iterdir()) == []
