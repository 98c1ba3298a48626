import os
import signal

import pytest

from audiomotion.config.runtime import Resources
from audiomotion.errors import ClusterError, DataError
from audiomotion.orchestrate.ray_trials import RayPool
from audiomotion.orchestrate.trials import TrialTask

CORE = Resources(cpus=0.1)


class Squares:
    """Measures by a formula; some settings are more than a worker survives."""

    def measure(self, task):
        value = task.experiment["value"]
        if value == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if value == "fail":
            raise DataError("no such clip")
        return {"fid": float(value) ** 2, "pid": float(os.getpid())}


class Unloadable:
    def __init__(self):
        raise DataError("the weights are damaged")


def measured(pool, values):
    """Submit as many tasks as there are workers at a time; return what came back by number."""
    waiting = [TrialTask(number, 0, {"value": value}) for number, value in enumerate(values)]
    under_way, found = 0, {}
    while waiting or under_way:
        while waiting and under_way < pool.num_workers:
            pool.submit(waiting.pop(0))
            under_way += 1
        for one in pool.wait():
            assert one.task.number not in found
            found[one.task.number] = one
            under_way -= 1
    return found


def test_actors_measure_every_task_once_and_live_on():
    pool = RayPool(Squares, 2, CORE, num_cpus=2)
    try:
        found = measured(pool, [1, 2, "fail", 4, "kill", 6, 7])
    finally:
        pool.close()
    squares = {number: one.repeats[0]["fid"] for number, one in found.items() if one.repeats}
    assert squares == {0: 1, 1: 4, 3: 16, 5: 36, 6: 49}
    assert (found[2].failure, found[2].exit_code) == ("no such clip", 3)
    assert found[4].failure.startswith("3 workers were lost")
    pids = [one.repeats[0]["pid"] for one in found.values() if one.repeats]
    assert os.getpid() not in pids
    assert len(set(pids)) < len(pids)


def test_a_worker_that_cannot_load_ends_the_search():
    pool = RayPool(Unloadable, 1, CORE, num_cpus=1)
    try:
        pool.submit(TrialTask(0, 0, {}))
        with pytest.raises(ClusterError, match=r"cannot be made: .*the weights are damaged"):
            pool.wait()
    finally:
        pool.close()
