import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiomotion.config.runtime import Resources, Runtime, StageResources
from audiomotion.orchestrate.forecast import forecast
from audiomotion.orchestrate.pace import Timed, work_of
from audiomotion.orchestrate.plan import Plan, Target
from audiomotion.orchestrate.slots import Slots, slots_here
from audiomotion.orchestrate.store import ArtifactStore
from tests.orchestrate.test_plan import targets
from tests.orchestrate.toy import GREEDY, note

CPU = Runtime(device="cpu")


def timed(seconds, *stages):
    """Return that each stage takes `seconds`."""
    return [Timed(work_of(stage.identity()), seconds, "cpu", 1) for stage in stages]


def cost(store, stages, times, runtime=CPU, slots=Slots(2)):  # noqa: B008
    return forecast(stages, store, runtime, slots, times)


def test_independent_stages_share_the_cores(store):
    three = [note(text) for text in "abc"]
    found = cost(store, three, timed(10, *three))
    assert (found.wall_seconds, found.cpu_hours) == (20, 30 / 3600)
    assert cost(store, three, timed(10, *three), slots=Slots(3)).wall_seconds == 10
    assert cost(store, three, timed(10, *three), slots=Slots(3, 0, 1)).wall_seconds == 30


def test_the_longest_chain_goes_first(store):
    lone, other, head = note("lone"), note("other"), note("head")
    end = note("end", head)
    times = timed(10, lone, other, head) + timed(20, end)
    found = cost(store, [lone, other, head, end], times)
    assert found.wall_seconds == 30  # with the head last it would be 40
    assert [stage.config.text for stage in found.chain] == ["head", "end"]
    assert found.chain_seconds == 30


def test_resources_are_what_a_stage_asks_for(store):
    stages = [note(text, kind=GREEDY) for text in "abcd"]
    asked = StageResources(masked=Resources(cpus=2, gpus=0.5))
    runtime = Runtime(device="cuda", stages=asked)
    times = [Timed(work_of(stage.identity()), 3600, "cuda", 2) for stage in stages]
    found = cost(store, stages, times, runtime, Slots(8, 1))
    assert (found.wall_seconds, found.cpu_hours, found.gpu_hours) == (7200, 8, 2)
    on_cpu = cost(store, stages, timed(3600, *stages), runtime.model_copy(update={"device": "cpu"}))
    assert (on_cpu.cpu_hours, on_cpu.gpu_hours) == (8, 0)


def test_auto_is_the_gpu_where_there_is_one(store):
    stage = note("a", kind=GREEDY)
    runtime = Runtime(stages=StageResources(masked=Resources(gpus=1)))
    times = [Timed(work_of(stage.identity()), 3600, "cuda", 1)]
    assert cost(store, [stage], times, runtime, Slots(8, 1)).gpu_hours == 1
    assert cost(store, [stage], times, runtime, Slots(8, 0)).seconds == {}


def test_what_asks_for_more_than_there_is_does_not_hold_up_the_forecast(store):
    stage = note("a", kind=GREEDY)
    runtime = Runtime(device="cpu", stages=StageResources(masked=Resources(cpus=1000)))
    assert cost(store, [stage], timed(10, stage), runtime).wall_seconds == 10


def test_unknown_times_count_as_nothing_and_are_named(store):
    known, unknown = note("a"), note("b", kind=GREEDY)
    plan = Plan([Target("a", 0, known), Target("b", 0, unknown)])
    found = cost(store, plan.missing(set()), timed(10, known))
    assert found.wall_seconds == 10
    assert found.seconds == {known.fingerprint: 10}
    assert found.kinds_of("unknown", plan) == ["masked"]


def test_nothing_to_do_costs_nothing(store):
    found = cost(store, [], [])
    assert (found.wall_seconds, found.cpu_hours, found.chain) == (0, 0, [])


@given(targets(), st.integers(1, 4), st.data())
def test_it_ends_between_the_bounds(tmp_path_factory, wanted, cores, data):
    stages = Plan(wanted).missing(set())
    seconds = [data.draw(st.integers(0, 50)) for _ in stages]
    times = [one for stage, time in zip(stages, seconds, strict=True) for one in timed(time, stage)]
    store = ArtifactStore(tmp_path_factory.getbasetemp() / "none")
    found = cost(store, stages, times, slots=Slots(cores))
    least = max(found.chain_seconds, sum(seconds) / cores)
    assert least <= found.wall_seconds + 1e-6
    assert found.wall_seconds <= found.chain_seconds + sum(seconds) / cores  # Graham's bound


@pytest.mark.parametrize("visible", ["", "-1"])
def test_no_visible_gpu_is_no_gpu(monkeypatch, visible):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    here = slots_here(one_by_one=True)
    assert (here.gpus, here.most_stages) == (0, 1)
    assert here.cpus >= 1


def test_all_workers_of_a_stage_count(store):
    stage = note("a", kind=GREEDY)
    asked = StageResources(masked=Resources(cpus=2, gpus=1, num_workers=3))
    runtime = Runtime(device="cuda", stages=asked)
    work = work_of(stage.identity())
    # What as many threads took is nearer than what one worker took.
    times = [Timed(work, 3600, "cuda", 6), Timed(work, 9000, "cuda", 2)]
    found = cost(store, [stage], times, runtime, Slots(8, 4))
    assert (found.cpu_hours, found.gpu_hours) == (6, 3)
    alone = cost(store, [stage], times, runtime.with_one_worker(), Slots(8, 4))
    assert (alone.cpu_hours, alone.gpu_hours) == (5, 2.5)
    two = cost(store, [stage, note("b", kind=GREEDY)], times, runtime, Slots(8, 4))
    assert two.wall_seconds == 7200
