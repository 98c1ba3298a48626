from collections import Counter

from audiomotion.bench.planning import TARGET_SECONDS, planning_costs, planning_figures
from audiomotion.config.runtime import Runtime
from audiomotion.orchestrate.forecast import forecast
from audiomotion.orchestrate.plan import Plan, Target
from audiomotion.orchestrate.schedule import Schedule
from audiomotion.orchestrate.slots import Slots
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.stages.base import Stage
from tests.orchestrate.toy import note


def test_both_ways_to_many_arms_make_as_many_stages():
    axis, seeds = planning_figures(8)
    assert (axis.num_arms, seeds.num_arms) == (8, 8)
    # Shared: dataset, speak, features, rvq, evaluator, reference.
    assert axis.num_stages == seeds.num_stages == 6 + 3 * 8
    for figures in (axis, seeds):
        assert set(figures.seconds) == {"resolve", "plan", "look for artifacts", "forecast"}
        assert figures.total_seconds == sum(figures.seconds.values()) > 0


def test_both_ways_are_measured_and_the_target_is_that_of_a_thousand_arms(monkeypatch):
    names = [f"planning 8 arms: {axis}" for axis in ("one axis", "four arms, many seeds")]
    found = list(planning_costs(5, 8))
    assert [(cost.name, cost.unit, cost.at_most) for cost in found] == [
        (name, "s", None) for name in names
    ]
    assert all(0 < cost.value.low <= cost.value.median for cost in found)
    monkeypatch.setattr("audiomotion.bench.planning.NUM_ARMS", 8)
    assert {cost.at_most for cost in planning_costs(5, 8)} == {TARGET_SECONDS}


def test_planning_asks_each_stage_a_fixed_number_of_times(tmp_path, monkeypatch):
    """Twice the arms are twice the work at most: nothing goes over all stages for each stage."""
    store = ArtifactStore(tmp_path)
    assert _calls(store, monkeypatch, 40) <= 2 * _calls(store, monkeypatch, 20)


def _calls(store, monkeypatch, num_arms: int) -> int:
    """Return how often stages are asked for anything while arms of two own stages are planned."""
    calls: Counter[str] = Counter()
    for name in ("name", "fingerprint"):
        monkeypatch.setattr(Stage, name, _counted(name, calls))
    own = [note(f"own {arm}") for arm in range(num_arms)]
    plan = Plan([Target(str(arm), 0, note(f"end {arm}", stage)) for arm, stage in enumerate(own)])
    missing = plan.missing(store.available(plan.stages))
    forecast(missing, store, Runtime(device="cpu"), Slots(2))
    schedule = Schedule(missing, {})
    assert len(plan.arms_of) == 2 * num_arms and not schedule.finished
    monkeypatch.undo()
    return calls.total()


def _counted(name: str, calls: Counter[str]):
    original = Stage.__dict__[name]

    def counted(stage: Stage) -> str:
        calls[name] += 1
        return original.__get__(stage, Stage)

    return property(counted)
