"""Every kind of stage and what decides it; none of it needs torch."""

from typing import Literal

from pydantic import Field

from audiomotion.config.checkpoints import CheckpointConfig
from audiomotion.config.compressors import CompressorConfig
from audiomotion.config.datasets import DatasetSchema
from audiomotion.config.experiment import (
    EvaluationConfig,
    EvaluatorConfig,
    GenerationConfig,
    LengthConfig,
    MaskedConfig,
    MaskedSamplingConfig,
    ResidualConfig,
    ResidualSamplingConfig,
    RvqConfig,
    Variant,
)
from audiomotion.config.extractors import ExtractorSchema
from audiomotion.config.recognizers import RecognizerConfig
from audiomotion.config.schema import Schema
from audiomotion.config.speaker_probe import SpeakerProbeConfig
from audiomotion.config.speech import SpeechConfig
from audiomotion.config.text_encoders import TextEncoderConfig
from audiomotion.config.training import TrainingConfig
from audiomotion.stages.base import Stage, StageKind

DATASET = StageKind("dataset", 2, "audiomotion.stages.dataset:make_dataset")
SPEAK = StageKind("speak", 2, "audiomotion.stages.speak:SpeakInstructions", sharded=True)
FEATURES = StageKind("features", 3, "audiomotion.stages.features:ExtractFeatures", sharded=True)
TEXT_FEATURES = StageKind(
    "text_features", 2, "audiomotion.stages.text_features:EncodeTexts", sharded=True
)
TRANSCRIBE = StageKind(
    "transcribe", 1, "audiomotion.stages.transcribe:TranscribeInstructions", sharded=True
)
RVQ = StageKind("rvq", 2, "audiomotion.stages.rvq:make_rvq")
EVALUATOR = StageKind("evaluator", 2, "audiomotion.stages.evaluator:make_evaluator")
MASKED = StageKind("masked", 1, "audiomotion.stages.transformers:make_masked")
RESIDUAL = StageKind("residual", 1, "audiomotion.stages.transformers:make_residual")
LENGTH = StageKind("length", 1, "audiomotion.stages.length:make_length")
EVALUATION = StageKind("evaluation", 2, "audiomotion.stages.evaluation:evaluate_system")
OUTSIDE = StageKind("outside", 1, "audiomotion.stages.outside:evaluate_outside")
REFERENCE = StageKind("reference", 1, "audiomotion.stages.reference:evaluate_reference")
SPEAKER_PROBE = StageKind("speaker_probe", 1, "audiomotion.stages.speaker_probe:probe_speaker")
CHECKPOINT = StageKind("checkpoint", 1, "audiomotion.stages.checkpoint:not_imported")

STAGE_KINDS = (
    DATASET, SPEAK, FEATURES, TEXT_FEATURES, TRANSCRIBE, RVQ, EVALUATOR, MASKED, RESIDUAL, LENGTH,
    EVALUATION, REFERENCE, OUTSIDE, SPEAKER_PROBE, CHECKPOINT,
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


class TranscribeStageConfig(Schema):
    """What decides the words that a cascade hears."""

    recognizer: RecognizerConfig
    """Frozen speech recognizer."""

    variant: Variant
    """Captions that are spoken."""

    split: Literal["test", "val"]
    """Split that is heard: the one that is measured."""


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

    num_classes: int
    """Classes, which are numbers of tokens."""

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


class OutsideStageConfig(MeasuredConfig):
    """What decides the metrics of another system's motions."""

    content: str
    """Digest of the folder's files."""

    allow_missing: bool
    """Whether clips without motion are left out, or an error."""

    folder: str = Field(exclude=True)
    """Where the files are: not part of what they hold, and so of no fingerprint."""


class SpeakerProbeStageConfig(Schema):
    """What decides how well voices are told apart."""

    probe: SpeakerProbeConfig
    """The probe, and what it is fitted to."""


DatasetStage = Stage[DatasetSchema]
SpeakStage = Stage[SpeakStageConfig]
FeaturesStage = Stage[ExtractorSchema]
TextFeaturesStage = Stage[TextFeaturesStageConfig]
TranscribeStage = Stage[TranscribeStageConfig]
RvqStage = Stage[RvqConfig]
EvaluatorStage = Stage[EvaluatorConfig]
MaskedStage = Stage[MaskedStageConfig]
ResidualStage = Stage[ResidualStageConfig]
LengthStage = Stage[LengthStageConfig]
EvaluationStage = Stage[EvaluationStageConfig]
ReferenceStage = Stage[MeasuredConfig]
OutsideStage = Stage[OutsideStageConfig]
SpeakerProbeStage = Stage[SpeakerProbeStageConfig]
CheckpointStage = Stage[CheckpointConfig]
