import itertools
import json
import time

import pytest

from audiomotion.orchestrate.store import leases as module
from audiomotion.orchestrate.store.leases import Leases
from audiomotion.orchestrate.store.remote import Remote
from tests.orchestrate.processes import wait_until

_NUMBERS = itertools.count()


@pytest.fixture
def remote():
    return Remote(f"memory://leases-{next(_NUMBERS)}")


@pytest.fixture
def machine(remote, tmp_path):
    """Return what takes leases on a machine of that name."""

    def leases(name, seconds=600.0):
        (tmp_path / name / "locks").mkdir(parents=True, exist_ok=True)
        return Leases(remote, tmp_path / name, seconds)

    return leases


class Clock:
    """A clock that a test moves."""

    def __init__(self, now):
        self.now = now

    def __call__(self):
        return self.now


def silence(lease):
    """Stop renewing, as a process does that is killed."""
    lease._stop.set()
    lease._thread.join()


def test_one_of_two_gets_it_and_the_other_after_its_release(machine):
    first = machine("a").acquire("x", dict, wait=False)
    assert machine("b").acquire("x", dict, wait=False) is None
    first.release()
    second = machine("b").acquire("x", dict, wait=False)
    assert (first.number, second.number) == (1, 2)
    second.release()


def test_what_a_holder_says_is_heard(machine):
    lease = machine("a").acquire("x", lambda: {"progress": {"step": 3}}, wait=False)
    wait_until(lambda: machine("b").beat("x") is not None, "a beat")
    assert machine("b").beat("x") == {"count": 1, "progress": {"step": 3}}
    lease.release()
    assert machine("b").beat("x") is None


def test_a_silent_holder_is_replaced_after_the_time_it_promised(machine, monkeypatch):
    clock = Clock(1000.0)
    silence(machine("a", seconds=60.0).acquire("x", dict, wait=False))
    monkeypatch.setattr(module.time, "monotonic", clock)
    other = machine("b", seconds=1.0)
    for now in (1000.0, 1030.0, 1059.0):
        clock.now = now
        assert other.acquire("x", dict, wait=False) is None
    clock.now = 1060.0
    taken = machine("b").acquire("x", dict, wait=False)  # another process of the machine
    assert taken.number == 2
    taken.release()


def test_a_holder_that_is_heard_keeps_it(machine, remote, monkeypatch):
    clock = Clock(1000.0)
    lease = machine("a", seconds=60.0).acquire("x", dict, wait=False)
    silence(lease)
    monkeypatch.setattr(module.time, "monotonic", clock)
    for count in range(5):
        remote.put("claims/x/000001.beat", json.dumps({"count": count}).encode())
        assert machine("b").acquire("x", dict, wait=False) is None
        clock.now += 59.0
    assert lease.check()


@pytest.mark.parametrize("moved", [-1e9, 1e9])
def test_a_wall_clock_that_is_moved_changes_nothing(machine, monkeypatch, moved):
    first = machine("a", seconds=60.0).acquire("x", dict, wait=False)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + moved)
    monkeypatch.setattr(time, "time_ns", lambda: int((now + moved) * 1e9))
    other = machine("b")
    assert other.acquire("x", dict, wait=False) is None
    assert other.acquire("x", dict, wait=False) is None
    assert first.check()
    first.release()


def test_a_holder_that_was_replaced_notices_and_leaves_the_claim_alone(machine, remote):
    first = machine("a", seconds=0.2).acquire("x", dict, wait=False)
    silence(first)
    second = machine("b").acquire("x", dict, wait=True)
    assert not first.check()
    assert first.lost
    first.release()
    assert second.check()
    second.release()


def test_what_an_earlier_process_of_this_machine_left_is_taken_at_once(machine):
    silence(machine("a").acquire("x", dict, wait=False))
    taken = machine("a").acquire("x", dict, wait=False)
    assert taken.number == 2
    taken.release()


def test_a_claim_that_nobody_wants_any_more_leaves_nothing(machine, remote):
    lease = machine("a").acquire("x", dict, wait=False)
    lease.for_good = True
    lease.release()
    assert remote.listing("claims") == {}
