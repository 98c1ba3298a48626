import copy
import threading
from pathlib import Path

import pytest
import torch

from audiomotion.models.group import WorkerGroup
from audiomotion.stages.accounting import num_parameters
from audiomotion.stages.training_facts import training_facts
from audiomotion.train.transformers import TransformerTask
from tests.train.small_tasks import BATCH_SIZE, TRAINING, small_task


class DistantGroup(WorkerGroup):
    """Workers whom nobody may ask for anything while operations are counted."""

    size = 3

    def __init__(self) -> None:
        self.lock = threading.Lock()  # which cannot be copied, as a connection cannot

    def add_up_(self, tensor: torch.Tensor) -> torch.Tensor:
        raise AssertionError("the others do not answer")


def task(name: str, folder: Path, **changes) -> TransformerTask:
    found = small_task(name, folder, **changes)
    assert isinstance(found, TransformerTask)
    return found


def test_what_a_training_is_given(tmp_path):
    facts = training_facts(task("masked", tmp_path), TRAINING)
    assert (facts["steps"], facts["batch_size"], facts["samples"]) == (8, 12, 96)
    assert (facts["num_examples"], facts["num_instructions"]) == (30, 45)
    assert 0 < facts["compressor_flops"] < facts["forward_flops"]


def test_a_set_smaller_than_a_batch_is_one_batch(tmp_path):
    whole = task("masked", tmp_path)
    whole.pairs.batch_size = 64
    facts = training_facts(whole, TRAINING.model_copy(update={"batch_size": 64}))
    assert (facts["batch_size"], facts["samples"]) == (30, 8 * 30)


def test_the_operations_are_those_of_the_batches_of_the_first_epoch(tmp_path):
    """The masked transformer's products, counted by hand from the shapes of its batches."""
    found = task("masked", tmp_path)
    facts = training_facts(found, TRAINING)
    transformer = facts["forward_flops"] - facts["compressor_flops"]
    per_step = []
    for step in range(30 // BATCH_SIZE):
        length = found.pairs.batch(step).tokens.shape[1]
        seen = length + 2  # condition tokens stand in front
        layer = 2 * seen * (4 * 16 * 16 + 2 * 16 * 16) + 2 * 2 * seen * seen * 16
        inputs = 2 * length * 8 * 16
        condition = 2 * 2 * 16 * 16
        outputs = 2 * length * (16 * 16 + 16 * 24)
        per_step.append(layer + inputs + condition + outputs)
    assert transformer == pytest.approx(sum(per_step) / len(per_step), rel=0.15)


@pytest.mark.parametrize("name", ["masked", "residual"])
def test_counting_changes_nothing(tmp_path, name):
    found = task(name, tmp_path, dropout=0.3)
    weights = copy.deepcopy(found.module.state_dict())
    torch.manual_seed(1)
    state = torch.get_rng_state()
    facts = training_facts(found, TRAINING)
    assert torch.equal(torch.get_rng_state(), state)
    for key, value in found.module.state_dict().items():
        assert torch.equal(value, weights[key])
    assert training_facts(found, TRAINING)["compressor_flops"] == facts["compressor_flops"]


@pytest.mark.parametrize("name", ["masked", "residual"])
def test_workers_that_train_together_count_as_one(tmp_path, name):
    alone = training_facts(task(name, tmp_path), TRAINING)
    together = task(name, tmp_path, group=DistantGroup())
    facts = training_facts(together, TRAINING)
    assert together.module.transformer.group is together.group
    assert facts["compressor_flops"] == alone["compressor_flops"]
    assert facts["forward_flops"] == pytest.approx(alone["forward_flops"], rel=0.05)
    assert facts["samples"] == alone["samples"]


def test_without_a_compressor_none_of_the_operations_are_its(tmp_path):
    found = task("masked", tmp_path)
    found.module.condition.compressor = None
    found.module.condition.forward = lambda features, mask: None
    assert num_parameters(found.module.condition) == 0
    assert training_facts(found, TRAINING)["compressor_flops"] == 0
