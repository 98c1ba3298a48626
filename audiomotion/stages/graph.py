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
    LengthConfig,
    MaskedConfig,
    MaskedSamplingConfig,
    ResidualConfig,
    ResidualSamplingConfig,
    RvqConfig,
    SpeechConfig,
    Variant,
)
from audiomotion.config.extractors import ExtractorSchema
from audiomotion.config.schema import Schema
from audiomotion.config.text_encoders import TextEncoderConfig
from audiomotion.config.training import TrainingConfig
from audiomotion.stages.base import Stage, StageKind

DATASET = StageKind("dataset", 1, "audiomotion.stages.dataset:make_dataset")
SPEAK = StageKind("speak", 1, "audiomotion.stages.speak:speak")
FEATURES = StageKind("features", 2, "audiomotion.stages.features:ExtractFeatures", sharded=True)
TEXT_FEATURES = StageKind(
    "text_features", 1, "audiomotion.stages.text_features:EncodeTexts", sharded=True
)
RVQ = StageKind("rvq", 1, "audiomotion.stages.rvq:make_rvq")
EVALUATOR = StageKind("evaluator", 2, "audiomotion.stages.evaluator:make_evaluator")
MASKED = StageKind("masked", 1, "audiomotion.stages.transformers:make_masked")
RESIDUAL = StageKind("residual", 1, "audiomotion.stages.transformers:make_residual")
LENGTH = StageKind("length", 1, "audiomotion.stages.length:make_length")
EVALUATION = StageKind("evaluation", 1, "audiomotion.stages.evaluation:evaluate_system")
REFERENCE = StageKind("reference", 1, "audiomotion.stages.reference:evaluate_reference")
CHECKPOINT = StageKind("checkpoint", 1, "audiomotion.stages.checkpoint:not_imported")

STAGE_KINDS = (
    DATASET, SPEAK, FEATURES, TEXT_FEATURES, RVQ, EVALUATOR, MASKED, RESIDUAL, LENGTH,
    EVALUATION, REFERENCE, CHECKPOINT,
)  # fmt: skip


class SpeakStageConfig(Schema):
    """What decides the spoken instructions."""

    speech: SpeechConfig
    """Synthesizer and voices."""

    variant: Variant
    """Captions that are spoken."""


class TextFeaturesStageConfig(Schema):
    """What decides the features of instructions that are read, not heard."""

    encoder: TextEncoderConfig
    """Frozen text encoder."""

    variant: Variant
    """Captions that are encoded."""


class ConditionedStageConfig(Schema):
    """What decides a part that is trained on the features of instructions."""

    compressor: CompressorConfig | None
    """The compressor it trains for itself; None where the features are the condition."""

    variant: Variant
    """Captions that are trained on."""

    seed: int
    """Training seed."""


class MaskedStageConfig(ConditionedStageConfig):
    """What decides the masked transformer."""

    masked: MaskedConfig
    """Model and training."""

    rvq: RvqConfig
    """Sizes of the codebooks."""

    validation: MaskedSamplingConfig | None
    """How the validation split is generated; None where the last checkpoint is kept."""

    @property
    def training(self) -> TrainingConfig:
        """Optimizer and schedule."""
        return self.masked.training


class ResidualStageConfig(ConditionedStageConfig):
    """What decides the residual transformer."""

    residual: ResidualConfig
    """Model and training."""

    rvq: RvqConfig
    """Sizes of the codebooks."""

    validation: ResidualSamplingConfig | None
    """How the validation split is generated; None where the last checkpoint is kept."""

    @property
    def training(self) -> TrainingConfig:
        """Optimizer and schedule."""
        return self.residual.training


class LengthStageConfig(ConditionedStageConfig):
    """What decides the length estimator."""

    length: LengthConfig
    """Model and training."""

    frames_per_token: int
    """Frames that a motion token stands for."""

    @property
    def training(self) -> TrainingConfig:
        """Optimizer and schedule."""
        return self.length.training


class MeasuredConfig(Schema):
    """What decides how motion is measured."""

    evaluation: EvaluationConfig
    """Protocol."""

    variant: Variant
    """Captions that are tested on."""


class EvaluationStageConfig(MeasuredConfig):
    """What decides the metrics of a trained system."""

    generation: GenerationConfig
    """Guidance and sampling."""


DatasetStage = Stage[DatasetSchema]
SpeakStage = Stage[SpeakStageConfig]
FeaturesStage = Stage[ExtractorSchema]
TextFeaturesStage = Stage[TextFeaturesStageConfig]
RvqStage = Stage[RvqConfig]
EvaluatorStage = Stage[EvaluatorConfig]
MaskedStage = Stage[MaskedStageConfig]
ResidualStage = Stage[ResidualStageConfig]
LengthStage = Stage[LengthStageConfig]
EvaluationStage = Stage[EvaluationStageConfig]
ReferenceStage = Stage[MeasuredConfig]
CheckpointStage = Stage[CheckpointConfig]


@dataclass(frozen=True)
class SystemStages:
    """The stages that an experiment ends in; all others are their inputs."""

    evaluation: EvaluationStage
    """The generated motions, measured."""

    reference: ReferenceStage
    """Real motion and its RVQ reconstruction, measured the same way: the ceiling."""

    length: LengthStage
    """The length estimator, which generation without a given length needs."""


def system_stages(experiment: Experiment) -> SystemStages:
    """Return the stages of an experiment.

    Stages that two experiments share are equal by fingerprint, not by identity.
    """
    dataset = Stage(DATASET, experiment.dataset)
    evaluator = Stage(EVALUATOR, experiment.evaluator, {"dataset": dataset})
    judge = {"evaluator": evaluator}
    rvq_judge = judge if experiment.rvq.training.keep == "best-fid" else {}
    rvq = Stage(RVQ, experiment.rvq, {"dataset": dataset, **rvq_judge})
    train_features = _features(experiment, experiment.train_variant, dataset)
    test_features = _features(experiment, experiment.test_variant, dataset)
    pairs = {"dataset": dataset, "rvq": rvq, "features": train_features}
    judged = {"dataset": dataset, "rvq": rvq, "evaluator": evaluator}
    masked, residual = _masked(experiment), _residual(experiment)
    trained = {
        "features": test_features,
        "masked": Stage(MASKED, masked, {**pairs, **(judge if masked.validation else {})}),
        "residual": Stage(RESIDUAL, residual, {**pairs, **(judge if residual.validation else {})}),
    }
    measured = MeasuredConfig(evaluation=experiment.evaluation, variant=experiment.test_variant)
    config = EvaluationStageConfig(**vars(measured), generation=experiment.generation)
    return SystemStages(
        evaluation=Stage(EVALUATION, config, {**judged, **trained}),
        reference=Stage(REFERENCE, measured, judged),
        length=Stage(LENGTH, _length(experiment), {"dataset": dataset, "features": train_features}),
    )


def _features(
    experiment: Experiment, variant: Variant, dataset: DatasetStage
) -> FeaturesStage | TextFeaturesStage:
    """Return what makes features of the instructions: by ear, or by reading them."""
    if experiment.condition == "text":
        read = TextFeaturesStageConfig(encoder=experiment.text_encoder, variant=variant)
        return Stage(TEXT_FEATURES, read, {"dataset": dataset})
    config = SpeakStageConfig(speech=experiment.speech, variant=variant)
    return Stage(
        FEATURES, experiment.extractor, {"speak": Stage(SPEAK, config, {"dataset": dataset})}
    )


def _conditioned(experiment: Experiment) -> dict[str, Any]:
    """Return what all parts that are trained on features have in common."""
    return {
        "compressor": experiment.used_compressor,
        "variant": experiment.train_variant,
        "seed": experiment.seed,
    }


def _masked(experiment: Experiment) -> MaskedStageConfig:
    validates = experiment.masked.training.keep == "best-fid"
    return MaskedStageConfig(
        **_conditioned(experiment),
        masked=experiment.masked,
        rvq=experiment.rvq,
        validation=experiment.validation.masked if validates else None,
    )


def _residual(experiment: Experiment) -> ResidualStageConfig:
    validates = experiment.residual.training.keep == "best-fid"
    return ResidualStageConfig(
        **_conditioned(experiment),
        residual=experiment.residual,
        rvq=experiment.rvq,
        validation=experiment.validation.residual if validates else None,
    )


def _length(experiment: Experiment) -> LengthStageConfig:
    return LengthStageConfig(
        **_conditioned(experiment),
        length=experiment.length,
        frames_per_token=experiment.rvq.frames_per_token,
    )
