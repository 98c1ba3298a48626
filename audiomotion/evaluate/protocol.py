"""The protocol of Guo et al. 2022: generate the split many times over, measure each time."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from audiomotion.config.experiment import EvaluationConfig
from audiomotion.errors import ConfigError, DataError
from audiomotion.evaluate.embedding import Embeddings, FrozenEvaluator
from audiomotion.evaluate.metrics.diversity import diversity
from audiomotion.evaluate.metrics.fid import fid
from audiomotion.evaluate.metrics.mm_distance import mm_distance
from audiomotion.evaluate.metrics.multimodality import multimodality
from audiomotion.evaluate.metrics.r_precision import r_precision
from audiomotion.evaluate.pools import draw_pools
from audiomotion.evaluate.result import EvaluationResult, RepeatResult
from audiomotion.seeds import derive_seed

Progress = Callable[[int, int], None]

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
    """Length of its real motion, which is also what is generated."""

    caption_index: int
    """Which caption of the clip."""

    utterance: int
    """Index of the spoken instruction."""

    text_tags: tuple[str, ...]
    """Text that R-precision and MM distance compare with, as "word/POS"."""

    caption_key: str
    """Equal for captions that say the same."""


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
        return [self.real_features(item.features_index) for item in items]


def evaluate(
    generator: MotionGenerator,
    items: Sequence[TestItem],
    real_features: Callable[[int], NDArray[np.floating]],
    evaluator: FrozenEvaluator,
    config: EvaluationConfig,
    progress: Progress,
    finished: Sequence[RepeatResult] = (),
) -> EvaluationResult:
    """Measure `config.repeats` generations of the split.

    Args:
        generator: What is measured.
        items: Every instruction of every clip of the split, in any order.
        real_features: Returns the real motion `(N, P)`, not normalised, of a `features_index`.
        evaluator: The space that is measured in.
        config: The protocol.
        progress: Told the repeats done and the repeats in all.
        finished: Repeats measured before an interruption; they are not measured again.

    Raises:
        ConfigError: The protocol contradicts itself.
        DataError: The split is too small, or motion holds NaN or infinity.
    """
    real = embed_real(items, real_features, evaluator)
    results = {result.repeat: result for result in finished}
    for repeat in range(config.repeats):
        if repeat not in results:
            results[repeat] = evaluate_repeat(repeat, generator, items, real, evaluator, config)
        progress(repeat + 1, config.repeats)
    return EvaluationResult.of([results[repeat] for repeat in range(config.repeats)])


def embed_real(
    items: Sequence[TestItem],
    real_features: Callable[[int], NDArray[np.floating]],
    evaluator: FrozenEvaluator,
) -> Embeddings:
    """Embed the real motion of every clip, `(n, E)`."""
    clips = {item.clip: item.features_index for item in items}
    return evaluator.embed_motion([real_features(clips[clip]) for clip in sorted(clips)])


def evaluate_repeat(
    repeat: int,
    generator: MotionGenerator,
    items: Sequence[TestItem],
    real: Embeddings,
    evaluator: FrozenEvaluator,
    config: EvaluationConfig,
) -> RepeatResult:
    """Measure one generation of the split.

    Every draw depends on `config.seed` and `repeat` alone: the same captions, pools and pairs for
    all arms, whatever was measured before.

    Deviation: clips that fill no pool miss R-precision only; the published loader also keeps them
    from the other metrics.

    Args:
        repeat: Number of the repeat, from 0.
        generator: What is measured.
        items: Every instruction of every clip of the split, in any order.
        real: Embeddings of the split's real motion, from `embed_real`.
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
    text = evaluator.embed_text([item.text_tags for item in drawn])
    seed = derive_seed(config.seed, repeat, "generation")
    motion = _generate(generator, drawn, seed, evaluator)
    metrics = _split_metrics(text, motion, real, pools)
    pairs = num_diversity_pairs(len(drawn), config)
    metrics["diversity"] = diversity(motion, pairs, _rng(config, repeat, "diversity"))
    if config.multimodality_captions > 0 and not isinstance(generator, RealMotion):
        metrics["multimodality"] = _multimodality(repeat, generator, drawn, evaluator, config)
    return RepeatResult(repeat, metrics, len(drawn), len(pools), len(drawn) - pools.size)


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


def _multimodality(
    repeat: int,
    generator: MotionGenerator,
    drawn: Sequence[TestItem],
    evaluator: FrozenEvaluator,
    config: EvaluationConfig,
) -> float:
    """Measure MultiModality on some of the drawn instructions, all of them in a small split."""
    rng = _rng(config, repeat, "multimodality")
    chosen = rng.permutation(len(drawn))[: config.multimodality_captions]
    repeated = [drawn[i] for i in chosen for _ in range(config.multimodality_samples)]
    seed = derive_seed(config.seed, repeat, "multimodality generation")
    motion = _generate(generator, repeated, seed, evaluator)
    samples = motion.reshape(len(chosen), config.multimodality_samples, -1)
    return multimodality(samples, config.multimodality_pairs, rng)


def _generate(
    generator: MotionGenerator, items: Sequence[TestItem], seed: int, evaluator: FrozenEvaluator
) -> Embeddings:
    motions = generator.generate(items, seed)
    assert len(motions) == len(items), f"{len(motions)} motions for {len(items)} items"
    return evaluator.embed_motion(motions)


def _rng(config: EvaluationConfig, repeat: int, purpose: str) -> np.random.Generator:
    return np.random.default_rng(derive_seed(config.seed, repeat, purpose))
