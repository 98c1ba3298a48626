import threading

import pytest

from audiomotion.errors import DataError
from audiomotion.train.prefetch import Prefetched


def test_any_order_of_steps_gives_the_functions_values():
    square = Prefetched(lambda step: step * step)
    assert [square(step) for step in (0, 1, 2, 7, 3, 3, 4)] == [0, 1, 4, 49, 9, 9, 16]


def test_the_next_step_is_made_while_one_is_computed():
    made = {step: threading.Event() for step in range(3)}

    def make(step: int) -> str:
        made[step].set()
        return threading.current_thread().name

    batch = Prefetched(make)
    assert batch(0) == threading.current_thread().name
    assert made[1].wait(10)
    assert not made[2].is_set()
    assert batch(1).startswith("prefetch")


def test_an_error_comes_at_its_own_step_and_not_before():
    def make(step: int) -> int:
        if step == 2:
            raise DataError("clip 5 is damaged")
        return step

    batch = Prefetched(make)
    assert [batch(0), batch(1)] == [0, 1]
    with pytest.raises(DataError, match="clip 5"):
        batch(2)
    assert batch(3) == 3
