import json
from collections import Counter

import numpy as np
import pytest

from audiomotion.config.experiment import EvaluationConfig
from audiomotion.evaluate.metrics.diversity import diversity
from audiomotion.evaluate.metrics.mm_distance import mm_distance
from audiomotion.evaluate.protocol import RealMotion, TestItem, embed_real, evaluate
from audiomotion.evaluate.result import EvaluationResult
from audiomotion.seeds import derive_seed
from tests.evaluate.toy import make_clips, make_items, new_evaluator

CLIPS = make_clips(72, 5)
ITEMS = make_items(CLIPS)
CONFIG = EvaluationConfig(
    sampling="published", repeats=2, pool_size=16, multimodality_captions=20,
    multimodality_samples=4, multimodality_pairs=3,
)  # fmt: skip
ONCE = CONFIG.model_copy(update={"repeats": 1, "multimodality_captions": 0})


def real_features(index: int) -> np.ndarray:
    return CLIPS[index].features


REAL = RealMotion(real_features)


class Crops:
    """The real crops, as a generator that is not known to be real; it keeps what it was asked."""

    def __init__(self) -> None:
        self.calls: list[list[TestItem]] = []

    def generate(self, items, seed):
        self.calls.append(list(items))
        return REAL.generate(items, seed)


class LastIsReal(Crops):
    """Of four motions of one instruction, only the last is what was asked for."""

    def generate(self, items, seed):
        motions = super().generate(items, seed)
        if len(items) == 20 * 4:
            motions = [m if i % 4 == 3 else np.zeros_like(m) for i, m in enumerate(motions)]
        return motions


@pytest.fixture(scope="module")
def evaluator():
    return new_evaluator()


def run(generator, evaluator, config=CONFIG, items=ITEMS):
    real = embed_real(items, real_features, evaluator)
    return evaluate(generator, items, real, evaluator, config)


def test_clips_in_no_batch_are_neither_generated_nor_measured(evaluator):
    generator = Crops()
    result = run(generator, evaluator)
    assert result.num_clips == 64 and result.num_pools == 4 and result.num_dropped == 8
    for repeated, rest in zip(generator.calls[1::2], generator.calls[::2], strict=True):
        assert set(Counter(item.clip for item in repeated).values()) == {4}
        clips = {item.clip for item in repeated} | {item.clip for item in rest}
        assert len(repeated) == 20 * 4 and len(rest) == 64 - 20 and len(clips) == 64


def test_repeats_drop_other_clips_and_cut_others(evaluator):
    generator = Crops()
    run(generator, evaluator, ONCE.model_copy(update={"repeats": 3}))
    assert len({frozenset(item.clip for item in items) for items in generator.calls}) == 3
    crops = [{item.clip: (item.first_frame, item.num_frames) for item in items}
             for items in generator.calls]  # fmt: skip
    assert any(crops[0][clip] != crops[1][clip] for clip in crops[0].keys() & crops[1].keys())


def test_lengths_to_generate_are_those_of_the_crops(evaluator):
    generator = Crops()
    run(generator, evaluator, ONCE)
    lost = [len(CLIPS[item.features_index].features) // 4 - item.num_frames / 4
            for item in generator.calls[0]]  # fmt: skip
    assert set(lost) == {0, 1} and 0.1 < np.mean(lost) < 0.6
    assert any(item.first_frame > 0 for item in generator.calls[0])


def test_generated_motion_is_compared_with_the_crops(evaluator):
    assert run(Crops(), evaluator).summaries["fid"].mean == pytest.approx(0, abs=1e-6)

    class FromTheStart(Crops):
        def generate(self, items, seed):
            super().generate(items, seed)
            return [real_features(item.features_index)[: item.num_frames] for item in items]

    assert run(FromTheStart(), evaluator).summaries["fid"].mean > 1e-5


def test_the_last_motion_of_an_instruction_is_the_one_measured(evaluator):
    last, crops = run(LastIsReal(), evaluator).values, run(Crops(), evaluator).values
    for name in ("top1", "top3", "fid", "mm_distance", "diversity"):
        assert last[name] == pytest.approx(crops[name], abs=1e-6), name
    assert max(last["multimodality"]) > 0.1 and max(crops["multimodality"]) < 1e-6


def test_multimodality_is_measured_on_the_first_batches(evaluator):
    generator = Crops()
    config = CONFIG.model_copy(update={"repeats": 1})
    run(generator, evaluator, config)
    with_all = Crops()
    run(with_all, evaluator, ONCE)
    first = [item.clip for item in with_all.calls[0][:20]]
    assert [item.clip for item in generator.calls[1][::4]] == first


def test_pairs_come_from_the_legacy_generator_and_rows_stay_paired(evaluator):
    generator = Crops()
    values = run(generator, evaluator, ONCE).values
    motion = evaluator.embed_motion(REAL.generate(generator.calls[0], 0))
    text = evaluator.embed_text([item.text_tags for item in generator.calls[0]])
    rng = np.random.RandomState(derive_seed(0, 0, "diversity") % 2**32)
    assert values["diversity"] == [pytest.approx(diversity(motion, 64, rng))]
    assert values["mm_distance"] == [pytest.approx(mm_distance(text, motion))]


def test_all_arms_get_the_same_draws_in_any_order_of_the_items(evaluator):
    first, second = Crops(), Crops()
    result = run(first, evaluator)
    assert run(second, evaluator, items=ITEMS[::-1]) == result
    assert first.calls == second.calls
    other = Crops()
    run(other, evaluator, CONFIG.model_copy(update={"seed": 1}))
    assert other.calls != first.calls


def test_real_motion_is_measured_on_the_same_crops(evaluator):
    real, crops = run(REAL, evaluator), run(Crops(), evaluator)
    assert "multimodality" not in real.values
    assert real.num_clips == 64
    for name in ("top1", "mm_distance", "diversity"):
        assert real.values[name] == pytest.approx(crops.values[name])


def test_the_result_says_how_it_was_sampled(evaluator):
    result = run(REAL, evaluator)
    assert result.to_json()["sampling"] == "published"
    assert EvaluationResult.from_json(json.loads(json.dumps(result.to_json()))) == result
