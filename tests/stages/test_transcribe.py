from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from audiomotion.config.resolve import resolve
from audiomotion.data.dataset import MotionDataset
from audiomotion.data.instructions import Instructions
from audiomotion.data.ragged import Ragged
from audiomotion.data.utterances import Utterances
from audiomotion.extract.recognizer import Recognizer
from audiomotion.extract.text import build_text_encoder
from audiomotion.files import read_json, write_json
from audiomotion.orchestrate.plan import Plan, Target
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.speech.wav import read_wav
from audiomotion.stages import transcribe
from audiomotion.stages.results import TRANSCRIPTS
from audiomotion.stages.shards import make_all
from audiomotion.stages.system import SystemStages
from audiomotion.stages.text_features import EncodeTexts
from tests.cli.command_line import TINY
from tests.stages.pipeline import Pipeline

CASCADE = ("condition=text", "test_text=transcripts")


def system(*sets: str) -> SystemStages:
    return SystemStages(resolve(TINY, sets=sets, weights="random")[0].experiment)


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """Return a store with what a cascade reads in the test, and with the captions."""
    made = Pipeline(ArtifactStore(tmp_path_factory.mktemp("cascade")))
    cascade = system(*CASCADE)
    wanted = (cascade.tested_features, cascade.features("original"))
    made.run(Plan([Target(str(place), 0, stage) for place, stage in enumerate(wanted)]))
    return made


def test_a_cascade_is_trained_on_captions_and_tested_on_what_is_heard() -> None:
    cascade, reading = system(*CASCADE), system("condition=text")
    assert cascade.masked.fingerprint == reading.masked.fingerprint
    assert cascade.reference.fingerprint == reading.reference.fingerprint
    assert cascade.evaluation.fingerprint != reading.evaluation.fingerprint
    other = system(*CASCADE, "recognizer.random_seed=1")
    assert other.evaluation.fingerprint != cascade.evaluation.fingerprint
    assert reading.tested_features.fingerprint == reading.features("original").fingerprint


def test_the_measured_split_is_heard_and_nothing_else(pipeline: Pipeline) -> None:
    stages = system(*CASCADE)
    dataset = MotionDataset(pipeline.folder(stages.dataset))
    instructions = Instructions(dataset, "original").all
    heard = read_json(pipeline.folder(stages.transcripts) / TRANSCRIPTS)
    assert {instructions[int(number)].clip for number in heard} == {
        clip.index for clip in dataset.split("test")
    }
    utterances = Utterances(pipeline.folder(stages.speech("original")))
    recognizer = Recognizer(stages.experiment.recognizer)
    number = next(iter(heard))
    spoken = utterances.records[int(number)]
    assert spoken.key == instructions[int(number)].key
    assert recognizer.transcribe([read_wav(utterances.folder / spoken.file)[0]]) == [heard[number]]


def test_what_was_heard_is_what_is_encoded(pipeline: Pipeline) -> None:
    stages = system(*CASCADE)
    heard = read_json(pipeline.folder(stages.transcripts) / TRANSCRIPTS)
    tested = Ragged.open(pipeline.folder(stages.tested_features), "features")
    written = Ragged.open(pipeline.folder(stages.features("original")), "features")
    encoder = build_text_encoder(stages.experiment.text_encoder)
    for number in range(len(written)):
        text = heard.get(str(number))
        wanted = written[number] if text is None else encoder.encode([text])[0]
        assert np.allclose(tested[number], wanted, atol=1e-3)
    number = int(next(iter(heard)))
    assert not np.allclose(tested[number], written[number], atol=1e-2)


def test_where_nothing_is_heard_a_full_stop_is_read(pipeline: Pipeline, tmp_path: Path) -> None:
    stage = system(*CASCADE).tested_features
    context = pipeline.context(stage, tmp_path)
    write_json(tmp_path / TRANSCRIPTS, {"3": "", "4": "walk"})
    inputs = {**context.inputs, "transcribe": tmp_path}
    items = EncodeTexts(stage, replace(context, inputs=inputs)).items
    assert items[3:5] == [".", "walk"]
    assert items[5] not in (".", "walk")


def test_shards_are_joined_in_one_file(pipeline: Pipeline, tmp_path: Path, monkeypatch) -> None:
    stage = system(*CASCADE).transcripts
    monkeypatch.setattr(transcribe, "_ITEMS_A_SHARD", 5)
    monkeypatch.setattr(transcribe, "_ITEMS_A_BATCH", 2)
    context = pipeline.context(stage, tmp_path)
    counts = make_all(stage.sharded_work(context), context)
    whole = read_json(pipeline.folder(stage) / TRANSCRIPTS)
    assert read_json(tmp_path / TRANSCRIPTS) == whole
    assert (counts["instructions"], counts["unheard"]) == (len(whole), 0)
    assert len(list((tmp_path / "shards").glob("*/transcripts.json"))) == -(-len(whole) // 5)
