import pytest

from audiomotion.orchestrate.forcing import discard, what_forcing_discards
from audiomotion.orchestrate.plan import Plan, Target
from audiomotion.orchestrate.worker import run_stage
from tests.orchestrate.toy import COUNTED, GREEDY, note

DATA = note("data")
MIDDLE = note("middle", DATA, kind=COUNTED)
BESIDE = note("beside", DATA)
END = note("end", MIDDLE, BESIDE, kind=GREEDY)
PLAN = Plan([Target("a", 0, END)])


@pytest.fixture
def full(store, settings):
    for stage in PLAN.stages.values():
        run_stage(stage, settings)
    return store


def test_what_builds_on_a_forced_stage_is_forced_too():
    assert PLAN.with_downstream(["counted"]) == {MIDDLE.fingerprint, END.fingerprint}
    assert PLAN.with_downstream(["note"]) == set(PLAN.stages)
    assert PLAN.with_downstream([]) == set()


def test_only_some_kinds_with_what_they_need():
    only = PLAN.only(["counted"])
    assert list(only.stages.values()) == [DATA, MIDDLE]
    assert only.extra == [MIDDLE]
    assert list(PLAN.only(["counted", "masked"]).stages) == list(PLAN.stages)


def test_forced_artifacts_are_gone_and_others_are_not(full):
    forced = PLAN.with_downstream(["counted"])
    found = what_forcing_discards(PLAN, forced, full)
    sizes = [full.find(stage).num_bytes for stage in (MIDDLE, END)]
    assert (found.artifacts, found.num_bytes) == (2, sum(sizes))
    discard(PLAN, forced, full)
    assert full.available(PLAN.stages) == {DATA.fingerprint, BESIDE.fingerprint}
    assert what_forcing_discards(PLAN, forced, full).artifacts == 0


def test_a_forced_stage_begins_anew(store):
    half = store.work_folder(MIDDLE.fingerprint)
    (half / "scratch").mkdir(parents=True)
    discard(PLAN, {MIDDLE.fingerprint}, store)
    assert not half.exists()


def test_what_is_left_when_forcing_is_killed_is_whole(full, monkeypatch):
    """What builds on a thrown away artifact is thrown away before it."""
    removed = []

    def remove_and_die(stage):
        if removed:
            raise KeyboardInterrupt
        removed.append(stage)
        type(full).remove(full, stage)

    monkeypatch.setattr(full, "remove", remove_and_die)
    with pytest.raises(KeyboardInterrupt):
        discard(PLAN, PLAN.with_downstream(["note"]), full)
    assert removed == [END]
    assert PLAN.missing(full.available(PLAN.stages)) == [END]
