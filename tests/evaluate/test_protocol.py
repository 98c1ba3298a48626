import json
from dataclasses import replace

import numpy as np
import pytest

from audiomotion.config.experiment import EvaluationConfig
from audiomotion.errors import ConfigError, DataError
from audiomotion.evaluate.protocol import (
    RealMotion,
    TestItem,
    draw_captions,
    embed_real,
    evaluate,
    evaluate_repeat,
    num_diversity_pairs,
)
from audiomotion.evaluate.result import EvaluationResult
from tests.evaluate.toy import make_clips, make_items, new_evaluator, train

CLIPS = make_clips(72, 5)
ITEMS = make_items(CLIPS)
CONFIG = EvaluationConfig(
    repeats=3, pool_size=16, unique_captions=True, multimodality_captions=5,
    multimodality_samples=4, multimodality_pairs=3,
)  # fmt: skip


def real_features(index: int) -> np.ndarray:
    return CLIPS[index].features


class NoisyMotion:
    """Real motion with noise: a generator that follows its instructions and is never the same."""

    def __init__(self) -> None:
        self.calls: list[tuple[list[TestItem], int]] = []

    def generate(self, items, seed):
        self.calls.append((list(items), seed))
        rng = np.random.default_rng(seed)
        real = [real_features(item.features_index) for item in items]
        return [motion + 0.2 * rng.standard_normal(motion.shape) for motion in real]


class WrongMotion:
    """Real motion of the wrong clips."""

    def generate(self, items, seed):
        order = np.random.default_rng(seed).permutation(len(items))
        return [real_features(items[i].features_index) for i in order]


@pytest.fixture(scope="module", params=["contrastive", "infonce"])
def trained(request):
    evaluator = new_evaluator(request.param)
    train(evaluator, 180)
    return evaluator


@pytest.fixture(scope="module")
def untrained():
    return new_evaluator()


def run(generator, evaluator, config=CONFIG, items=ITEMS, **options):
    real = embed_real(items, real_features, evaluator)
    return evaluate(generator, items, real, evaluator, config, **options)


def test_a_trained_evaluator_recognises_held_out_motion(trained):
    result = run(RealMotion(real_features), trained)
    means = {name: summary.mean for name, summary in result.summaries.items()}
    assert means["top1"] > 0.35  # chance is 1/16
    assert means["top3"] > 0.8
    assert means["fid"] == pytest.approx(0, abs=1e-4)


def test_the_metrics_order_generators_as_they_should(trained):
    noisy = run(NoisyMotion(), trained).summaries
    wrong = run(WrongMotion(), trained).summaries
    assert noisy["top1"].mean > 2 * wrong["top1"].mean
    assert noisy["mm_distance"].mean < wrong["mm_distance"].mean
    # Shuffled real motion is as real as can be, and only does not do what it was told.
    assert wrong["fid"].mean < noisy["fid"].mean
    assert wrong["top1"].mean < 0.2


def test_a_result_holds_every_repeat_and_every_count(untrained):
    result = run(NoisyMotion(), untrained)
    assert result.num_repeats == 3 and result.num_clips == 72
    assert result.num_pools == 4 and result.num_dropped == 72 - 64
    names = {"top1", "top2", "top3", "fid", "mm_distance", "diversity", "multimodality"}
    assert set(result.values) == set(result.summaries) == names
    for name, values in result.values.items():
        assert len(values) == 3
        assert result.summaries[name].mean == pytest.approx(np.mean(values))
        half_width = 1.96 * np.std(values) / np.sqrt(3)
        assert result.summaries[name].half_width == pytest.approx(half_width)


def test_a_result_comes_back_from_json(untrained):
    result = run(NoisyMotion(), untrained)
    assert EvaluationResult.from_json(json.loads(json.dumps(result.to_json()))) == result


def test_the_whole_split_is_asked_for_at_once(untrained):
    generator = NoisyMotion()
    run(generator, untrained)
    assert [len(items) for items, _ in generator.calls] == [72, 5 * 4] * 3
    assert len({seed for _, seed in generator.calls}) == 6
    for items, _ in generator.calls[::2]:
        assert [item.clip for item in items] == sorted({item.clip for item in ITEMS})
    for items, _ in generator.calls[1::2]:
        assert all(items[i] == items[i - i % 4] for i in range(20))


def test_all_arms_get_the_same_captions_and_seeds(untrained):
    first, second = NoisyMotion(), NoisyMotion()
    run(first, untrained)
    run(second, new_evaluator(dim=8), items=ITEMS[::-1])
    assert first.calls == second.calls


def test_results_do_not_depend_on_the_order_of_the_items(untrained):
    assert run(NoisyMotion(), untrained) == run(NoisyMotion(), untrained, items=ITEMS[::-1])


def test_repeats_and_seeds_differ(untrained):
    result = run(NoisyMotion(), untrained)
    other = run(NoisyMotion(), untrained, CONFIG.model_copy(update={"seed": 1}))
    distances = result.values["mm_distance"] + other.values["mm_distance"]
    assert len(set(distances)) == 6


def test_a_killed_evaluation_continues_with_its_finished_repeats(untrained):
    whole = run(NoisyMotion(), untrained)
    real = embed_real(ITEMS, real_features, untrained)
    last = evaluate_repeat(2, NoisyMotion(), ITEMS, real, untrained, CONFIG)
    generator, seen = NoisyMotion(), []
    result = evaluate(generator, ITEMS, real, untrained, CONFIG, [last], seen.append)
    assert result == whole
    assert len(generator.calls) == 2 * 2
    assert seen == list(whole.repeats)


def test_real_motion_has_no_multimodality(untrained):
    assert "multimodality" not in run(RealMotion(real_features), untrained).values


def test_multimodality_can_be_left_out(untrained):
    config = CONFIG.model_copy(update={"multimodality_captions": 0})
    assert "multimodality" not in run(NoisyMotion(), untrained, config).values


def test_one_caption_of_each_clip_is_drawn_and_over_time_all_of_them():
    rng = np.random.default_rng(0)
    draws = [draw_captions(ITEMS, rng) for _ in range(20)]
    assert all(len(drawn) == len(CLIPS) for drawn in draws)
    assert {item for drawn in draws for item in drawn} == set(ITEMS)


@pytest.mark.parametrize(("num_clips", "pairs"), [(4000, 300), (301, 300), (300, 100), (60, 60)])
def test_diversity_pairs_are_the_published_ones(num_clips, pairs):
    assert num_diversity_pairs(num_clips, EvaluationConfig()) == pairs


def test_a_split_smaller_than_a_pool_is_an_error_that_says_what_is_needed(untrained):
    config = CONFIG.model_copy(update={"pool_size": 32, "unique_captions": False})
    with pytest.raises(DataError, match="at least 32 clips; the split has 20"):
        run(NoisyMotion(), untrained, config, items=ITEMS[:40])


def test_too_few_different_captions_are_an_error(untrained):
    items = [replace(item, caption_key="a person walks") for item in ITEMS]
    with pytest.raises(DataError, match="different captions"):
        run(NoisyMotion(), untrained, items=items)


def test_an_empty_split_is_an_error(untrained):
    with pytest.raises(DataError, match="test split has no instructions"):
        run(NoisyMotion(), untrained, items=[])


def test_more_multimodality_pairs_than_samples_is_an_error_before_anything_is_generated(untrained):
    generator = NoisyMotion()
    with pytest.raises(ConfigError, match="multimodality_pairs is 9"):
        run(generator, untrained, CONFIG.model_copy(update={"multimodality_pairs": 9}))
    assert generator.calls == []
