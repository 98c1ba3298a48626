import math
import socket

import pytest

from audiomotion.errors import HeadLostError
from audiomotion.orchestrate.head_watch import HeadWatch
from tests.orchestrate.processes import wait_until


@pytest.fixture
def head():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def watch(head: socket.socket) -> HeadWatch:
    return HeadWatch("{}:{}".format(*head.getsockname()))


def test_a_head_that_answers(head):
    watched = watch(head)
    assert watched.answers()
    assert not watched.is_silent
    assert watched.grace_seconds == math.inf


def test_a_head_that_is_away_for_a_moment(head):
    watched = watch(head)
    address = head.getsockname()
    head.close()
    assert not watched.answers()
    assert watched.is_silent
    assert watched.grace_seconds == 15.0  # of the 60 that Ray waits
    with socket.create_server(address):
        assert watched.answers()
    assert not watched.is_silent


def test_a_head_that_stays_away_is_an_error_before_ray_gives_up(head, monkeypatch):
    monkeypatch.setenv("RAY_gcs_rpc_server_reconnect_timeout_s", "0.4")
    watched = watch(head)
    head.close()
    assert not watched.answers()

    def gives_up() -> bool:
        try:
            return watched.answers()
        except HeadLostError as error:
            assert f"the head of the Ray cluster, {watched.address}, has not answered" in str(error)
            return True

    wait_until(gives_up, "giving up")
