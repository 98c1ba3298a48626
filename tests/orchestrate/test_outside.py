from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from audiomotion.config.resolve import resolve
from audiomotion.errors import ConfigError, DataError
from audiomotion.orchestrate.collecting import Limits, find_garbage
from audiomotion.orchestrate.launch import Request, make_plan, new_record
from audiomotion.orchestrate.outside import (
    checked_name,
    comparable_systems,
    keep_measured,
    outside_record,
)
from audiomotion.orchestrate.records import RunFolder, RunRecord, RunStatus
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.orchestrate.worker import WorkerSettings, run_stage
from audiomotion.stages.system import SystemStages
from tests.cli.command_line import TINY
from tests.orchestrate.toy import note


def record(system: str, *sets: str, content: str = "a", weights: str = "theirs") -> RunRecord:
    (arm,) = resolve(TINY, sets=sets)
    stage = SystemStages(arm.experiment).outside(Path("m"), content, allow_missing=False)
    return outside_record(system, weights, arm.experiment, stage)


def keep(store: ArtifactStore, *records: RunRecord, status: RunStatus = "done") -> None:
    for place, one in enumerate(records):
        updated = f"2026-01-0{place + 1}T00:00:00Z"
        RunFolder(store, one.id).save(replace(one, updated=updated, status=status))


def test_a_system_is_a_launch_of_one_arm(tmp_path: Path) -> None:
    made, store = record("T2M GPT"), ArtifactStore(tmp_path)
    keep(store, made)
    assert made.id.startswith("outside-T2M_GPT-demo-")
    loaded = RunFolder(store, made.id).load()
    assert loaded is not None and loaded.kind == "outside"
    (arm,) = loaded.arms
    assert (arm.arm, arm.weights, arm.status) == ("T2M GPT", "theirs", "pending")
    assert set(arm.fingerprints) == {"dataset", "evaluator", "outside"}


def measuring(store: ArtifactStore, measure: Callable[[], None]) -> RunRecord:
    """Return what is kept of a measurement that needs one artifact."""
    (arm,) = record("MDM").arms
    arm = replace(arm, fingerprints={"dataset": note("needed").fingerprint})
    begun = replace(record("MDM"), arms=(arm,))
    return keep_measured(begun, store, measure, lambda: None)


def test_what_is_needed_is_kept_from_before_it_is_measured(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)
    store.prepare()
    run_stage(note("needed"), WorkerSettings(store.location, None, "cpu", 1, 30.0))
    limits = Limits(datetime.now(UTC) + timedelta(days=1))
    assert len(find_garbage(store, limits)) == 1

    def measure() -> None:
        assert find_garbage(store, limits) == []

    made = measuring(store, measure)
    assert (made.status, made.arms[0].status) == ("done", "done")
    assert RunFolder(store, made.id).load() == made
    assert find_garbage(store, limits) == []


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [(DataError("no clip"), "failed", "no clip"), (KeyboardInterrupt(), "interrupted", "")],
)
def test_why_nothing_was_measured_is_kept(
    tmp_path: Path, error: BaseException, status: RunStatus, reason: str
) -> None:
    def measure() -> None:
        raise error

    store = ArtifactStore(tmp_path)
    store.prepare()
    with pytest.raises(type(error)):
        measuring(store, measure)
    kept = RunFolder(store, record("MDM").id).load()
    assert kept is not None
    assert (kept.status, kept.arms[0].reason) == (status, reason)


def test_systems_that_were_measured_as_an_arm_was(tmp_path: Path) -> None:
    (arm,) = resolve(TINY, sets=["masked.num_layers=2"])
    request = Request("experiment", "tiny", [("tiny", arm.experiment)], {})
    (ours,) = new_record(request, make_plan(request)).arms
    store = ArtifactStore(tmp_path)
    keep(store, record("unfinished"), status="failed")
    old, new = record("MDM", content="old"), record("MDM", content="new")
    keep(
        store,
        old,
        new,
        record("MLD"),
        record("repeats", "evaluation.repeats=2"),
        record("data", "dataset.seed=1"),
        record("evaluator", "evaluator.movement_dim=32"),
        record("oral", "test_variant=oral"),
    )
    found = comparable_systems(store, ours)
    assert found == {"MDM": new.arms[0], "MLD": record("MLD").arms[0]}


@pytest.mark.parametrize("name", ["", "a/b", "../up", " ", "a\nb"])
def test_names_that_are_no_name_of_a_folder(name: str) -> None:
    with pytest.raises(ConfigError, match="--name"):
        checked_name(name)
    assert checked_name("T2M-GPT (no)".replace(" (no)", "")) == "T2M-GPT"
