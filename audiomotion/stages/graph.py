"""Every kind of stage, and the graph that an experiment makes of them; none of it needs torch."""

from dataclasses import dataclass
from typing import Any

from audiomotion.config.checkpoints import CheckpointConfig
from audiomotion.config.compressors import CompressorConfig
from audiomotion.config.datasets import DatasetSchema
from audiomotion.config.experiment import (
    EvaluationConfig,
    EvaluatorConfig,
    Experiment,
    GenerationConfig,
    MaskedConfig,
    ResidualConfig,
    RvqConfig,
    SpeechConfig,
    Variant,
)
from audiomotion.config.extractors import ExtractorSchema
from audiomotion.config.schema import Schema
from audiomotion.config.training import TrainingConfig
from audiomotion.stages.base import Stage, StageKind

DATASET = StageKind("dataset", 1, "audiomotion.stages.dataset:make_dataset")
SPEAK = StageKind("speak", 1, "audiomotion.stages.speak:speak")
FEATURES = StageKind("features", 1, "audiomotion.stages.features:extract_features")
RVQ = StageKind("rvq", 1, "audiomotion.stages.rvq:train_rvq")
EVALUATOR = StageKind("evaluator", 1, "audiomotion.stages.evaluator:train_evaluator")
MASKED = StageKind("masked", 1, "audiomotion.stages.transformers:train_masked")
RESIDUAL = StageKind("residual", 1, "audiomotion.stages.transformers:train_residual")
EVALUATION = StageKind("evaluation", 1, "audiomotion.stages.evaluation:evaluate_system")
REFERENCE = StageKind("reference", 1, "audiomotion.stages.reference:evaluate_reference")
CHECKPOINT = StageKind("checkpoint", 1, "audiomotion.stages.checkpoint:not_imported")

STAGE_KINDS = (
    DATASET, SPEAK, FEATURES, RVQ, EVALUATOR, MASKED, RESIDUAL, EVALUATION, REFERENCE,
    CHECKPOINT,
)  # fmt: skip


class SpeakStageConfig(Schema):
    """What decides the spoken instructions."""

    speech: SpeechConfig
    """Synthesizer and voices."""

    variant: Variant
    """Captions that are spoken."""


class MaskedStageConfig(Schema):
    """What decides the masked transformer."""

    masked: MaskedConfig
    """Model and training."""

    compressor: CompressorConfig
    """The compressor it trains for itself."""

    rvq: RvqConfig
    """Sizes of the codebooks."""

    seed: int
    """Training seed."""

    @property
    def training(self) -> TrainingConfig:
        """Optimizer and schedule."""
        return self.masked.training


class ResidualStageConfig(Schema):
    """What decides the residual transformer."""

    residual: ResidualConfig
    """Model and training."""

    compressor: CompressorConfig
    """The compressor it trains for itself."""

    rvq: RvqConfig
    """Sizes of the codebooks."""

    seed: int
    """Training seed."""

    @property
    def training(self) -> TrainingConfig:
        """Optimizer and schedule."""
        return self.residual.training


class EvaluationStageConfig(Schema):
    """What decides the metrics of a trained system."""

    evaluation: EvaluationConfig
    """Protocol."""

    generation: GenerationConfig
    """Guidance and sampling."""


DatasetStage = Stage[DatasetSchema]
SpeakStage = Stage[SpeakStageConfig]
FeaturesStage = Stage[ExtractorSchema]
RvqStage = Stage[RvqConfig]
EvaluatorStage = Stage[EvaluatorConfig]
MaskedStage = Stage[MaskedStageConfig]
ResidualStage = Stage[ResidualStageConfig]
EvaluationStage = Stage[EvaluationStageConfig]
ReferenceStage = Stage[EvaluationConfig]
CheckpointStage = Stage[CheckpointConfig]


@dataclass(frozen=True)
class SystemStages:
    """The stages that an experiment ends in; all others are their inputs."""

    evaluation: EvaluationStage
    """The generated motions, measured."""

    reference: ReferenceStage
    """Real motion and its RVQ reconstruction, measured the same way: the ceiling."""


def system_stages(experiment: Experiment) -> SystemStages:
    """Return the stages of an experiment.

    Stages that two experiments share are equal by fingerprint, not by identity.
    """
    dataset = Stage(DATASET, experiment.dataset)
    rvq = Stage(RVQ, experiment.rvq, {"dataset": dataset})
    evaluator = Stage(EVALUATOR, experiment.evaluator, {"dataset": dataset})
    train_speech = _speak(experiment, experiment.train_variant, dataset)
    test_speech = _speak(experiment, experiment.test_variant, dataset)
    train_features = Stage(FEATURES, experiment.extractor, {"speak": train_speech})
    test_features = Stage(FEATURES, experiment.extractor, {"speak": test_speech})
    pairs = {"dataset": dataset, "rvq": rvq, "speak": train_speech, "features": train_features}
    judged = {"dataset": dataset, "rvq": rvq, "evaluator": evaluator, "speak": test_speech}
    trained = {
        "features": test_features,
        "masked": Stage(MASKED, _masked(experiment), pairs),
        "residual": Stage(RESIDUAL, _residual(experiment), pairs),
    }
    config = EvaluationStageConfig(
        evaluation=experiment.evaluation, generation=experiment.generation
    )
    return SystemStages(
        evaluation=Stage(EVALUATION, config, {**judged, **trained}),
        reference=Stage(REFERENCE, experiment.evaluation, judged),
    )


def _speak(experiment: Experiment, variant: Variant, dataset: Stage[Any]) -> SpeakStage:
    config = SpeakStageConfig(speech=experiment.speech, variant=variant)
    return Stage(SPEAK, config, {"dataset": dataset})


def _masked(experiment: Experiment) -> MaskedStageConfig:
    return MaskedStageConfig(
        masked=experiment.masked,
        compressor=experiment.compressor,
        rvq=experiment.rvq,
        seed=experiment.seed,
    )


def _residual(experiment: Experiment) -> ResidualStageConfig:
    return ResidualStageConfig(
        residual=experiment.residual,
        compressor=experiment.compressor,
        rvq=experiment.rvq,
        seed=experiment.seed,
    )
