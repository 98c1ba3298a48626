import numpy as np
import pytest
import torch

from audiomotion.config.training import ValidatedTraining
from audiomotion.errors import ModelError
from audiomotion.train.curves import read_curves
from audiomotion.train.loop import fit
from audiomotion.train.selection import Kept
from tests.train.test_loop import StopHereError, Task, assert_same, other_place, settings, weights

__all__ = ["settings"]  # a fixture

CONFIG = ValidatedTraining(
    batch_size=4, max_steps=12, warmup_steps=0, lr_milestones=(), keep="best-fid", num_validations=6
)


class Judge:
    """Gives the FIDs it is told to, one after the other, and keeps the weights it saw."""

    def __init__(self, task, *fids):
        self.task = task
        self.fids = list(fids)
        self.seen = []

    def __call__(self):
        assert not self.task.module.training
        torch.rand(3)  # whatever a validation draws, the training goes on as without
        self.seen.append(weights(self.task))
        return self.fids.pop(0)


def run(task, judge, settings, config=CONFIG):
    return fit(task, config, 7, settings, judge)


def test_the_weights_of_the_lowest_fid_are_kept(settings):
    task = Task()
    judge = Judge(task, 5.0, 3.0, 2.0, 2.0, 4.0, 9.0)
    assert run(task, judge, settings) == Kept(6, 12, 2.0)
    assert_same(weights(task), judge.seen[2])
    points = [point for point in read_curves(settings.curves.path) if "validation_fid" in point]
    assert [(point["step"], point["validation_fid"]) for point in points] == [
        (2, 5.0), (4, 3.0), (6, 2.0), (8, 2.0), (10, 4.0), (12, 9.0),
    ]  # fmt: skip


def test_measuring_changes_nothing_of_the_training(settings, tmp_path):
    measured, plain = Task(), Task()
    run(measured, Judge(measured, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0), settings)
    last = CONFIG.model_copy(update={"keep": "last"})
    kept = fit(plain, last, 7, other_place(settings, tmp_path / "other"))
    assert kept == Kept(12, 12, None)
    assert_same(weights(measured), weights(plain))


@pytest.mark.parametrize("stop_at", [5, 6, 7, 11])
def test_a_stopped_training_keeps_the_same_weights(settings, tmp_path, stop_at):
    fids = [5.0, 1.0, 2.0, 0.5, 4.0, 9.0]
    stopped, whole = Task(stop_at), Task()
    with pytest.raises(StopHereError):
        run(stopped, Judge(stopped, *fids), settings)
    resumed = Task()
    assert run(resumed, Judge(resumed, *fids[stop_at // 2 :]), settings) == Kept(8, 12, 0.5)
    run(whole, Judge(whole, *fids), other_place(settings, tmp_path / "other"))
    assert_same(weights(resumed), weights(whole))


@pytest.mark.parametrize(("steps", "wanted"), [(13, 2), (99, 50), (60, 50), (7, 20), (50, 50)])
def test_measurements_are_as_many_as_asked_for_and_end_with_the_last_step(steps, wanted):
    config = CONFIG.model_copy(update={"num_validations": wanted})
    due = [done for done in range(1, steps + 1) if config.validates_after(done, steps)]
    assert len(due) == min(steps, wanted)
    assert due[-1] == steps
    assert max(np.diff([0, *due])) - min(np.diff([0, *due])) <= 1


def test_a_loss_that_is_no_number_is_found_before_it_is_measured(settings):
    task = Task(nan_at=2)
    with pytest.raises(ModelError, match="the loss is nan at step 4"):
        run(task, Judge(task), settings, CONFIG.model_copy(update={"num_validations": 3}))
