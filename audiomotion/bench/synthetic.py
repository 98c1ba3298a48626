"""Trainings on made-up data of the right shape: what a step costs without any input."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from audiomotion.config.extractors import ExtractorSchema
from audiomotion.config.pretrained import PretrainedSchema
from audiomotion.config.schema import PartSchema
from audiomotion.config.text_encoders import TextEncoderSchema
from audiomotion.data.captions import EOS, SOS, UNK, Vocabulary
from audiomotion.data.dataset import MotionDataset
from audiomotion.data.ragged import Ragged, write_ragged
from audiomotion.extract.base import build_extractor
from audiomotion.extract.text import build_text_encoder
from audiomotion.files import write_json
from audiomotion.motion.skeleton import HUMANML3D_22, KIT_21, Skeleton
from audiomotion.stages.base import AnyStage
from audiomotion.stages.graph import TextFeaturesStageConfig
from audiomotion.stages.loading import (
    build_evaluator,
    build_length,
    build_masked,
    build_residual,
    build_rvq,
)
from audiomotion.stages.results import FEATURES
from audiomotion.train.evaluator import EncodedCaptions, EvaluatorTask
from audiomotion.train.length import LengthTask
from audiomotion.train.loop import TrainingTask
from audiomotion.train.pairs import TrainingPairs
from audiomotion.train.rvq import RvqTask
from audiomotion.train.transformers import TransformerTask

Part = TypeVar("Part", bound=PartSchema)

_BATCHES = 8
"""Made-up clips, in batches: as many as are sorted by length together."""
_MOST_BYTES = 256 * 2**20
"""Of made-up features, unless one batch has more."""
_MIN_SECONDS, _MAX_SECONDS = 1.5, 7.5
"""Instructions as the paper's, 4.5 s in the mean."""
_MIN_WORDS, _MAX_WORDS = 5, 20
_NUM_WORDS = 3000
GLOVE_DIM = 300


def num_examples(stage: AnyStage, dataset: Path) -> int:
    """Return the training examples that a stage finds in a data set's artifact."""
    clips = MotionDataset(dataset).split("train")
    if stage.name != "rvq":
        return len(clips)
    window = stage.config.window_frames
    return sum(max(0, clip.num_frames - window + 1) for clip in clips)


def synthetic_task(
    stage: AnyStage, features: Path | None, device: str, scratch: Path
) -> TrainingTask:
    """Return the training of a stage on made-up data.

    Args:
        stage: A stage that trains.
        features: Artifact of the features it is trained on; None makes up features as wide and as
            long as the configured encoder's.
        device: Torch device.
        scratch: Folder for made-up features.
    """
    return _MAKERS[stage.name](_Synthetic(stage, features, device, scratch))


@dataclass(frozen=True)
class _Synthetic:
    """What is made up for one stage."""

    stage: AnyStage
    features: Path | None
    device: str
    scratch: Path

    @property
    def skeleton(self) -> Skeleton:
        dataset = self.stage.inputs["dataset"].config
        return KIT_21 if dataset.published_as == "kit" else HUMANML3D_22

    @property
    def num_clips(self) -> int:
        return int(self.stage.config.training.batch_size) * _BATCHES

    def lengths(self, number: int) -> list[int]:
        """Return numbers of frames of clips that the data set's limits let through."""
        dataset, rng = self.stage.inputs["dataset"].config, np.random.default_rng(0)
        return [int(n) for n in rng.integers(dataset.min_frames, dataset.max_frames, number)]

    def motions(self, number: int) -> list[NDArray[np.float32]]:
        rng = np.random.default_rng(1)
        shape = (max(lengths := self.lengths(number)), self.skeleton.feature_dim)
        noise = rng.standard_normal(shape, np.float32)
        return [noise[:length] for length in lengths]

    def pairs(self, frames_per_token: int, codes: int, layers: int) -> TrainingPairs:
        folder = self.features_folder()
        features = Ragged.open(folder, "features")
        rng = np.random.default_rng(2)
        tokens = [
            rng.integers(codes, size=(length // frames_per_token, layers))
            for length in self.lengths(self.num_clips)
        ]
        instructions = {clip: [clip % len(features)] for clip in range(len(tokens))}
        batch_size = self.stage.config.training.batch_size
        return TrainingPairs(tokens, features, instructions, range(len(tokens)), batch_size, 0)

    def features_folder(self) -> Path:
        """Return the features, made up unless there are some."""
        if self.features is not None:
            return self.features
        if not (self.scratch / FEATURES).exists():
            shape = feature_shape(self.stage.inputs["features"].config)
            write_json(self.scratch / FEATURES, shape)
            self._write_features(shape["feature_dim"], shape["frame_hz"])
        return self.scratch

    def _write_features(self, width: int, frame_hz: float) -> None:
        rng = np.random.default_rng(3)
        seconds = rng.uniform(_MIN_SECONDS, _MAX_SECONDS, self.num_clips)
        lengths = [max(1, int(second * frame_hz)) for second in seconds]
        fitting = max(self.num_clips // _BATCHES, _MOST_BYTES // (2 * width * max(lengths)))
        noise = rng.standard_normal((max(lengths), width)).astype(np.float16)
        rows = (noise[:length] for length in lengths[:fitting])
        write_ragged(self.scratch, "features", rows, np.float16)


def feature_shape(config: Any) -> dict[str, Any]:
    """Return how wide and dense an encoder's features are; its published weights are not needed."""
    if isinstance(config, TextFeaturesStageConfig):
        encoder: TextEncoderSchema = config.encoder
        width = build_text_encoder(_with_random_weights(encoder)).feature_dim
        tokens_a_second = 0 if encoder.output == "pooled" else _MAX_WORDS / _MAX_SECONDS
        return {"feature_dim": width, "num_layers": 1, "frame_hz": tokens_a_second}
    assert isinstance(config, ExtractorSchema)
    extractor = build_extractor(_with_random_weights(config))
    return {
        "feature_dim": extractor.feature_dim,
        "num_layers": extractor.num_layers,
        "frame_hz": extractor.frame_hz,
    }


def _with_random_weights(config: Part) -> Part:
    """Return the encoder with random weights of the published size."""
    if not isinstance(config, PretrainedSchema) or config.weights == "random":
        return config
    large = "large" in config.weights and "large" in str(type(config).model_fields["random_size"])
    size = "large" if large else "base"
    return config.model_copy(update={"weights": "random", "random_size": size, "revision": None})


def _rvq(made: _Synthetic) -> TrainingTask:
    config = made.stage.config
    model = build_rvq(config, made.skeleton).to(made.device)
    return RvqTask(model, made.motions(made.num_clips), config, 0, made.device)


def _evaluator(made: _Synthetic) -> TrainingTask:
    config, rng = made.stage.config, np.random.default_rng(4)
    words = [f"word{number}" for number in range(_NUM_WORDS)]
    vocabulary = Vocabulary([UNK, SOS, EOS, *words])
    numbers = rng.integers(_MIN_WORDS, _MAX_WORDS + 1, made.num_clips)
    tags = {
        clip: [tuple(f"{word}/NOUN" for word in rng.choice(words, number))]
        for clip, number in enumerate(numbers)
    }
    vectors = None
    if config.word_vectors == "glove":
        vectors = rng.standard_normal((len(vocabulary), GLOVE_DIM), np.float32)
    captions = EncodedCaptions.of(tags, vocabulary, vectors)
    motions = dict(enumerate(made.motions(made.num_clips)))
    model = build_evaluator(config, made.skeleton, vocabulary).to(made.device)
    return EvaluatorTask(model, motions, captions, config, 0, made.device)


def _transformer(build: Callable[..., Any], made: _Synthetic) -> TrainingTask:
    rvq = made.stage.config.rvq
    pairs = made.pairs(rvq.frames_per_token, rvq.codebook_size, rvq.num_quantizers)
    return TransformerTask(build(made.stage, made.features_folder()), pairs, made.device)


def _length(made: _Synthetic) -> TrainingTask:
    pairs = made.pairs(made.stage.config.frames_per_token, 1, 0)
    return LengthTask(build_length(made.stage, made.features_folder()), pairs, made.device)


_MAKERS: Mapping[str, Callable[[_Synthetic], TrainingTask]] = {
    "rvq": _rvq,
    "evaluator": _evaluator,
    "masked": partial(_transformer, build_masked),
    "residual": partial(_transformer, build_residual),
    "length": _length,
}

TRAINED_KINDS = tuple(_MAKERS)
"""Kinds of stage that train."""
