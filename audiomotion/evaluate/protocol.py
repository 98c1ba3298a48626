"""The protocol of Guo et al. 2022: generate the split many times over, measure each time."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from audiomotion.config.experiment import EvaluationConfig
from audiomotion.data.captions import out_of_vocabulary_share
from audiomotion.errors import ConfigError, DataError
from audiomotion.evaluate.crops import draw_crops
from audiomotion.evaluate.embedding import Embeddings, FrozenEvaluator
from audiomotion.evaluate.metrics.diversity import diversity
from audiomotion.evaluate.metrics.fid import fid
from audiomotion.evaluate.metrics.mm_distance import mm_distance
from audiomotion.evaluate.metrics.multimodality import multimodality
from audiomotion.evaluate.metrics.r_precision import r_precision
from audiomotion.evaluate.pools import draw_pools
from audiomotion.evaluate.result import EvaluationResult, RepeatResult
from audiomotion.seeds import derive_seed

_FEW_DIVERSITY_PAIRS = 100


@dataclass(frozen=True)
class TestItem:
    """One instruction of one clip of the measured split."""

    __test__: ClassVar[bool] = False  # pytest takes every class named Test... for tests

    clip: str
    """Name of the clip."""

    features_index: int
    """Index of its real motion in the data set."""

    num_frames: int
    """Frames of its real motion, which is also what is generated."""

    caption_index: int
    """Which caption of the clip."""

    utterance: int
    """Index of the spoken instruction."""

    text_tags: tuple[str, ...]
    """Text that R-precision and MM distance compare with, as "word/POS"."""

    caption_key: str
    """Equal for captions that say the same."""

    first_frame: int = 0
    """Where in the clip its real motion begins."""


class MotionGenerator(Protocol):
    """What is measured."""

    def generate(self, items: Sequence[TestItem], seed: int) -> list[NDArray[np.floating]]:
        """Return motion for each item, not normalised, `(N_i, P)`.

        Each item is sampled independently, also one that is given twice; the same items and seed
        give the same motions.
        """
        ...


class RealMotion:
    """The recorded motion, measured like generated motion: the row to compare all others with."""

    def __init__(self, real_features: Callable[[int], NDArray[np.floating]]) -> None:
        self.real_features = real_features

    def generate(self, items: Sequence[TestItem], seed: int) -> list[NDArray[np.floating]]:
        """Return the clips' own motion."""
        return [
            self.real_features(item.features_index)[item.first_frame :][: item.num_frames]
            for item in items
        ]


class RealSplit:
    """The real motion that generated motion is compared with."""

    def __init__(
        self,
        items: Sequence[TestItem],
        real_features: Callable[[int], NDArray[np.floating]],
        evaluator: FrozenEvaluator,
    ) -> None:
        self.clips = {item.clip: item.features_index for item in items}
        self.real_features = real_features
        self.evaluator = evaluator

    @cached_property
    def embeddings(self) -> Embeddings:
        """Embeddings `(n, E)` of every whole clip, by name."""
        return self.evaluator.embed_motion(
            [self.real_features(self.clips[clip]) for clip in sorted(self.clips)]
        )

    def embed(self, items: Sequence[TestItem]) -> Embeddings:
        """Return embeddings `(n, E)` of the crops that `items` say."""
        return self.evaluator.embed_motion(RealMotion(self.real_features).generate(items, 0))


def evaluate(
    generator: MotionGenerator,
    items: Sequence[TestItem],
    real: RealSplit,
    evaluator: FrozenEvaluator,
    config: EvaluationConfig,
    finished: Sequence[RepeatResult] = (),
    keep: Callable[[RepeatResult], None] = lambda result: None,
) -> EvaluationResult:
    """Measure `config.repeats` generations of the split.

    Args:
        generator: What is measured.
        items: Every instruction of every clip of the split, in any order.
        real: The split's real motion, from `embed_real`.
        evaluator: The space that is measured in.
        config: The protocol.
        finished: Repeats measured before an interruption; they are not measured again.
        keep: Told every repeat as soon as it is there, those of before too.

    Raises:
        ConfigError: The protocol contradicts itself.
        DataError: The split is too small, or motion holds NaN or infinity.
    """
    results = {result.repeat: result for result in finished}
    for repeat in range(config.repeats):
        if repeat not in results:
            results[repeat] = evaluate_repeat(repeat, generator, items, real, evaluator, config)
        keep(results[repeat])
    share = out_of_vocabulary_share([item.text_tags for item in items], evaluator.vocabulary)
    return EvaluationResult.of([results[repeat] for repeat in range(config.repeats)], share)


def embed_real(
    items: Sequence[TestItem],
    real_features: Callable[[int], NDArray[np.floating]],
    evaluator: FrozenEvaluator,
) -> RealSplit:
    """Return the real motion of every clip, embedded where and when it is asked for."""
    return RealSplit(items, real_features, evaluator)


def evaluate_repeat(
    repeat: int,
    generator: MotionGenerator,
    items: Sequence[TestItem],
    real: RealSplit,
    evaluator: FrozenEvaluator,
    config: EvaluationConfig,
) -> RepeatResult:
    """Measure one generation of the split.

    Every draw depends on `config.seed` and `repeat` alone: the same captions, pools, crops and
    pairs for all arms, whatever was measured before.

    Deviation: with `sampling: fixed` every clip is measured whole in every repeat; those that fill
    no pool miss R-precision only. `sampling: published` draws what the published code draws: a
    caption a clip, shuffled batches the size of a pool without the last incomplete one, whose clips
    are in no metric, a crop of each clip (see `draw_crops`) that real motion is cut to and that
    decides the length to generate; MultiModality on the first batches, of whose motions the last
    stands for its instruction in all other metrics; pairs from numpy's legacy generator. It still
    differs in this: the seeds of the draws and the order they are made in; a motion depends neither
    on its batch's padding nor on what stands behind its end, which published code leaves in
    generated motion; real motion is compared with itself, which gives FID 0, where published tables
    have two draws of crops.

    Args:
        repeat: Number of the repeat, from 0.
        generator: What is measured.
        items: Every instruction of every clip of the split, in any order.
        real: The split's real motion, from `embed_real`.
        evaluator: The space that is measured in.
        config: The protocol.

    Raises:
        ConfigError: The protocol contradicts itself.
        DataError: The split is too small, or motion holds NaN or infinity.
    """
    _check(items, config)
    drawn = draw_captions(items, _rng(config, repeat, "captions"))
    keys = [item.caption_key for item in drawn]
    rng = _rng(config, repeat, "pools")
    pools = draw_pools(keys, config.pool_size, unique=config.unique_captions, rng=rng)
    num_dropped = len(drawn) - pools.size
    if config.sampling == "published":
        measured = _cropped([drawn[i] for i in pools.ravel()], _rng(config, repeat, "crops"))
        pools, real_motion = np.arange(pools.size).reshape(pools.shape), real.embed(measured)
    else:
        measured, real_motion = drawn, real.embeddings
    text = evaluator.embed_text([item.text_tags for item in measured])
    motion, more = _motion_and_multimodality(repeat, generator, measured, evaluator, config)
    pairs = num_diversity_pairs(len(measured), config)
    metrics = {
        **_split_metrics(text, motion, real_motion, pools),
        "diversity": diversity(motion, pairs, _pair_rng(config, repeat, "diversity")),
        **more,
    }
    return RepeatResult(
        repeat, metrics, len(measured), len(pools), num_dropped, sampling=config.sampling
    )


def draw_captions(items: Sequence[TestItem], rng: np.random.Generator) -> list[TestItem]:
    """Return one item of each clip, drawn at random; clips come by name."""
    of_clip: dict[str, list[TestItem]] = defaultdict(list)
    for item in sorted(items, key=lambda item: (item.clip, item.caption_index, item.utterance)):
        of_clip[item.clip].append(item)
    return [choices[rng.integers(len(choices))] for choices in of_clip.values()]


def num_diversity_pairs(num_clips: int, config: EvaluationConfig) -> int:
    """Return the pairs of Diversity: 300 of more than 300 clips, else 100, as published.

    Deviation: published code stops where there are fewer than 100 clips; here each is in a pair.
    """
    if num_clips > config.diversity_pairs:
        return config.diversity_pairs
    return min(_FEW_DIVERSITY_PAIRS, num_clips)


def _check(items: Sequence[TestItem], config: EvaluationConfig) -> None:
    if not items:
        raise DataError(
            f"The {config.split} split has no instructions, so nothing can be measured."
        )
    if config.multimodality_captions and config.multimodality_pairs > config.multimodality_samples:
        raise ConfigError(
            f"evaluation.multimodality_pairs is {config.multimodality_pairs}, but at most "
            f"evaluation.multimodality_samples = {config.multimodality_samples} pairs can be "
            "drawn; lower the first or raise the second."
        )


def _split_metrics(
    text: Embeddings, motion: Embeddings, real: Embeddings, pools: NDArray[np.int64]
) -> dict[str, float]:
    rows = pools.ravel()
    shares = r_precision(text[rows], motion[rows], pool_size=pools.shape[1])
    ranks = {f"top{k}": float(share) for k, share in enumerate(shares, start=1)}
    return {**ranks, "fid": fid(motion, real), "mm_distance": mm_distance(text, motion)}


def _cropped(items: Sequence[TestItem], rng: np.random.Generator) -> list[TestItem]:
    crops = draw_crops([item.num_frames for item in items], rng)
    return [
        replace(item, first_frame=first, num_frames=length)
        for item, (first, length) in zip(items, crops, strict=True)
    ]


def _motion_and_multimodality(
    repeat: int,
    generator: MotionGenerator,
    items: Sequence[TestItem],
    evaluator: FrozenEvaluator,
    config: EvaluationConfig,
) -> tuple[Embeddings, dict[str, float]]:
    """Return a motion of each item, and MultiModality on some of them, all in a small split."""
    seed = derive_seed(config.seed, repeat, "generation")
    if config.multimodality_captions == 0 or isinstance(generator, RealMotion):
        return _generate(generator, items, seed, evaluator), {}
    published = config.sampling == "published"
    order, rng = multimodality_draw(repeat, len(items), config)
    chosen = order[: config.multimodality_captions]
    # Where the chosen items have motions already, the others alone are generated.
    motion = _generate(generator, items[len(chosen) :] if published else items, seed, evaluator)
    repeated = [items[i] for i in chosen for _ in range(config.multimodality_samples)]
    seed = derive_seed(config.seed, repeat, "multimodality generation")
    samples = _generate(generator, repeated, seed, evaluator)
    samples = samples.reshape(len(chosen), config.multimodality_samples, -1)
    if published:
        motion = np.concatenate([samples[:, -1], motion])
    return motion, {"multimodality": multimodality(samples, config.multimodality_pairs, rng)}


def multimodality_draw(
    repeat: int, num_items: int, config: EvaluationConfig
) -> tuple[NDArray[np.int64], np.random.Generator | np.random.RandomState]:
    """Return items in the order they are chosen in for MultiModality, and what draws the pairs."""
    rng = _pair_rng(config, repeat, "multimodality")
    if config.sampling == "published":
        return np.arange(num_items), rng
    return rng.permutation(num_items), rng


def _generate(
    generator: MotionGenerator, items: Sequence[TestItem], seed: int, evaluator: FrozenEvaluator
) -> Embeddings:
    motions = generator.generate(items, seed)
    assert len(motions) == len(items), f"{len(motions)} motions for {len(items)} items"
    return evaluator.embed_motion(motions)


def _rng(config: EvaluationConfig, repeat: int, purpose: str) -> np.random.Generator:
    return np.random.default_rng(derive_seed(config.seed, repeat, purpose))


def _pair_rng(
    config: EvaluationConfig, repeat: int, purpose: str
) -> np.random.Generator | np.random.RandomState:
    """Return what draws the pairs of Diversity and MultiModality."""
    if config.sampling == "published":
        return np.random.RandomState(derive_seed(config.seed, repeat, purpose) % 2**32)
    return _rng(config, repeat, purpose)
