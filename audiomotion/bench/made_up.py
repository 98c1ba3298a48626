"""A split, a system and an evaluator at an experiment's sizes: no data set, and random weights."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audiomotion.bench.synthetic import GLOVE_DIM, feature_shape
from audiomotion.config.experiment import Experiment
from audiomotion.data.captions import EOS, SOS, UNK, Vocabulary
from audiomotion.data.ragged import Ragged, write_ragged
from audiomotion.data.statistics import Statistics
from audiomotion.evaluate.embedding import Embeddings, FrozenEvaluator
from audiomotion.evaluate.protocol import TestItem
from audiomotion.generate.system import AudioToMotion
from audiomotion.models.conditioned import (
    ConditionedMasked,
    ConditionedResidual,
    ConditionEncoder,
    FeatureShape,
)
from audiomotion.models.tokenizer import MotionTokenizer
from audiomotion.motion.skeleton import HUMANML3D_22, KIT_21, Skeleton
from audiomotion.stages.evaluation import SystemGenerator
from audiomotion.stages.loading import build_evaluator, build_rvq
from audiomotion.stages.system import SystemStages

_NUM_WORDS = 3000
_MIN_WORDS, _MAX_WORDS = 5, 20
_MIN_SECONDS, _MAX_SECONDS = 1.5, 7.5
"""Instructions as the paper's, 4.5 s in the mean."""
_NUM_UTTERANCES = 64
_NUM_DRAWS = 16
"""So many draws of made-up embeddings differ."""


class MadeUp:
    """What an evaluation reads.

    Args:
        experiment: Whose sizes are used.
        num_clips: Clips of the split.
        device: Torch device.
    """

    captions_per_clip = 3
    """As HumanML3D has in the mean."""

    def __init__(self, experiment: Experiment, num_clips: int, device: str) -> None:
        self.experiment = experiment
        self.device = device
        self.skeleton = _skeleton(experiment)
        self.vocabulary = Vocabulary([UNK, SOS, EOS, *(f"word{n}" for n in range(_NUM_WORDS))])
        self.stats = _no_change(self.skeleton.feature_dim)
        self.items = self._items(num_clips)
        self._noise = np.random.default_rng(1).standard_normal(
            (experiment.dataset.max_frames, self.skeleton.feature_dim), np.float32
        )

    def real_features(self, clip: int) -> NDArray[np.float32]:
        """Return the motion of a clip."""
        return self._noise[: self.items[clip * self.captions_per_clip].num_frames]

    def evaluator(self) -> FrozenEvaluator:
        """Return an evaluator that embeds."""
        config, vectors = self.experiment.evaluator, None
        if config.word_vectors == "glove":
            vectors = np.random.default_rng(2).standard_normal(
                (len(self.vocabulary), GLOVE_DIM), np.float32
            )
        model = build_evaluator(config, self.skeleton, self.vocabulary).to(self.device)
        return FrozenEvaluator(model, self.vocabulary, self.stats, word_vectors=vectors)

    def generator(self, folder: Path) -> SystemGenerator:
        """Return a system that generates, from features as the encoder's, written to `folder`."""
        experiment = self.experiment
        shape = feature_shape(SystemStages(experiment).tested_features.config)
        width = shape["feature_dim"]
        parts = random_parts(experiment, FeatureShape(width, shape["num_layers"]))
        system = AudioToMotion(*parts, experiment.generation, self.device)
        return SystemGenerator(system, _written_features(folder, width, shape["frame_hz"]))

    def _items(self, num_clips: int) -> list[TestItem]:
        rng = np.random.default_rng(0)
        dataset = self.experiment.dataset
        frames = rng.integers(dataset.min_frames, dataset.max_frames, num_clips)
        return [
            self._item(clip, int(frames[clip]), caption, rng)
            for clip in range(num_clips)
            for caption in range(self.captions_per_clip)
        ]

    def _item(self, clip: int, frames: int, caption: int, rng: np.random.Generator) -> TestItem:
        words = rng.integers(_NUM_WORDS, size=rng.integers(_MIN_WORDS, _MAX_WORDS + 1))
        tags = tuple(f"word{word}/NOUN" for word in words)
        utterance = (clip * self.captions_per_clip + caption) % _NUM_UTTERANCES
        return TestItem(f"clip{clip:05}", clip, frames, caption, utterance, tags, " ".join(tags))


class ReadyMotion:
    """Motion that is there already: what is left is the time of measuring it."""

    def __init__(self, made_up: MadeUp) -> None:
        self._made_up = made_up
        self.num_motions = 0

    def generate(self, items: Sequence[TestItem], seed: int) -> list[NDArray[np.float32]]:
        """Return the clips' own motion; count it."""
        del seed
        self.num_motions += len(items)
        return [self._made_up.real_features(item.features_index) for item in items]


class ReadyEmbeddings(FrozenEvaluator):
    """Embeddings that are there already, of any motion and any caption; counts them.

    Args:
        evaluator: Whose embeddings they might be.
        num_rows: The most that are asked for at once.
    """

    def __init__(self, evaluator: FrozenEvaluator, num_rows: int) -> None:
        super().__init__(
            evaluator.model,
            evaluator.vocabulary,
            evaluator.stats,
            word_vectors=None if evaluator.word_vectors is None else evaluator.word_vectors.numpy(),
        )
        self._rows = made_up_embeddings(num_rows + _NUM_DRAWS, evaluator)
        self.num_motions = 0
        self.num_captions = 0

    def embed_motion(self, motions: Sequence[NDArray[np.floating]]) -> Embeddings:
        """Return embeddings `(n, E)`."""
        first = self.num_motions % _NUM_DRAWS
        self.num_motions += len(motions)
        return self._rows[first : first + len(motions)]

    def embed_text(self, captions: Sequence[Sequence[str]]) -> Embeddings:
        """Return embeddings `(n, E)`."""
        first = self.num_captions % _NUM_DRAWS
        self.num_captions += len(captions)
        return self._rows[first : first + len(captions)]


def random_parts(
    experiment: Experiment, shape: FeatureShape
) -> tuple[MotionTokenizer, ConditionedMasked, ConditionedResidual]:
    """Return the parts of a system at an experiment's sizes, with random weights.

    Args:
        experiment: Whose sizes are used.
        shape: Of the features that it generates from.
    """

    def condition() -> ConditionEncoder:
        return ConditionEncoder(experiment.used_compressor, shape)

    skeleton = _skeleton(experiment)
    return (
        MotionTokenizer(build_rvq(experiment.rvq, skeleton), _no_change(skeleton.feature_dim)),
        ConditionedMasked(condition(), experiment.masked, experiment.rvq),
        ConditionedResidual(condition(), experiment.residual, experiment.rvq),
    )


def made_up_embeddings(number: int, evaluator: FrozenEvaluator, seed: int = 3) -> Embeddings:
    """Return embeddings `(number, E)` as wide as an evaluator's."""
    width = evaluator.model.config.embedding_dim
    return np.random.default_rng(seed).standard_normal((number, width), np.float32)


def _skeleton(experiment: Experiment) -> Skeleton:
    return KIT_21 if experiment.dataset.published_as == "kit" else HUMANML3D_22


def _no_change(width: int) -> Statistics:
    return Statistics(np.zeros(width, np.float32), np.ones(width, np.float32))


def _written_features(folder: Path, width: int, frame_hz: float) -> Ragged:
    rng = np.random.default_rng(4)
    seconds = rng.uniform(_MIN_SECONDS, _MAX_SECONDS, _NUM_UTTERANCES)
    lengths = [max(1, int(second * frame_hz)) for second in seconds]
    rows = (rng.standard_normal((length, width)).astype(np.float16) for length in lengths)
    write_ragged(folder, "features", rows, np.float16)
    return Ragged.open(folder, "features")
