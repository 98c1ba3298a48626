import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from audiomotion.config.resolve import resolve
from audiomotion.config.speaker_probe import SpeakerProbeConfig
from audiomotion.data.ragged import write_ragged
from audiomotion.data.utterances import RECORDED, Utterances
from audiomotion.errors import ConfigError, DataError
from audiomotion.files import read_json
from audiomotion.orchestrate.noting import Notes
from audiomotion.orchestrate.plan import Plan, Target
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.stages.base import StageContext
from audiomotion.stages.results import FEATURES, SPEAKER, WEIGHTS
from audiomotion.stages.system import SystemStages
from tests.cli.command_line import TINY
from tests.stages.pipeline import Pipeline

SETS = ("speech={name: espeak, num_voices: 3}", "dataset.num_clips=80")
PROBE = SpeakerProbeConfig(resamples=100)


def system(*sets: str) -> SystemStages:
    return SystemStages(resolve(TINY, sets=[*SETS, *sets])[0].experiment)


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """Return a store with a trained masked transformer, and what was spoken to it."""
    made = Pipeline(ArtifactStore(tmp_path_factory.mktemp("probe")))
    made.run(Plan([Target("probed", 0, system().masked)]))
    return made


def probe(
    pipeline: Pipeline,
    folder: Path,
    config: SpeakerProbeConfig = PROBE,
    of: str = "condition",
    **inputs: Path,
) -> dict:
    folder.mkdir(exist_ok=True)
    stage = system().speaker_probe(config, of=of)
    context = pipeline.context(stage, folder)
    stage.run(replace(context, inputs={**context.inputs, **inputs}))
    return read_json(folder / SPEAKER)


def told_apart(pipeline: Pipeline, folder: Path, strength: float) -> Path:
    """Return features that hold who speaks, this much, beside noise."""
    folder.mkdir()
    records = Utterances(pipeline.folder(system().speech("original"))).records
    voices = sorted({one.voice for one in records})
    rng = np.random.default_rng(0)
    rows = [rng.standard_normal((5 + number % 3, 6)) for number in range(len(records))]
    for row, one in zip(rows, records, strict=True):
        row[:, voices.index(one.voice)] += strength
    write_ragged(folder, "features", rows, np.float16)
    (folder / FEATURES).write_text(json.dumps({"feature_dim": 6, "num_layers": 1}))
    return folder


def test_features_that_hold_the_voice_tell_it_and_others_do_not(pipeline, tmp_path):
    for name, strength in (("loud", 20.0), ("none", 0.0)):
        features = told_apart(pipeline, tmp_path / name, strength)
        found = probe(pipeline, tmp_path / f"of-{name}", of="features", features=features)
        accuracy, balanced = found["accuracy"], found["balanced_accuracy"]
        if strength:
            assert accuracy["value"] > 0.9 and balanced["value"] > 0.9
        else:
            assert accuracy["low"] <= found["chance"] < 0.7
        assert found["width"] == 2 * 6
        assert accuracy["low"] <= accuracy["value"] <= accuracy["high"]


def test_what_is_said_of_the_probe(pipeline, tmp_path):
    found = probe(pipeline, tmp_path / "a")
    assert found["num_voices"] == len(found["voices"]) == 3
    assert found["balanced_chance"] == pytest.approx(1 / 3)
    assert found["width"] == 16
    assert found["num_utterances"] == found["num_clips"]  # one caption a clip
    assert 0.1 < found["num_judged_clips"] / found["num_clips"] < 0.4
    assert found["l2"] in PROBE.l2


def test_the_same_seed_gives_the_same_bytes(pipeline, tmp_path):
    probe(pipeline, tmp_path / "a")
    probe(pipeline, tmp_path / "b")
    probe(pipeline, tmp_path / "c", PROBE.model_copy(update={"seed": 1}))
    first, again, other = ((tmp_path / name / SPEAKER).read_bytes() for name in "abc")
    assert first == again != other


def test_fewer_utterances_when_told(pipeline, tmp_path):
    found = probe(pipeline, tmp_path / "a", PROBE.model_copy(update={"max_utterances": 40}))
    assert found["num_utterances"] == 40
    assert found["num_left_out"] > 0


def test_the_condition_and_the_features_are_judged_by_the_same_clips(pipeline, tmp_path):
    one, other = probe(pipeline, tmp_path / "a"), probe(pipeline, tmp_path / "b", of="features")
    for key in ("num_judged_clips", "num_judged_utterances", "chance", "voices"):
        assert one[key] == other[key]


def relabelled(pipeline: Pipeline, folder: Path, voice_of) -> Path:
    folder.mkdir()
    records = Utterances(pipeline.folder(system().speech("original"))).records
    changed = [replace(one, voice=voice_of(number, one)) for number, one in enumerate(records)]
    Utterances.write_index(folder, changed)
    return folder


def test_one_voice_is_refused(pipeline, tmp_path):
    spoken = relabelled(pipeline, tmp_path / "speak", lambda number, one: "anna")
    with pytest.raises(DataError, match=r"at least 2 voices .* 1 \(anna\) .* raise speech.num_voi"):
        probe(pipeline, tmp_path / "a", speak=spoken)


def test_voices_of_a_few_clips_and_recordings_are_left_out(pipeline, tmp_path):
    def voice_of(number, one):
        rare = {0: "rare", 1: "rare", 2: RECORDED}
        return rare.get(number, one.voice)

    spoken = relabelled(pipeline, tmp_path / "speak", voice_of)
    whole = probe(pipeline, tmp_path / "whole")
    found = probe(pipeline, tmp_path / "a", speak=spoken)
    assert found["voices"] == whole["voices"]
    assert found["num_utterances"] + found["num_left_out"] == whole["num_utterances"]
    everybody = relabelled(pipeline, tmp_path / "many", lambda number, one: str(number))
    with pytest.raises(DataError, match="lower speech"):
        probe(pipeline, tmp_path / "b", speak=everybody)


def test_a_system_that_reads_has_no_speakers():
    with pytest.raises(ConfigError, match="condition: audio"):
        system("condition=text").speaker_probe(PROBE, of="condition")


def test_arms_share_the_probe_of_their_features():
    one, other = system(), system("compressor={name: conv1d}")
    features = [stages.speaker_probe(PROBE, of="features").fingerprint for stages in (one, other)]
    conditions = [
        stages.speaker_probe(PROBE, of="condition").fingerprint for stages in (one, other)
    ]
    assert len(set(features)) == 1 and len(set(conditions)) == 2


def test_a_training_is_the_same_whether_or_not_anybody_notes_what_it_costs(pipeline, tmp_path):
    stage = system().masked

    def run(name: str, **changes) -> tuple[bytes, StageContext]:
        (tmp_path / name).mkdir()
        context = replace(pipeline.context(stage, tmp_path / name), **changes)
        stage.run(context)
        return (tmp_path / name / WEIGHTS).read_bytes(), context

    notes = Notes(tmp_path / "notes.json")
    noted, _ = run("noted", note=notes.note)
    assert run("silent")[0] == noted
    assert noted == (pipeline.folder(stage) / WEIGHTS).read_bytes()
    given, sizes = notes.all["training"], notes.all["model"]
    assert (given["steps"], given["batch_size"], given["samples"]) == (2, 8, 16)
    assert given["num_examples"] == given["num_instructions"] > 8
    assert 0 < given["compressor_flops"] < given["forward_flops"]
    assert 0 < sizes["compressor_parameters"] < sizes["parameters"]
    kept = read_json(pipeline.folder(stage) / "manifest.json")["facts"]
    assert kept == notes.all
