import os
import signal
import threading

import pytest

from audiomotion.orchestrate.stopping import listening, terminated_as_interrupted


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_who_listens_is_asked_once_and_interrupted_the_second_time(number):
    before = signal.getsignal(number)
    with listening() as stop_requested:
        assert not stop_requested()
        os.kill(os.getpid(), number)
        assert stop_requested()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
    assert signal.getsignal(number) is before


def test_who_never_listens_is_interrupted():
    with listening(), pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGTERM)


def test_a_driver_that_is_terminated_is_interrupted():
    before = signal.getsignal(signal.SIGTERM)
    with terminated_as_interrupted(), pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before


def test_other_threads_hear_no_signals():
    heard = []

    def run():
        with terminated_as_interrupted(), listening() as stop_requested:
            heard.append(stop_requested())

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert heard == [False]
