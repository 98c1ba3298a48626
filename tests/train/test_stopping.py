import pytest
import torch

from audiomotion.models.group import ALONE, WorkerGroup
from audiomotion.train.stopping import Stopping


class Pair(WorkerGroup):
    """As one of two workers; what the other wishes the test adds."""

    size = 2


def test_one_worker_is_asked_after_each_step_and_sends_nothing():
    answers = iter([False, True])
    stopping = Stopping(ALONE, lambda: next(answers))
    for expected in (False, True):
        assert stopping.wishes(torch.zeros(())) == []
        stopping.take([])
        assert stopping.agreed() is expected


@pytest.mark.parametrize("others", [0.0, 1.0])
def test_all_of_a_group_end_a_step_after_any_was_asked_to(others):
    stopping = Stopping(Pair(), lambda: others == 0.0)
    (wish,) = stopping.wishes(torch.zeros((), dtype=torch.float64))
    assert wish.dtype == torch.float64
    stopping.take([wish + others])
    assert not stopping.agreed()  # it would wait for the step
    stopping.take([torch.zeros(())])
    assert stopping.agreed()
    stopping.take([torch.zeros(())])
    assert not stopping.agreed()
