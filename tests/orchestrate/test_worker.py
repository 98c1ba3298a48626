import json
import multiprocessing
import os
from dataclasses import asdict
from pathlib import Path

import pytest
from safetensors.torch import load_file

from audiomotion.errors import DataError, ModelError
from audiomotion.orchestrate.failures import failure_of
from audiomotion.orchestrate.progress import StageProgress
from audiomotion.orchestrate.resources import Used
from audiomotion.orchestrate.store import NOTES, PROGRESS, verify
from audiomotion.orchestrate.worker import WorkerSettings, run_stage
from audiomotion.stages.base import Stage
from audiomotion.stages.results import CURVES, WEIGHTS
from audiomotion.train.curves import read_curves
from tests.orchestrate.processes import wait_until
from tests.orchestrate.toy import (
    COUNTED,
    LOG_EVERY,
    ODD_FAILURE,
    PLAIN_FAILURE,
    TRAINING,
    ToyTraining,
    note,
)


def test_a_stage_sees_its_inputs_and_leaves_a_whole_artifact(store, settings):
    first = note("first")
    run_stage(first, settings)
    artifact = run_stage(note("second", first), settings)
    assert (artifact.folder / "note").read_text() == "first\nsecond\n"
    assert artifact.manifest["environment"]["threads"] == 1
    assert artifact.manifest["environment"]["device"] == "cpu"
    assert verify(artifact) == []
    assert list((store.root / "work").iterdir()) == []


def test_what_is_there_is_not_made_again(store, settings):
    stage = note("a", kind=COUNTED)
    assert run_stage(stage, settings) == run_stage(stage, settings)
    assert len((store.cache / "count").read_text().split()) == 1


def test_a_failure_leaves_nothing_half_written_and_keeps_the_scratch(store, settings):
    stage = note("clip 7 is damaged", kind=PLAIN_FAILURE)
    with pytest.raises(DataError, match="clip 7"):
        run_stage(stage, settings)
    work = store.work_folder(stage.fingerprint)
    assert not (work / "output").exists()
    assert (work / "scratch" / "shard").read_text() == "done"
    assert store.find(stage) is None


def test_leftovers_of_a_killed_attempt_do_not_get_into_the_artifact(store, settings):
    stage = note("a")
    output = store.work_folder(stage.fingerprint) / "output"
    output.mkdir(parents=True)
    (output / "half").write_text("")
    assert set(run_stage(stage, settings).manifest["files"]) == {"note"}


def test_a_training_leaves_weights_and_curves_without_gaps(store, settings):
    stage = Stage(TRAINING, ToyTraining(num_steps=60))
    folder = run_stage(stage, settings).folder
    steps = [point["step"] for point in read_curves(folder / CURVES)]
    assert steps == [*range(LOG_EVERY, 61, LOG_EVERY), 60]
    assert load_file(folder / WEIGHTS)["0.weight"].shape == (16, 8)
    assert json.loads((folder / "starts.json").read_text()) == [0]


def test_the_record_says_what_a_stage_took_all_attempts_together(store, settings):
    stage = Stage(TRAINING, ToyTraining(num_steps=60))
    work = store.work_folder(stage.fingerprint)
    work.mkdir(parents=True)
    earlier = StageProgress(elapsed=50.0, used=asdict(Used(40.0, 30.0, 2**40, 2**30)))
    (work / PROGRESS).write_text(json.dumps(asdict(earlier)))
    manifest = run_stage(stage, settings).manifest
    used = Used.of(manifest["resources"])
    assert manifest["seconds"] > 50
    assert 40 < used.cpu_seconds < 60
    assert used.gpu_seconds == 30  # this attempt ran on the CPU
    assert (used.peak_host_bytes, used.peak_gpu_bytes) == (2**40, 2**30)


def test_the_record_says_what_a_training_is_made_of(store, settings):
    manifest = run_stage(Stage(TRAINING, ToyTraining(num_steps=2)), settings).manifest
    assert manifest["facts"] == {"model": {"parameters": 8 * 16 + 16 + 16 + 1}}
    assert run_stage(note("a"), settings).manifest["facts"] == {}


def test_what_an_interrupted_attempt_noted_is_kept(store, settings):
    stage = note("a")
    work = store.work_folder(stage.fingerprint)
    work.mkdir(parents=True)
    (work / NOTES).write_text('{"encoder": {"parameters": 3}}')
    assert run_stage(stage, settings).manifest["facts"] == {"encoder": {"parameters": 3}}


def test_a_device_that_is_not_there_is_said(store):
    settings = WorkerSettings(store.location, None, "cuda", 1, 30.0)
    with pytest.raises(ModelError, match=r"cuda.*use cpu or auto"):
        run_stage(note("a"), settings)


def test_the_reason_of_a_failure(settings):
    plain, odd = note("no clip", kind=PLAIN_FAILURE), note("no idea", kind=ODD_FAILURE)
    with pytest.raises(DataError) as told:
        run_stage(plain, settings)
    with pytest.raises(Exception, match="no idea") as unexpected:
        run_stage(odd, settings)
    assert (failure_of(plain, told.value).reason, failure_of(plain, told.value).exit_code) == (
        "no clip",
        3,
    )
    failure = failure_of(odd, unexpected.value)
    assert failure.reason.startswith("OddError: no idea (toy.py:")
    assert failure.exit_code == 1


def _ask(settings: WorkerSettings, text: str) -> None:
    (Path(settings.store) / f"arrived-{os.getpid()}").touch()
    run_stage(note(text, kind=COUNTED), settings)


def test_eight_processes_that_want_one_artifact_compute_it_once(store, settings):
    stage = note("wanted", kind=COUNTED)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.orchestrate.test_worker"])
    asking = [context.Process(target=_ask, args=(settings, "wanted")) for _ in range(8)]
    with store.claim(stage.fingerprint):
        for process in asking:
            process.start()
        wait_until(lambda: len(list(store.root.glob("arrived-*"))) == 8, "8 processes")
        assert store.find(stage) is None
    for process in asking:
        process.join(60)
    assert [process.exitcode for process in asking] == [0] * 8
    assert len((store.cache / "count").read_text().split()) == 1
    assert verify(store.find(stage)) == []
