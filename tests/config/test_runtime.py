from audiomotion.config.runtime import Resources, Runtime, StageResources


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
