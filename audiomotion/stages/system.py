"""The stages that an experiment makes, and what each reads."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from audiomotion.config.checkpoints import CheckpointConfig, CheckpointKind, DatasetName
from audiomotion.config.experiment import (
    Experiment,
    MaskedConfig,
    ResidualConfig,
    RvqConfig,
    TrainedSchema,
    Variant,
)
from audiomotion.config.official import CHECKPOINT_OF
from audiomotion.config.pretrained import PretrainedSchema
from audiomotion.config.speaker_probe import SpeakerProbeConfig
from audiomotion.errors import ConfigError
from audiomotion.stages.base import Stage
from audiomotion.stages.graph import (
    CHECKPOINT,
    DATASET,
    EVALUATION,
    EVALUATOR,
    FEATURES,
    LENGTH,
    MASKED,
    OUTSIDE,
    REFERENCE,
    RESIDUAL,
    RVQ,
    SPEAK,
    SPEAKER_PROBE,
    TEXT_FEATURES,
    TRANSCRIBE,
    CheckpointStage,
    DatasetStage,
    EvaluationStage,
    EvaluationStageConfig,
    EvaluatorStage,
    FeaturesStage,
    LengthStage,
    LengthStageConfig,
    MaskedStage,
    MaskedStageConfig,
    MeasuredConfig,
    OutsideStage,
    OutsideStageConfig,
    ReferenceStage,
    ResidualStage,
    ResidualStageConfig,
    RvqStage,
    SpeakerProbeStage,
    SpeakerProbeStageConfig,
    SpeakStage,
    SpeakStageConfig,
    TextFeaturesStage,
    TextFeaturesStageConfig,
    TranscribeStage,
    TranscribeStageConfig,
)


class SystemStages:
    """The stages of one experiment; it ends in `evaluation`, `reference` and `length`.

    Stages that two experiments share are equal by fingerprint, not by identity.
    """

    def __init__(self, experiment: Experiment) -> None:
        self.experiment = _without_unused_training(experiment)

    @cached_property
    def dataset(self) -> DatasetStage:
        """Clips and captions."""
        return Stage(DATASET, self.experiment.dataset)

    @cached_property
    def evaluator(self) -> EvaluatorStage:
        """The space that the metrics live in."""
        config, words = self.experiment.evaluator, {}
        if config.word_vectors == "glove":
            words = {"words": _checkpoint("word-vectors", None, config.words)}
        inputs = {"dataset": self.dataset, **words, **self._imported("evaluator")}
        return Stage(EVALUATOR, config, inputs)

    @cached_property
    def rvq(self) -> RvqStage:
        """Motion tokens."""
        config = self.experiment.rvq
        inputs = {"dataset": self.dataset, **self._judge(config), **self._imported("rvq")}
        return Stage(RVQ, config, inputs)

    def speech(self, variant: Variant) -> SpeakStage:
        """Return the instructions of `variant`, spoken."""
        config = SpeakStageConfig(speech=self.experiment.speech, variant=variant)
        return Stage(SPEAK, config, {"dataset": self.dataset})

    def features(self, variant: Variant) -> FeaturesStage | TextFeaturesStage:
        """Return the features of the instructions of `variant`: by ear, or by reading them."""
        if self.experiment.condition == "text":
            return self._text_features(variant)
        extractor = self.experiment.extractor
        weights: dict[str, Stage[Any]] = {}
        if isinstance(extractor, PretrainedSchema) and extractor.weights == "official":
            weights = {"checkpoint": _checkpoint("imagebind-audio", None, extractor.content)}
        return Stage(FEATURES, extractor, {"speak": self.speech(variant), **weights})

    @property
    def tested_features(self) -> FeaturesStage | TextFeaturesStage:
        """The features that motion is generated from in the test: a cascade's, of what is heard."""
        variant = self.experiment.test_variant
        if self.experiment.test_text == "captions":
            return self.features(variant)
        return self._text_features(variant, {"transcribe": self.transcripts})

    @cached_property
    def transcripts(self) -> TranscribeStage:
        """What the recognizer hears of the instructions that are tested."""
        experiment = self.experiment
        config = TranscribeStageConfig(
            recognizer=experiment.recognizer,
            variant=experiment.test_variant,
            split=experiment.evaluation.split,
        )
        inputs = {"dataset": self.dataset, "speak": self.speech(experiment.test_variant)}
        return Stage(TRANSCRIBE, config, inputs)

    def _text_features(
        self, variant: Variant, heard: Mapping[str, Stage[Any]] | None = None
    ) -> TextFeaturesStage:
        config = TextFeaturesStageConfig(encoder=self.experiment.text_encoder, variant=variant)
        return Stage(TEXT_FEATURES, config, {"dataset": self.dataset, **(heard or {})})

    @cached_property
    def masked(self) -> MaskedStage:
        """The masked transformer."""
        experiment, part = self.experiment, self.experiment.masked
        config = MaskedStageConfig(
            **self._conditioned(part),
            masked=part,
            rvq=experiment.rvq,
            validation=experiment.validation.masked if _validates(part) else None,
        )
        return Stage(MASKED, config, self._pairs | self._judge(part) | self._imported("masked"))

    @cached_property
    def residual(self) -> ResidualStage:
        """The residual transformer."""
        experiment, part = self.experiment, self.experiment.residual
        config = ResidualStageConfig(
            **self._conditioned(part),
            residual=part,
            rvq=experiment.rvq,
            validation=experiment.validation.residual if _validates(part) else None,
        )
        return Stage(RESIDUAL, config, self._pairs | self._judge(part) | self._imported("residual"))

    @cached_property
    def length(self) -> LengthStage:
        """The length estimator, which generation without a given length needs."""
        frames_per_token = self.experiment.rvq.frames_per_token
        most = (self.experiment.dataset.max_frames - 1) // frames_per_token
        config = LengthStageConfig(
            **self._conditioned(self.experiment.length),
            length=self.experiment.length,
            num_classes=self.experiment.length.num_classes or most + 1,
            frames_per_token=frames_per_token,
        )
        inputs = {name: stage for name, stage in self._pairs.items() if name != "rvq"}
        return Stage(LENGTH, config, inputs | self._imported("length"))

    @cached_property
    def evaluation(self) -> EvaluationStage:
        """The generated motions, measured."""
        config = EvaluationStageConfig(
            **vars(self._measured), generation=self.experiment.generation
        )
        trained = {
            "features": self.tested_features,
            "masked": self.masked,
            "residual": self.residual,
        }
        return Stage(EVALUATION, config, self._judged | trained)

    @cached_property
    def reference(self) -> ReferenceStage:
        """Real motion and its RVQ reconstruction, measured the same way: the ceiling."""
        return Stage(REFERENCE, self._measured, self._judged)

    def outside(self, folder: Path, content: str, *, allow_missing: bool) -> OutsideStage:
        """Return another system's motions, measured the same way; nothing of ours is trained.

        Args:
            folder: Where they are.
            content: Digest of the folder's files.
            allow_missing: Whether clips without motion are left out, or an error.
        """
        config = OutsideStageConfig(
            **vars(self._measured),
            content=content,
            allow_missing=allow_missing,
            folder=str(folder.absolute()),
        )
        inputs = {"dataset": self.dataset, "evaluator": self.evaluator}
        return Stage(OUTSIDE, config, inputs)

    def speaker_probe(
        self, probe: SpeakerProbeConfig, *, of: Literal["condition", "features"]
    ) -> SpeakerProbeStage:
        """Return the probe that says who spoke, of what the masked transformer was trained on.

        Args:
            probe: The probe.
            of: The condition of the masked transformer's compressor, or the features themselves.

        Raises:
            ConfigError: The system reads; nobody speaks.
        """
        if self.experiment.condition != "audio":
            raise ConfigError("a speaker probe is of a system that hears; set condition: audio")
        variant = self.experiment.train_variant
        inputs: dict[str, Stage[Any]] = {
            "dataset": self.dataset,
            "speak": self.speech(variant),
            "features": self.features(variant),
        }
        trained = {"masked": self.masked} if of == "condition" else {}
        return Stage(SPEAKER_PROBE, SpeakerProbeStageConfig(probe=probe), inputs | trained)

    @property
    def _pairs(self) -> dict[str, Stage[Any]]:
        """What is trained on: clips and their tokens, with the features of their instructions."""
        features = self.features(self.experiment.train_variant)
        return {"dataset": self.dataset, "rvq": self.rvq, "features": features}

    @property
    def _judged(self) -> dict[str, Stage[Any]]:
        return {"dataset": self.dataset, "rvq": self.rvq, "evaluator": self.evaluator}

    @property
    def _measured(self) -> MeasuredConfig:
        experiment = self.experiment
        return MeasuredConfig(evaluation=experiment.evaluation, variant=experiment.test_variant)

    def _conditioned(self, part: TrainedSchema) -> dict[str, Any]:
        """Return what all parts that are trained on features have in common."""
        return {
            "compressor": self.experiment.used_compressor,
            "variant": self.experiment.train_variant,
            "seed": self.experiment.seed if part.weights == "trained" else 0,
        }

    def _judge(self, part: RvqConfig | MaskedConfig | ResidualConfig) -> dict[str, Stage[Any]]:
        """Return the evaluator for a training that measures the validation split."""
        return {"evaluator": self.evaluator} if _validates(part) else {}

    def _imported(self, section: str) -> dict[str, Stage[Any]]:
        """Return the published weights of a part; none where it is trained."""
        part: TrainedSchema = getattr(self.experiment, section)
        if part.weights == "trained":
            return {}
        dataset = self.experiment.dataset.published_as
        return {"checkpoint": _checkpoint(CHECKPOINT_OF[section], dataset, part.checkpoint)}


def _without_unused_training(experiment: Experiment) -> Experiment:
    """Return the experiment with default training settings where published weights are taken.

    They decide nothing there, and must not make another fingerprint.
    """
    official = {
        section: part.model_copy(update={"training": type(part).model_fields["training"].default})
        for section in CHECKPOINT_OF
        if (part := getattr(experiment, section)).weights == "official"
    }
    return experiment.model_copy(update=official)


def _validates(part: RvqConfig | MaskedConfig | ResidualConfig) -> bool:
    """Return whether a part's training measures the validation split."""
    return part.weights == "trained" and part.training.keep == "best-fid"


def _checkpoint(
    what: CheckpointKind, dataset: DatasetName | None, content: str | None
) -> CheckpointStage:
    """Return published weights; without content, which a dry run may lack, they are not there."""
    return Stage(CHECKPOINT, CheckpointConfig(what=what, dataset=dataset, sha256=content or ""))
