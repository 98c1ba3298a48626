import json
from pathlib import Path

import numpy as np
import pytest

from audiomotion.config.extractors import EncodecConfig, LogMelConfig
from audiomotion.data.ragged import Ragged
from audiomotion.data.utterances import Utterance, Utterances
from audiomotion.errors import ModelError
from audiomotion.extract.base import build_extractor
from audiomotion.speech.wav import read_wav, write_wav
from audiomotion.stages import feature_shards
from audiomotion.stages.base import Stage, StageContext
from audiomotion.stages.feature_shards import check_half_precision
from audiomotion.stages.features import ExtractFeatures
from audiomotion.stages.graph import FEATURES
from audiomotion.stages.shards import Shards, make_all

FILE = Path("audio/000123.wav")
SECONDS = (0.3, 1.2, 0.8, 1.2, 0.31, 0.5, 0.9, 0.2, 0.7, 1.0)


@pytest.mark.parametrize("value", [65_504.0, -65_504.0, 0.0])
def test_what_half_precision_holds_passes(value):
    check_half_precision(np.full((3, 4), value, dtype=np.float32), "wavlm", FILE)
    check_half_precision(np.zeros((0, 4), dtype=np.float32), "wavlm", FILE)


@pytest.mark.parametrize(
    ("value", "named"),
    [(65_505.0, "65505"), (-70_000.0, "70000"), (np.inf, "inf"), (np.nan, "nan")],
)
def test_what_it_would_make_infinite_is_refused(value, named):
    frames = np.ones((3, 4), dtype=np.float32)
    frames[1, 2] = value
    message = rf"'wavlm' gave a value of magnitude {named} for .*000123\.wav.*65504"
    with pytest.raises(ModelError, match=message):
        check_half_precision(frames, "wavlm", FILE)


@pytest.fixture
def spoken(tmp_path: Path) -> Path:
    """Return a folder of ten utterances, noise of many lengths."""
    folder = tmp_path / "speak"
    folder.mkdir()
    utterances = []
    for clip, seconds in enumerate(SECONDS):
        noise = np.random.default_rng(clip).uniform(-0.5, 0.5, round(16_000 * seconds))
        write_wav(folder / f"{clip}.wav", noise.astype(np.float32), 16_000)
        utterances.append(
            Utterance(clip, 0, "jump", f"{clip}/0", "anna", "none", f"{clip}.wav", seconds, "")
        )
    Utterances.write_index(folder, utterances)
    return folder


def context_in(folder: Path, spoken: Path) -> StageContext:
    for name in ("output", "scratch"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    return StageContext(
        inputs={"speak": spoken},
        output=folder / "output",
        scratch=folder / "scratch",
        cache=folder,
        report=lambda step, total, values: None,
    )


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feature_shards, "ITEMS_A_SHARD", 4)
    monkeypatch.setattr(ExtractFeatures, "items_a_batch", 3)


@pytest.mark.parametrize(
    "config", [LogMelConfig(), EncodecConfig(weights="random", random_size="tiny")]
)
def test_every_utterance_has_its_features(tmp_path, spoken, config):
    context = context_in(tmp_path / "work", spoken)
    counts = make_all(Stage(FEATURES, config).sharded_work(context), context)
    found = Ragged.open(context.output, "features")
    extractor = build_extractor(config)
    assert len(found) == len(SECONDS)
    for clip, frames in enumerate(found):
        assert frames.dtype == np.float16
        alone = extractor.extract([read_wav(spoken / f"{clip}.wav")[0]])[0]
        np.testing.assert_allclose(frames, alone, rtol=1e-3, atol=1e-3)
    assert sorted(path.name for path in context.output.iterdir()) == [
        *(f"features-0000{shard}.bin" for shard in range(3)),
        "features.json",
        "features.npz",
    ]
    record = json.loads((context.output / "features.json").read_text())
    assert record["feature_dim"] == found[0].shape[1]
    assert counts["frames"] == found.lengths.sum()
    assert counts["samples"] == sum(round(16_000 * seconds) for seconds in SECONDS)
    assert counts["computed_samples"] >= counts["samples"]
    assert counts["seconds"] > 0


def test_the_order_of_shards_and_a_new_worker_for_each_change_no_byte(tmp_path, spoken):
    stage = Stage(FEATURES, EncodecConfig(weights="random", random_size="tiny"))
    usual = context_in(tmp_path / "usual", spoken)
    make_all(stage.sharded_work(usual), usual)
    other = context_in(tmp_path / "other", spoken)
    shards = Shards(other.scratch)
    shards.open(3)
    for index in (2, 0, 1):
        with stage.sharded_work(other).set_up() as make:
            assert shards._attempt(index, make, wait=False)
    made = {path: path.stat().st_mtime_ns for path in other.scratch.rglob("*.bin")}
    make_all(stage.sharded_work(other), other)
    assert {path: path.stat().st_mtime_ns for path in made} == made
    names = sorted(path.name for path in usual.output.iterdir())
    assert [(usual.output / name).read_bytes() for name in names] == [
        (other.output / name).read_bytes() for name in names
    ]


def test_a_crash_while_shards_are_joined_costs_no_shard(tmp_path, spoken):
    stage = Stage(FEATURES, LogMelConfig())
    context = context_in(tmp_path / "work", spoken)
    make_all(stage.sharded_work(context), context)
    before = {path: path.stat().st_ino for path in context.scratch.rglob("*.bin")}
    content = {path.name: path.read_bytes() for path in context.output.iterdir()}
    for path in context.output.iterdir():  # as the next attempt does
        path.unlink()
    make_all(stage.sharded_work(context), context)
    assert {path: path.stat().st_ino for path in context.scratch.rglob("*.bin")} == before
    assert {path.name: path.read_bytes() for path in context.output.iterdir()} == content
