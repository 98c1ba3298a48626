import json
from pathlib import Path

import numpy as np
import pytest
import torch

from audiomotion.bench.clock import Clock
from audiomotion.bench.evaluating import EvaluationSize, _batches, bench_evaluation
from audiomotion.bench.made_up import MadeUp, ReadyEmbeddings, ReadyMotion
from audiomotion.config.experiment import Experiment
from audiomotion.config.resolve import resolve
from audiomotion.evaluate.protocol import embed_real, evaluate
from tests.cli.command_line import TINY, amx

SMALL = EvaluationSize(rounds=5, clips=40, batches=2, batch_size=4, fid_samples=30)
MULTIMODALITY = (
    "evaluation.multimodality_captions=3",
    "evaluation.multimodality_samples=4",
    "evaluation.multimodality_pairs=2",
)


def experiment(*sets: str) -> Experiment:
    (arm,) = resolve(TINY, sets=("evaluation.repeats=2", *sets))
    return arm.experiment


def test_every_part_is_measured_and_nothing_is_left(tmp_path: Path) -> None:
    rounds: list[int] = []
    found = list(
        bench_evaluation(experiment(*MULTIMODALITY), SMALL, "cpu", tmp_path, rounds.append)
    )
    assert rounds == list(range(6))
    assert [(row.name, row.at_most) for row in found] == [
        ("generating 104 motions", None),  # 2 repeats of 40 clips and 3 · 4 for MultiModality
        ("decoding them", None),
        ("embedding 144 motions", None),  # the real ones once
        ("embedding 80 captions", None),
        ("drawing captions, pools and crops", None),
        *((name, None) for name in ("FID", "R-precision", "MM distance", "Diversity")),
        ("MultiModality", None),
        ("draws and all metrics by the protocol's own function", None),
        ("measuring", 0.1),
        ("one FID of 30 embeddings", None),
    ]
    for row in found:
        assert 0 < row.value.low <= row.value.median <= row.value.high
    assert list(tmp_path.iterdir()) == []


def test_the_command_prints_costs_and_says_what_they_are_of(tmp_path: Path) -> None:
    options = ("--dataset", TINY, "--quick", "--store", tmp_path / "store")
    ended = amx("bench", "evaluate", *options, "--json")
    assert ended.code == 0
    printed = json.loads(ended.out)
    told = {"sizes": "tiny", "weights": "random", "clips": 320, "repeats": 1, "device": "cpu",
            "threads": 1, "quick": True, "motions generated in a measurement": 32}  # fmt: skip
    assert told.items() <= printed["environment"].items()
    assert printed["costs"][0]["name"] == "generating 320 motions"
    (measuring,) = [row for row in printed["costs"] if row["name"] == "measuring"]
    assert measuring["reached"] is (measuring["value"]["median"] <= 0.1)
    assert ended.err.splitlines()[-1].endswith("measured: round 5")
    assert [path.name for path in (tmp_path / "store").rglob("*") if path.is_file()] == []


def test_measuring_is_held_against_generating(tmp_path: Path) -> None:
    found = {row.name: row.value for row in bench_evaluation(experiment(), SMALL, "cpu", tmp_path)}
    assert "MultiModality" not in found
    parts = list(found.values())
    generating = [parts[0], parts[1]]
    measuring = [parts[2], parts[3], found["draws and all metrics by the protocol's own function"]]
    least = sum(part.low for part in measuring) / sum(part.high for part in generating)
    most = sum(part.high for part in measuring) / sum(part.low for part in generating)
    assert least <= found["measuring"].median <= most


def test_published_sampling_embeds_real_motion_in_every_repeat() -> None:
    """It is cut anew each time, and clips in no pool are in no metric."""
    made_up = MadeUp(experiment("evaluation.sampling=published"), 40, "cpu")
    motion, ready = ReadyMotion(made_up), ReadyEmbeddings(made_up.evaluator(), 40)
    real = embed_real(made_up.items, made_up.real_features, ready)
    result = evaluate(motion, made_up.items, real, ready, made_up.experiment.evaluation)
    assert (result.num_clips, result.num_pools) == (32, 2)
    assert motion.num_motions == 2 * 32
    assert ready.num_motions == 2 * 2 * 32
    assert ready.num_captions == 2 * 32


def test_made_up_embeddings_differ_from_draw_to_draw() -> None:
    ready = ReadyEmbeddings(MadeUp(experiment(), 20, "cpu").evaluator(), 9)
    motions = [np.zeros((8, 263), np.float32)] * 9
    first, second = ready.embed_motion(motions), ready.embed_motion(motions)
    assert first.shape == second.shape == (9, 16)
    assert not np.array_equal(first, second)


def test_a_split_is_as_the_data_set_says() -> None:
    made_up = MadeUp(experiment(), 30, "cpu")
    assert len({item.clip for item in made_up.items}) == 30
    assert len(made_up.items) == 90
    dataset = made_up.experiment.dataset
    for item in made_up.items:
        assert dataset.min_frames <= item.num_frames < dataset.max_frames
        assert made_up.real_features(item.features_index).shape == (item.num_frames, 263)
        assert 5 <= len(item.text_tags) <= 20
    kit = MadeUp(resolve("kit")[0].experiment, 2, "cpu")
    assert kit.real_features(0).shape[1] == 251


def test_weights_and_features_have_the_published_sizes_and_nothing_is_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    (arm,) = resolve("humanml3d", sets=["extractor.name=wavlm"])
    made_up = MadeUp(arm.experiment, 2, "cpu")
    generator = made_up.generator(tmp_path)
    assert generator.features[0].shape[1] == 768
    assert len(generator.system.masked.transformer.seqTransEncoder.layers) == 6
    evaluator = made_up.evaluator()
    assert evaluator.embed_motion([made_up.real_features(0)]).shape == (1, 512)
    assert evaluator.embed_text([made_up.items[0].text_tags]).shape == (1, 512)
    glove = MadeUp(resolve("kit", sets=["evaluator.word_vectors=glove"])[0].experiment, 2, "cpu")
    assert glove.evaluator().embed_text([glove.items[0].text_tags]).shape == (1, 512)


def test_batches_are_of_like_length_and_evenly_spread() -> None:
    items = MadeUp(experiment(), 200, "cpu").items
    lengths = np.array([item.num_frames for item in _batches(items, SMALL)]).reshape(2, 4)
    assert np.ptp(lengths, axis=1).max() <= 3
    quartiles = np.quantile([item.num_frames for item in items], [0.25, 0.75])
    assert lengths.mean(1) == pytest.approx(quartiles, abs=3)
    whole = _batches(items[:6], EvaluationSize(rounds=5, clips=2, batches=1, batch_size=64))
    assert sorted(whole, key=lambda item: item.utterance) == items[:6]


def test_a_clock_adds_up_and_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([0.0, 1.0, 10.0, 13.0, 20.0, 25.0, 0.0, 1.0])
    monkeypatch.setattr("time.perf_counter", lambda: next(times))
    clock = Clock("cpu")
    for part in ("a", "b", "a"):
        with clock.part(part):
            pass
    assert clock.take() == {"a": 6.0, "b": 3.0}
    with clock.part("b"):
        pass
    assert clock.take() == {"b": 1.0}


def test_on_a_gpu_its_work_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[None] = []
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: waits.append(None))
    with Clock("cuda").part("a"):
        assert len(waits) == 1
    assert len(waits) == 2
