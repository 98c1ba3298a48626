"""The card and the probe of a launch that really ran."""

import json
import shutil
from pathlib import Path

import pytest

from audiomotion.config.axis import load_axis
from audiomotion.config.combinations import described
from audiomotion.config.resolve import resolve
from audiomotion.orchestrate.launch import Request
from audiomotion.orchestrate.store import ArtifactStore
from tests.cli.command_line import TINY, amx, oldest
from tests.stages.pipeline import Pipeline

SETS = ("speech={name: espeak, num_voices: 3}", "dataset.num_clips=80")


@pytest.fixture(scope="module")
def launched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store with two arms of different compressors, which hear three voices."""
    folder = tmp_path_factory.mktemp("card")
    axis = folder / "squeeze.yaml"
    axis.write_text(
        "question: Which compressor?\nbaseline: memory\narms:\n  memory: {}\n"
        "  conv: {compressor: {name: conv1d, condition_dim: 16}}\n"
        "  reads:\n    condition: text\n"
        "    text_encoder: {name: clip, weights: random, random_size: tiny}\n"
    )
    arms = resolve(axes=[str(axis)], dataset=TINY, sets=SETS, weights="random")
    request = Request(
        "ablation",
        "squeeze",
        [(arm.name, arm.experiment) for arm in arms],
        described([load_axis(str(axis)).config]),
    )
    pipeline = Pipeline(ArtifactStore(folder / "store"))
    record, _ = pipeline.launch(request)
    assert record.status == "done"
    return pipeline.store.root


def test_the_card_of_a_launch(launched: Path) -> None:
    ended = amx("runs", "card", "squeeze", "--store", launched)
    assert ended.code == 0, ended.err
    for words in ("trainable parameters", "memory", "conv", "training FLOPs", "2 + 2"):
        assert words in ended.out
    assert "not recorded" not in ended.out.lower()
    assert ended.err == ""


def test_the_card_as_json(launched: Path) -> None:
    content = json.loads(amx("runs", "card", "squeeze", "--store", launched, "--json").out)
    arms = {arm["arm"]: arm for arm in content["arms"]}
    masked = {name: arm["seeds"][0]["trainings"]["masked"] for name, arm in arms.items()}
    assert masked["memory"]["compressor_parameters"] > 0
    assert masked["conv"]["compressor_parameters"] > 0
    assert masked["reads"]["compressor_parameters"] == 0
    assert {training["samples"] for training in masked.values()} == {16}
    assert all(training["flops"] > 0 for training in masked.values())
    assert arms["memory"]["frozen_parameters"] == 0 < arms["reads"]["frozen_parameters"]
    assert arms["memory"]["trained"]["peak_gpu_bytes"] is None
    assert arms["memory"]["trained"]["gpu_seconds"] == 0
    assert arms["memory"]["trained"]["cpu_seconds"] > 0
    assert "conv" in arms["memory"]["shared"]["features"]
    assert any("No compressor in reads" in sentence for sentence in content["inherent"])


def test_the_probe_of_a_launch_is_made_once(launched: Path) -> None:
    where = ("--executor", "local", "--store", launched)
    first = amx("runs", "probe", "squeeze", *where, "--json")
    assert first.code == 0, first.err
    assert first.err.count("done   speaker_probe") == 3  # two conditions, the features of both
    assert "reads is not probed: it reads, and nobody speaks" in first.err
    rows = json.loads(first.out)["rows"]
    assert [(row["arm"], row["seed"]) for row in rows] == [("memory", 0), ("conv", 0)]
    assert rows[0]["features"] == rows[1]["features"]
    assert rows[0]["condition"]["num_voices"] == 3
    again = amx("runs", "probe", "squeeze", *where)
    assert again.code == 0
    assert "speaker_probe" not in again.err
    for row in rows:
        assert f"{row['condition']['accuracy']['value']:.3f}" in again.out


def test_what_is_probed_must_be_there(launched: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(launched, tmp_path / "copy"))
    shutil.rmtree(copy / "artifacts" / "masked")
    ended = amx(
        "runs", "probe", "squeeze", "--executor", "local", "--store", copy, "--split", "test"
    )
    assert ended.code == 3
    assert "of this launch masked are not in" in ended.problem
    card = amx("runs", "card", "squeeze", "--store", copy)
    assert card.code == 0
    assert "Not recorded of memory, conv, reads: masked" in " ".join(card.out.split())


def test_one_voice_is_a_sentence(finished: Path) -> None:
    ended = amx("runs", "probe", oldest(finished), "--executor", "local", "--store", finished)
    assert ended.code == 3
    assert "a speaker probe needs at least 2 voices" in ended.problem
