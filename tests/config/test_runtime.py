import pytest

from audiomotion.config.resolve import resolve
from audiomotion.config.runtime import Resources, Runtime, StageResources
from audiomotion.errors import ConfigError

SHARED = ("rvq", "masked", "residual", "length")


def test_auto_is_the_gpu_where_there_is_one():
    assert Runtime().settled(has_gpu=True).device == "cuda"
    assert Runtime().settled(has_gpu=False).device == "cpu"
    assert Runtime(device="cpu").settled(has_gpu=True).device == "cpu"
    assert Runtime(device="cuda").settled(has_gpu=False).device == "cuda"


def test_no_gpu_is_asked_for_on_the_cpu():
    stages = StageResources(rvq=Resources(cpus=4, gpus=1))
    assert Runtime(device="cuda", stages=stages).resources("rvq").gpus == 1
    assert Runtime(device="cpu", stages=stages).resources("rvq") == Resources(cpus=4)


def test_a_stage_that_asks_for_no_gpu_takes_what_its_node_has():
    stages = StageResources(rvq=Resources(gpus=0.5))
    asked = Runtime(stages=stages)
    on_gpus, on_cpus = asked.settled(has_gpu=True), asked.settled(has_gpu=False)
    assert asked.device_of("rvq", on_gpus) == "cuda"
    assert asked.device_of("dataset", on_gpus) == "auto"
    assert asked.device_of("dataset", on_cpus) == asked.device_of("rvq", on_cpus) == "cpu"
    demanded = Runtime(device="cuda")
    assert demanded.device_of("dataset", demanded.settled(has_gpu=True)) == "cuda"


def test_no_kind_of_gpu_is_asked_for_on_the_cpu():
    stages = StageResources(rvq=Resources(gpus=1, accelerator="H100", memory_gb=8))
    assert Runtime(device="cpu", stages=stages).resources("rvq") == Resources(memory_gb=8)


def test_an_unknown_stage_takes_the_defaults():
    assert Runtime().resources("something-else") == Resources()


def test_threads_are_whole_and_at_least_one():
    assert [Resources(cpus=cpus).num_threads for cpus in (0.5, 1, 2.9, 4)] == [1, 1, 2, 4]


def test_workers_ask_for_as_much_each():
    asked = Resources(cpus=3, gpus=1, num_workers=4)
    assert (asked.all_cpus, asked.all_gpus, asked.num_threads) == (12, 4, 3)


def test_the_number_of_workers_decides_no_result():
    keys = [f"runtime.stages.{stage}.num_workers" for stage in SHARED]
    one, four = (resolve("demo", sets=[f"{key}={number}" for key in keys])[0] for number in (1, 4))
    assert one.experiment == four.experiment
    assert [four.runtime.resources(stage).num_workers for stage in SHARED] == [4] * len(SHARED)


@pytest.mark.parametrize(
    ("sets", "problem"),
    [
        (
            ["speak.num_workers=2"],
            "runtime.stages.speak: 2 workers: only rvq, masked, residual, length can be trained by "
            "several; leave num_workers out",
        ),
        (["evaluator.num_workers=2"], "runtime.stages.evaluator: 2 workers: only rvq, masked"),
        (
            ["masked.num_workers=5"],
            "runtime.stages.masked.num_workers: 5 workers cannot share masked.training.batch_size "
            "32 equally; choose a number that divides it",
        ),
        (
            ["rvq.num_workers=2", "rvq.gpus=0.5"],
            "runtime.stages.rvq: 2 workers with 0.5 GPUs each: it is one GPU a worker",
        ),
        (["masked.num_workers=0"], "0 is out of range; allowed: at least 1"),
    ],
)
def test_workers_that_could_not_train_together_are_refused(sets, problem):
    with pytest.raises(ConfigError) as raised:
        resolve("demo", sets=[f"runtime.stages.{one}" for one in sets])
    assert problem in str(raised.value)
