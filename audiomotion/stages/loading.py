"""The trained parts that stages leave, opened by the stages that come after them."""

from pathlib import Path

from audiomotion.config.experiment import EvaluatorConfig, RvqConfig
from audiomotion.data.captions import VOCABULARY_FILE, Vocabulary
from audiomotion.data.statistics import Statistics
from audiomotion.data.word_vectors import load_word_vectors
from audiomotion.evaluate.embedding import FrozenEvaluator
from audiomotion.files import read_json
from audiomotion.models.conditioned import (
    ConditionedLength,
    ConditionedMasked,
    ConditionedResidual,
    ConditionEncoder,
    FeatureShape,
)
from audiomotion.models.evaluator import MotionTextEvaluator
from audiomotion.models.rvq import RvqVae
from audiomotion.models.tokenizer import MotionTokenizer
from audiomotion.models.weights import load_weights
from audiomotion.motion.skeleton import Skeleton
from audiomotion.stages.graph import (
    ConditionedStageConfig,
    EvaluatorStage,
    LengthStage,
    MaskedStage,
    ResidualStage,
    RvqStage,
)
from audiomotion.stages.results import FEATURES, WEIGHTS


def build_rvq(config: RvqConfig, skeleton: Skeleton) -> RvqVae:
    """Return the untrained model."""
    return RvqVae(config, skeleton.feature_dim, skeleton.num_joints)


def load_tokenizer(stage: RvqStage, folder: Path, skeleton: Skeleton) -> MotionTokenizer:
    """Return the RVQ of an artifact, with its statistics."""
    model = build_rvq(stage.config, skeleton)
    load_weights(model, folder / WEIGHTS)
    return MotionTokenizer(model, Statistics.load(folder))


def build_evaluator(
    config: EvaluatorConfig, skeleton: Skeleton, vocabulary: Vocabulary
) -> MotionTextEvaluator:
    """Return the untrained model."""
    num_learned = len(vocabulary) if config.word_vectors == "learned" else None
    return MotionTextEvaluator(config, skeleton.feature_dim, num_learned)


def load_evaluator(
    stage: EvaluatorStage, folder: Path, skeleton: Skeleton, device: str
) -> FrozenEvaluator:
    """Return the evaluator of an artifact, with its vocabulary and statistics."""
    vectors = None
    if stage.config.word_vectors == "glove":
        vocabulary, vectors = load_word_vectors(folder)
    else:
        vocabulary = Vocabulary.load(folder / VOCABULARY_FILE)
    model = build_evaluator(stage.config, skeleton, vocabulary)
    load_weights(model, folder / WEIGHTS)
    return FrozenEvaluator(
        model.to(device), vocabulary, Statistics.load(folder), word_vectors=vectors
    )


def build_masked(stage: MaskedStage, features: Path) -> ConditionedMasked:
    """Return the untrained masked transformer with its condition encoder."""
    config = stage.config
    return ConditionedMasked(_condition_encoder(config, features), config.masked, config.rvq)


def build_residual(stage: ResidualStage, features: Path) -> ConditionedResidual:
    """Return the untrained residual transformer with its condition encoder."""
    config = stage.config
    return ConditionedResidual(_condition_encoder(config, features), config.residual, config.rvq)


def build_length(stage: LengthStage, features: Path) -> ConditionedLength:
    """Return the untrained length estimator with its condition encoder."""
    return ConditionedLength(_condition_encoder(stage.config, features), stage.config.num_classes)


def load_masked(stage: MaskedStage, folder: Path, features: Path) -> ConditionedMasked:
    """Return the masked transformer of an artifact."""
    model = build_masked(stage, features)
    load_weights(model, folder / WEIGHTS)
    return model.eval()


def load_residual(stage: ResidualStage, folder: Path, features: Path) -> ConditionedResidual:
    """Return the residual transformer of an artifact."""
    model = build_residual(stage, features)
    load_weights(model, folder / WEIGHTS)
    return model.eval()


def load_length(stage: LengthStage, folder: Path, features: Path) -> ConditionedLength:
    """Return the length estimator of an artifact."""
    model = build_length(stage, features)
    load_weights(model, folder / WEIGHTS)
    return model.eval()


def _condition_encoder(config: ConditionedStageConfig, features: Path) -> ConditionEncoder:
    record = read_json(features / FEATURES)
    shape = FeatureShape(int(record["feature_dim"]), int(record["num_layers"]))
    return ConditionEncoder(config.compressor, shape)
