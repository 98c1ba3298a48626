"""Several workers train as one does, to rounding: real processes, real collectives."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.train.group_worker import FIDS, RESUMED, SIZE, all_trainings, work
from tests.train.small_tasks import TASKS, TRAINING, small_task

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    small_task("masked", folder)
    return folder


@pytest.fixture(scope="module")
def alone(data, tmp_path_factory):
    return all_trainings(data, tmp_path_factory.mktemp("alone"))


@pytest.fixture(scope="module")
def workers(data, tmp_path_factory):
    """Return what each worker of a group ended with."""
    folder = tmp_path_factory.mktemp("group")
    command = [sys.executable, "-m", "tests.train.group_worker"]
    processes = [
        subprocess.Popen(
            [*command, str(rank), str(data), str(folder)],
            cwd=REPOSITORY,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(1, SIZE)
    ]
    try:
        first = work(0, data, folder)
        for process in processes:
            _, errors = process.communicate(timeout=200)
            assert process.returncode == 0, errors
    finally:
        for process in processes:
            process.kill()
    return [first, *(torch.load(folder / f"{rank}.pt") for rank in range(1, SIZE))]


def assert_close(found, expected):
    assert found["weights"].keys() == expected["weights"].keys()
    for name, tensor in expected["weights"].items():
        if name.endswith("key.bias"):  # softmax takes no notice of it: its gradient is rounding
            continue
        torch.testing.assert_close(found["weights"][name], tensor, rtol=1e-3, atol=1e-5, msg=name)
    assert len(found["curves"]) == len(expected["curves"]) > 0
    for point, wanted in zip(found["curves"], expected["curves"], strict=True):
        assert point == pytest.approx(wanted, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("name", TASKS)
def test_curves_and_weights_are_those_of_one_worker(workers, alone, name):
    assert len(alone[name]["curves"]) == TRAINING.max_steps
    assert_close(workers[0][name], alone[name])


@pytest.mark.parametrize("name", [*TASKS, "dropout", "resumed", "validated"])
def test_all_workers_end_with_the_same_bits(workers, name):
    first, *others = (worker[name] for worker in workers)
    for other in others:
        for key, tensor in first["weights"].items():
            assert torch.equal(other["weights"][key], tensor), key
        assert other["curves"] == first["curves"]
        assert other["kept"] == first["kept"]


def test_codes_fell_out_of_use_on_the_way(alone):
    """Otherwise the tests above would not see how such codes are replaced."""
    for name in ("rvq", "rvq-kmeans", "rvq-large"):
        weights = alone[name]["weights"]
        counts = torch.cat([weights[key] for key in weights if key.endswith("code_count")])
        assert 3 < (counts < 1).sum() < 0.9 * len(counts)


def test_only_the_first_worker_keeps_checkpoints(workers):
    assert [worker["masked"]["checkpoints"] for worker in workers] == [2, 0, 0]


def test_a_stopped_group_goes_on_from_the_first_workers_checkpoint(workers, alone):
    for name, tensor in workers[0][RESUMED]["weights"].items():
        assert torch.equal(workers[0]["resumed"]["weights"][name], tensor)
    assert workers[0]["resumed"]["curves"] == workers[0][RESUMED]["curves"]
    assert_close(workers[0]["resumed"], alone["resumed"])


def test_the_first_worker_measures_for_all(workers, alone):
    assert [worker["validated"]["kept"] for worker in workers] == [(4, min(FIDS))] * SIZE
    assert_close(workers[0]["validated"], alone["validated"])


def test_with_dropout_the_workers_draw_for_themselves(workers, alone):
    losses = [
        [point["loss"] for point in found["dropout"]["curves"]] for found in (workers[0], alone)
    ]
    assert losses[0] != pytest.approx(losses[1], rel=1e-4)
    assert losses[0] == pytest.approx(losses[1], rel=0.2)
