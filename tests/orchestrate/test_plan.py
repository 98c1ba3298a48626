import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiomotion.config.runtime import Runtime
from audiomotion.orchestrate.local import LocalExecutor
from audiomotion.orchestrate.plan import Plan, Target, chain_lengths
from audiomotion.orchestrate.schedule import Schedule
from audiomotion.orchestrate.store import ArtifactStore
from tests.orchestrate.toy import note


def diamond(arm: str):
    """Return a new data, rvq and evaluation stage; the first two are alike for all arms."""
    data = note("data")
    rvq = note("rvq", data)
    return data, rvq, note(f"evaluation of {arm}", data, rvq)


@st.composite
def targets(draw):
    """Draw a graph of stages, shared at random, and what four arms of two seeds want of it."""
    stages = [note("0")]
    for number in range(1, draw(st.integers(2, 9))):
        inputs = draw(st.lists(st.sampled_from(stages), max_size=3))
        stages.append(note(str(number), *inputs))
    wanted = draw(st.lists(st.sampled_from(stages), min_size=1, max_size=8))
    return [Target("abcd"[i % 4], i // 4, stage) for i, stage in enumerate(wanted)]


def test_arms_that_ask_for_the_same_fingerprint_share_one_stage():
    plan = Plan([Target(arm, 0, diamond(arm)[-1]) for arm in "abc"])
    names = [stage.config.text for stage in plan.stages.values()]
    assert sorted(names) == ["data", "evaluation of a", "evaluation of b", "evaluation of c", "rvq"]


def test_each_stage_knows_its_arms():
    data, rvq, own = diamond("a")
    ceiling = note("ceiling", data)
    plan = Plan([Target("a", 0, own), Target("a", 1, own), Target("b", 0, rvq)], [ceiling])
    assert plan.arms_of[data.fingerprint] == {"a", "b"}
    assert plan.arms_of[own.fingerprint] == {"a"}
    assert plan.arms_of[ceiling.fingerprint] == frozenset()


def test_a_fingerprint_changes_with_text_inputs_and_roles():
    data, rvq, _ = diamond("a")
    different = [note("x"), note("y"), note("x", data), note("x", rvq), note("x", data, rvq)]
    assert len({stage.fingerprint for stage in [*different, note("x", rvq, data)]}) == 6


def test_missing_are_the_stages_without_artifact_inputs_first():
    data, _, own = diamond("a")
    plan = Plan([Target("a", 0, own)])
    assert [stage.config.text for stage in plan.missing(set())] == [
        "data",
        "rvq",
        "evaluation of a",
    ]
    assert [stage.config.text for stage in plan.missing({data.fingerprint})] == [
        "rvq",
        "evaluation of a",
    ]


def test_a_lost_input_of_a_finished_stage_is_not_made_again():
    data, _, own = diamond("a")
    plan = Plan([Target("a", 0, own)])
    assert plan.missing({own.fingerprint}) == []
    assert data.fingerprint in plan.stages


@given(targets(), st.randoms(use_true_random=False))
def test_order_changes_neither_digest_nor_missing_stages(wanted, chance: random.Random):
    plan, shuffled = Plan(wanted), Plan(chance.sample(wanted, len(wanted)))
    available = {key for key in sorted(plan.stages) if chance.random() < 0.4}
    missing = plan.missing(available)
    assert shuffled.digest == plan.digest
    assert set(shuffled.stages) == set(plan.stages)
    assert {stage.fingerprint for stage in shuffled.missing(available)} == {
        stage.fingerprint for stage in missing
    }
    seen = set(available)
    for stage in missing:
        assert {needed.fingerprint for needed in stage.inputs.values()} <= seen
        seen.add(stage.fingerprint)


def test_digest_tells_arms_seeds_and_ceilings_apart():
    own, other = diamond("a")[-1], diamond("b")[-1]
    plans = [
        Plan([Target("a", 0, own)]),
        Plan([Target("b", 0, own)]),
        Plan([Target("a", 1, own)]),
        Plan([Target("a", 0, other)]),
        Plan([Target("a", 0, own)], [other]),
    ]
    assert len({plan.digest for plan in plans}) == len(plans)


@pytest.mark.parametrize("seed", range(3))
def test_order_does_not_change_a_result(tmp_path, seed):
    wanted = [Target(arm, 0, diamond(arm)[-1]) for arm in "abcd"]

    def results(order):
        store = ArtifactStore(tmp_path / "".join(target.arm for target in order))
        store.prepare()
        plan = Plan(order)
        schedule = Schedule(plan.missing(store.available(plan.stages)), {})
        LocalExecutor(store, None, Runtime(device="cpu")).run(schedule, lambda *_: None)
        return {artifact.fingerprint: artifact.manifest["files"] for artifact in store.artifacts()}

    shuffled = random.Random(seed).sample(wanted, len(wanted))
    assert results(shuffled) == results([*reversed(shuffled)])


def test_the_chain_of_a_stage_ends_with_the_longest_of_what_needs_it():
    data = note("data")
    short, long = note("short", data), note("long", data)
    end = note("end", long)
    lengths = chain_lengths([data, short, long, end], {"note": 2.0})
    assert [lengths[stage.fingerprint] for stage in (data, short, long, end)] == [6, 2, 4, 2]
