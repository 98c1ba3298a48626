"""Stages that are run for their own sake: `--only`, `amx data`."""

import signal
from pathlib import Path

import pytest

from audiomotion.cli.options import ExecutorName
from audiomotion.cli.preparing import prepare, print_artifacts
from audiomotion.config.runtime import Runtime
from audiomotion.errors import AudiomotionError
from audiomotion.orchestrate.plan import Plan
from audiomotion.orchestrate.store import ArtifactStore, open_store
from tests.cli.command_line import TINY, start
from tests.cli.test_surroundings import wait_for_steps
from tests.orchestrate.toy import DIVERGING, note


def run(store: ArtifactStore, stage: object, **options: bool) -> None:
    plan = Plan((), [stage])
    prepare(plan, store, None, ExecutorName.local, Runtime(device="cpu"), **options)


def test_what_diverged_is_trained_again_only_on_request(tmp_path: Path) -> None:
    store, stage = open_store(tmp_path / "store"), note("17", kind=DIVERGING)
    for times, options in ((1, {}), (1, {}), (2, {"retry_failed": True})):
        with pytest.raises(AudiomotionError) as error:
            run(store, stage, **options)
        assert error.value.exit_code == 5
        assert len((store.cache / "count").read_text().split()) == times


def test_an_artifact_is_named_where_all_machines_find_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AMX_CACHE", str(tmp_path / "cache"))
    stage = note("a")
    places = (str(tmp_path / "store"), "memory://bucket/store")
    for location in places:
        print_artifacts([stage], open_store(location), as_json=False)
    assert capsys.readouterr().out.splitlines() == [
        f"note: {location}/artifacts/note/{stage.fingerprint}" for location in places
    ]


def test_sigterm_lets_a_stage_save_where_it_is(tmp_path: Path) -> None:
    longer = ("--only", "rvq", "--set", "rvq.training.max_steps=100000")
    store = tmp_path / "store"
    process = start("train", TINY, "--executor", "local", "--store", store, *longer)
    wait_for_steps(store)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "amx: interrupted; the same command continues" in err
    assert any(store.glob("work/*/scratch/checkpoints/step-*.pt"))  # before one was due
