import pytest

from audiomotion.config.resolve import resolve
from audiomotion.orchestrate.estimates import UNKNOWN, Estimator
from audiomotion.orchestrate.pace import Timed, recorded_times, work_of
from audiomotion.orchestrate.worker import run_stage
from audiomotion.stages.system import SystemStages
from tests.cli.command_line import TINY
from tests.orchestrate.toy import note, trainings


def stages(*sets: str) -> SystemStages:
    (arm,) = resolve(TINY, sets=sets)
    return SystemStages(arm.experiment)


def timed(stage, seconds, num_steps=None, device="cpu", threads=1, probed=False) -> Timed:
    return Timed(work_of(stage.identity(), num_steps), seconds, device, threads, probed)


def estimate(stage, *times: Timed, device="cpu", threads=1):
    found = Estimator(times, device, lambda name: threads).estimate(stage)
    return found.seconds, found.basis


STEPS = "masked.training.max_steps=100"
EPOCHS = "masked.training.epochs=10"


def test_a_longer_training_takes_as_many_times_longer():
    recorded = timed(stages().masked, 6.0, 2)  # two steps
    assert estimate(stages(STEPS).masked, recorded) == (300.0, "recorded")


@pytest.mark.parametrize("key", ["seed=3", "masked.training.learning_rate=0.1", "masked.dropout=0"])
def test_what_decides_no_pace_decides_no_estimate(key):
    assert estimate(stages(key).masked, timed(stages().masked, 6.0, 2)) == (6.0, "recorded")


@pytest.mark.parametrize(
    "key", ["masked.training.batch_size=16", "masked.num_layers=2", "compressor.latent_dim=32"]
)
def test_a_step_of_another_kind_is_a_rough_guess(key):
    assert estimate(stages(key).masked, timed(stages().masked, 6.0, 2)) == (6.0, "rough")


def test_the_same_configuration_is_nearer_than_another_of_the_kind():
    wide = timed(stages("masked.latent_dim=32").masked, 60.0, 2)
    narrow = timed(stages().masked, 6.0, 2)
    assert estimate(stages("seed=1").masked, wide, narrow, wide) == (6.0, "recorded")


def test_the_same_steps_on_other_data_are_recorded_steps():
    other = stages("dataset.num_clips=80")
    assert estimate(other.masked, timed(stages().masked, 6.0, 2)) == (6.0, "recorded")
    assert estimate(other.dataset, timed(stages().dataset, 4.0)) == (4.0, "rough")


def test_the_time_of_a_gpu_is_no_time_of_a_cpu():
    on_gpu = timed(stages().masked, 1.0, 2, device="cuda")
    on_cpu = timed(stages().masked, 9.0, 2)
    assert estimate(stages().masked, on_gpu) == (None, "unknown")
    assert estimate(stages().masked, on_gpu, on_cpu) == (9.0, "recorded")
    assert estimate(stages().masked, on_gpu, on_cpu, device="cuda") == (1.0, "recorded")


def test_as_many_threads_are_preferred():
    times = [timed(stages().masked, 9.0, 2), timed(stages().masked, 3.0, 2, threads=4)]
    assert estimate(stages().masked, *times, threads=4) == (3.0, "recorded")
    assert estimate(stages().masked, *times, threads=2) == (6.0, "recorded")  # the median of all


def test_epochs_are_counted_in_the_steps_that_they_had():
    assert estimate(stages(EPOCHS).masked, timed(stages().masked, 6.0, 2)) == (None, "unknown")
    fifth = timed(stages("masked.training.epochs=2").masked, 20.0, 40)
    assert estimate(stages(EPOCHS).masked, fifth) == (100.0, "recorded")
    # 20 steps an epoch, and 3 seconds a step.
    by_steps = estimate(stages(EPOCHS, "masked.num_layers=2").masked, fifth,
                        timed(stages("masked.num_layers=2").masked, 6.0, 2))  # fmt: skip
    assert by_steps == (600.0, "recorded")


def test_a_probe_is_used_where_nothing_like_it_was_recorded():
    probe = timed(stages().masked, 6.0, 2, probed=True)
    rough = timed(stages("masked.num_layers=2").masked, 60.0, 2)
    exact = timed(stages().masked, 8.0, 2)
    assert estimate(stages(STEPS).masked, probe, rough) == (300.0, "probed")
    assert estimate(stages(STEPS).masked, probe, exact) == (400.0, "recorded")


def test_repeats_of_an_evaluation_add_up():
    recorded = timed(stages().evaluation, 5.0, 1)
    assert estimate(stages("evaluation.repeats=20").evaluation, recorded) == (100.0, "recorded")


def test_published_weights_are_not_trained():
    official = resolve("kit", sets=["rvq=official"])[0].experiment
    assert work_of(SystemStages(official).rvq.identity()).epoch == ""


def test_a_kind_that_never_ran_is_unknown():
    assert Estimator([], "cpu", lambda name: 1).estimate(stages().rvq) == UNKNOWN


def test_the_median_counts():
    times = [
        timed(note(text), seconds) for text, seconds in zip("abc", (1.0, 2.0, 9.0), strict=True)
    ]
    assert estimate(note("d"), *times) == (2.0, "rough")


def test_an_artifact_tells_what_it_took_and_on_what(store, settings):
    first = trainings()[0]
    artifact = run_stage(first, settings)
    (recorded,) = recorded_times(store)
    assert (recorded.seconds, recorded.device, recorded.threads) == (artifact.seconds, "cpu", 1)
    assert artifact.manifest["steps"] == 400
    assert estimate(first, recorded) == (artifact.seconds, "recorded")
