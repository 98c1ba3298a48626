"""What measuring costs beside generating: the protocol, part by part, at its own size."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from audiomotion.bench.clock import Clock
from audiomotion.bench.clocked import DECODING, ClockedTokenizer
from audiomotion.bench.made_up import MadeUp, ReadyEmbeddings, ReadyMotion, made_up_embeddings
from audiomotion.bench.timing import Cost, Spread
from audiomotion.config.experiment import Experiment
from audiomotion.evaluate.crops import draw_crops
from audiomotion.evaluate.metrics.diversity import diversity
from audiomotion.evaluate.metrics.fid import fid
from audiomotion.evaluate.metrics.mm_distance import mm_distance
from audiomotion.evaluate.metrics.multimodality import multimodality
from audiomotion.evaluate.metrics.r_precision import r_precision
from audiomotion.evaluate.pools import draw_pools
from audiomotion.evaluate.protocol import (
    TestItem,
    draw_captions,
    embed_real,
    evaluate,
    num_diversity_pairs,
)

MOST_OF_GENERATING = 0.10
FID_SAMPLES, FID_SECONDS = 5000, 0.3
"""Embeddings of the single FID that is measured, and what it may take."""

_GENERATING, _DECODING = "generating", DECODING
_MOTION, _TEXT, _PROTOCOL, _ONE_FID = "embedding motion", "embedding text", "protocol", "one FID"


@dataclass(frozen=True)
class EvaluationSize:
    """How much is measured."""

    rounds: int
    """Measurements of each part."""

    clips: int
    """Clips of the split."""

    batches: int
    """Batches that are generated, decoded and embedded in a measurement; the rest by proportion."""

    batch_size: int = 64
    """Clips of such a batch, of like length, as an evaluation's batches are."""

    fid_samples: int = FID_SAMPLES
    """Embeddings of the single FID."""


FULL_CPU = EvaluationSize(rounds=5, clips=4384, batches=1)
"""The test split of HumanML3D: some minutes on two cores, of which few are for generating."""

FULL_GPU = EvaluationSize(rounds=5, clips=4384, batches=16)

QUICK = EvaluationSize(rounds=5, clips=320, batches=1, batch_size=32, fid_samples=500)
"""Seconds: for CI."""


def bench_evaluation(
    experiment: Experiment,
    size: EvaluationSize,
    device: str,
    folder: Path,
    on_round: Callable[[int], None] = lambda number: None,
) -> Iterator[Cost]:
    """Yield what each part of an evaluation takes, all of its repeats together.

    Generating, decoding and embedding are measured on some batches and counted up to what the
    protocol asks for; draws and metrics are those of the whole split, in every repeat.

    Args:
        experiment: Whose protocol, system and evaluator are measured, with random weights.
        size: How much is measured.
        device: Torch device.
        folder: Where files are written, and deleted.
        on_round: Takes the number of each round of measurements, from 0, the warm-up.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder, prefix="bench-") as name:
        parts = _Parts(experiment, size, device, Path(name))
        rounds = []
        for number in range(size.rounds + 1):
            rounds.append(parts.round())
            on_round(number)
    yield from _costs(rounds[1:], parts.names(), size)


def _costs(
    rounds: Sequence[Mapping[str, float]], names: Mapping[str, str], size: EvaluationSize
) -> Iterator[Cost]:
    for part, name in names.items():
        yield Cost(name, "s", Spread.of([seconds[part] for seconds in rounds]))
    ratios = Spread.of([_measuring(seconds) / _generating(seconds) for seconds in rounds])
    yield Cost("measuring", "× generating and decoding", ratios, at_most=MOST_OF_GENERATING)
    one = Spread.of([seconds[_ONE_FID] for seconds in rounds])
    at_most = FID_SECONDS if size.fid_samples == FID_SAMPLES else None
    yield Cost(f"one FID of {size.fid_samples:,} embeddings", "s", one, at_most=at_most)


def _generating(seconds: Mapping[str, float]) -> float:
    return seconds[_GENERATING] + seconds[_DECODING]


def _measuring(seconds: Mapping[str, float]) -> float:
    return seconds[_MOTION] + seconds[_TEXT] + seconds[_PROTOCOL]


class _Parts:
    """The parts of an evaluation, ready to be timed."""

    def __init__(
        self, experiment: Experiment, size: EvaluationSize, device: str, folder: Path
    ) -> None:
        self._config = experiment.evaluation
        self._made_up = MadeUp(experiment, size.clips, device)
        self._sample = _batches(self._made_up.items, size)
        self._clock = Clock(device)
        self._generator = self._made_up.generator(folder)
        system = self._generator.system
        system.tokenizer = ClockedTokenizer(system.tokenizer, self._clock)
        self._evaluator = self._made_up.evaluator()
        config = self._config
        self._num_samples = config.multimodality_captions * config.multimodality_samples
        rows = max(size.clips, self._num_samples, size.fid_samples)
        self._motion = made_up_embeddings(rows, self._evaluator, seed=5)
        self._real = made_up_embeddings(rows, self._evaluator, seed=6)
        self._size = size
        self._counted: dict[str, int] = {}

    def names(self) -> dict[str, str]:
        """Return each part by what is shown of it, once a round was made."""
        counted = self._counted
        return {
            _GENERATING: f"generating {counted[_GENERATING]:,} motions",
            _DECODING: "decoding them",
            _MOTION: f"embedding {counted[_MOTION]:,} motions",
            _TEXT: f"embedding {counted[_TEXT]:,} captions",
            "draws": "drawing captions, pools and crops",
            "FID": "FID",
            "R-precision": "R-precision",
            "MM distance": "MM distance",
            "Diversity": "Diversity",
            **({"MultiModality": "MultiModality"} if self._num_samples else {}),
            _PROTOCOL: "draws and all metrics by the protocol's own function",
        }

    def round(self) -> dict[str, float]:
        """Return the seconds of each part of a whole evaluation."""
        self._generate_and_embed()
        for repeat in range(self._config.repeats):
            self._measure(repeat)
        self._follow_the_protocol()
        with self._clock.part(_ONE_FID):
            number = self._size.fid_samples
            fid(self._motion[:number], self._real[:number])
        seconds = self._clock.take()
        seconds[_GENERATING] -= seconds[_DECODING]
        for part in (_GENERATING, _DECODING, _MOTION, _TEXT):
            seconds[part] *= self._counted[part] / len(self._sample)
        return seconds

    def _generate_and_embed(self) -> None:
        with self._clock.part(_GENERATING):
            motions = self._generator.generate(self._sample, self._config.seed)
        with self._clock.part(_MOTION):
            self._evaluator.embed_motion(motions)
        with self._clock.part(_TEXT):
            self._evaluator.embed_text([item.text_tags for item in self._sample])

    def _measure(self, repeat: int) -> None:
        """Do by itself what the protocol does in a repeat, part by part."""
        config, part, number = self._config, self._clock.part, self._size.clips
        rng = np.random.default_rng(repeat)
        motion, real = self._motion[:number], self._real[:number]
        with part("draws"):
            rows = self._draw(rng)
        with part("FID"):
            fid(motion, real)
        with part("R-precision"):
            r_precision(real[rows], motion[rows], config.pool_size)
        with part("MM distance"):
            mm_distance(real, motion)
        with part("Diversity"):
            diversity(motion, num_diversity_pairs(number, config), rng)
        if self._num_samples:
            shape = config.multimodality_captions, config.multimodality_samples, -1
            with part("MultiModality"):
                samples = self._motion[: self._num_samples].reshape(shape)
                multimodality(samples, config.multimodality_pairs, rng)

    def _draw(self, rng: np.random.Generator) -> NDArray[np.int64]:
        config = self._config
        drawn = draw_captions(self._made_up.items, rng)
        keys = [item.caption_key for item in drawn]
        pools = draw_pools(keys, config.pool_size, unique=config.unique_captions, rng=rng)
        if config.sampling == "published":
            draw_crops([item.num_frames for item in drawn], rng)
        return pools.ravel()

    def _follow_the_protocol(self) -> None:
        """Measure motions and embeddings that are there already, by the protocol."""
        motion = ReadyMotion(self._made_up)
        ready = ReadyEmbeddings(self._evaluator, len(self._motion))
        items = self._made_up.items
        real = embed_real(items, self._made_up.real_features, ready)
        with self._clock.part(_PROTOCOL):
            evaluate(motion, items, real, ready, self._config)
        self._counted = {
            _GENERATING: motion.num_motions,
            _DECODING: motion.num_motions,
            _MOTION: ready.num_motions,
            _TEXT: ready.num_captions,
        }


def _batches(items: Sequence[TestItem], size: EvaluationSize) -> list[TestItem]:
    """Return batches of like length: of all batches sorted by length, some, evenly spread."""
    ordered = sorted(items, key=lambda item: item.num_frames)
    middles = (np.arange(size.batches) + 0.5) / size.batches * len(ordered)
    starts = (middles - size.batch_size / 2).astype(int).clip(min=0)
    return [item for start in starts for item in ordered[start : start + size.batch_size]]
