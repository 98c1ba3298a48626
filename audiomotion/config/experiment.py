"""One experiment: everything that decides the result of one system, and nothing else."""

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from audiomotion.config.compressors import CompressorConfig, CompressorSchema
from audiomotion.config.datasets import DatasetConfig
from audiomotion.config.extractors import ExtractorConfig, ExtractorSchema
from audiomotion.config.recognizers import RecognizerConfig
from audiomotion.config.schema import Schema
from audiomotion.config.speech import EspeakConfig, SpeechConfig
from audiomotion.config.text_encoders import (
    ClipTextConfig,
    TextEncoderConfig,
    TextEncoderSchema,
)
from audiomotion.config.training import TrainingConfig, ValidatedTraining

Variant = Literal["original", "oral"]
ConditionSource = Literal["audio", "text"]


class TrainedSchema(Schema):
    """A network that is trained here, or whose published weights were imported (`amx import`)."""

    weights: Literal["trained", "official"] = "trained"
    """`official`: the published weights; nothing is trained."""

    checkpoint: str | None = None
    """Which of several imports, by the beginning of its content; a plan fills in all of it."""

    @model_validator(mode="after")
    def _a_checkpoint_is_for_official_weights(self) -> Self:
        if self.checkpoint is not None and self.weights == "trained":
            raise ValueError("checkpoint is only for weights: official")
        return self


class RvqConfig(TrainedSchema):
    """RVQ-VAE (paper 3.3; sizes of the published code)."""

    num_quantizers: int = Field(default=6, ge=1)
    """Layers Q = V + 1."""

    codebook_size: int = Field(default=512, ge=2)
    """Codes K of a layer."""

    code_dim: int = Field(default=512, ge=1)
    """Width of a code."""

    width: int = Field(default=512, ge=1)
    """Channels of encoder and decoder."""

    num_downsamplings: int = Field(default=2, ge=1)
    """Halvings of the frame rate; 2 gives 4 frames a token."""

    num_residual_blocks: int = Field(default=3, ge=1)
    """Dilated residual blocks after each resampling."""

    dilation_growth: int = Field(default=3, ge=1)
    """Dilation of block i is this to the power i."""

    block_dropout: float = Field(default=0.2, ge=0, lt=1)
    """Dropout in a residual block."""

    codebook_init: Literal["data", "kmeans"] = "data"
    """`data`: codes start as the first batch's first rows, as published; `kmeans`: its clusters."""

    ema_decay: float = Field(default=0.99, gt=0, lt=1)
    """Decay of the codebooks' moving averages."""

    sampling_temperature: float = Field(default=0.5, ge=0)
    """Temperature at which codes are sampled in training; 0 takes the nearest."""

    quantizer_dropout: float = Field(default=0.2, ge=0, le=1)
    """Probability of dropping the finer layers of a training batch."""

    loss: Literal["momask", "paper"] = "momask"
    """`momask`: smooth L1 + position term + mean commitment; `paper`: eq. 3."""

    commitment_weight: float = Field(default=0.02, ge=0)
    """Weight beta of the commitment term."""

    position_weight: float = Field(default=0.5, ge=0)
    """Weight of the term on joint positions (momask loss only)."""

    window_frames: int = Field(default=64, ge=4)
    """Frames of a training window."""

    padding: Literal["exact", "published"] = "exact"
    """Whether a clip's tokens are independent of its batch."""

    training: ValidatedTraining = ValidatedTraining(epochs=50, batch_size=256)
    """Optimizer and schedule."""

    @property
    def frames_per_token(self) -> int:
        """Frames that a token stands for."""
        return int(2**self.num_downsamplings)


class TransformerConfig(TrainedSchema):
    """What the masked and the residual transformer share (paper 5)."""

    num_layers: int = Field(default=6, ge=1)
    """Transformer layers (paper 5)."""

    num_heads: int = Field(default=6, ge=1)
    """Attention heads (paper 5)."""

    latent_dim: int = Field(default=384, ge=1)
    """Width (paper 5)."""

    feedforward_dim: int = Field(default=1024, ge=1)
    """Width of the feed-forward layers."""

    token_dim: int = Field(default=512, ge=1)
    """Width of token embeddings before the input projection."""

    dropout: float = Field(default=0.2, ge=0, lt=1)
    """Dropout of the transformer layers."""

    condition_drop_prob: float = Field(default=0.2, ge=0, le=1)
    """Probability of training on the null condition (paper 5)."""

    training: ValidatedTraining = ValidatedTraining(epochs=500)
    """Optimizer and schedule."""

    @model_validator(mode="after")
    def _heads_divide_width(self) -> "TransformerConfig":
        if self.latent_dim % self.num_heads:
            raise ValueError(
                f"num_heads {self.num_heads} does not divide latent_dim {self.latent_dim}"
            )
        return self


class MaskedConfig(TransformerConfig):
    """Masked transformer over base tokens (paper 3.3, eq. 4)."""

    min_mask_ratio: float = Field(default=0.0, ge=0, lt=1)
    """Smallest share of tokens masked in training; the cosine draw is rescaled to [this, 1]."""


class ResidualConfig(TransformerConfig):
    """Residual transformer over the finer layers (paper 3.3, eq. 5)."""

    share_weights: bool = True
    """Output projection of layer q is the embedding of the next layer, as published."""


class LengthConfig(TrainedSchema):
    """Length estimator: condition to the number of motion tokens, for generation without one."""

    num_classes: int | None = Field(default=None, ge=2)
    """Classes, class k for k tokens; null is one more than the longest clip may have (50)."""

    training: TrainingConfig = TrainingConfig(epochs=50)
    """Optimizer and schedule."""


class EvaluatorConfig(TrainedSchema):
    """The text and motion encoders of Guo et al. 2022 that the metrics live in."""

    movement_dim: int = Field(default=512, ge=1)
    """Width of the movement encoder and its output."""

    motion_hidden_dim: int = Field(default=1024, ge=1)
    """Hidden width of the motion encoder's GRU."""

    text_hidden_dim: int = Field(default=512, ge=1)
    """Hidden width of the text encoder's GRU."""

    embedding_dim: int = Field(default=512, ge=1)
    """Width of the shared embedding."""

    word_dim: int = Field(default=300, ge=1)
    """Width of the word vectors."""

    word_vectors: Literal["learned", "glove"] = "learned"
    """`learned` from the training captions; `glove`: the published ones, by `amx import glove`."""

    words: str | None = None
    """Which of several imported word vectors, as `checkpoint`; a plan fills in all of it."""

    loss: Literal["contrastive", "infonce"] = "contrastive"
    """`contrastive`: the published margin loss; `infonce`: as in TMR."""

    margin: float = Field(default=10.0, gt=0)
    """Margin of the contrastive loss."""

    temperature: float = Field(default=0.1, gt=0)
    """Temperature of the InfoNCE loss."""

    training: TrainingConfig = TrainingConfig(
        epochs=300, batch_size=32, learning_rate=1e-4, warmup_steps=0, lr_milestones=()
    )
    """Optimizer and schedule."""

    @model_validator(mode="after")
    def _official_weights_read_glove(self) -> "EvaluatorConfig":
        if self.words is not None and self.word_vectors != "glove":
            raise ValueError("words is only for word_vectors: glove")
        if self.weights == "official" and self.word_vectors != "glove":
            raise ValueError("official weights read GloVe's vectors; set word_vectors: glove")
        return self


class SamplingConfig(Schema):
    """How one transformer's tokens are drawn."""

    guidance_scale: float = Field(ge=0)
    """MoMask's c in `w_u + c (w_c - w_u)`; 1: no guidance. `guidance_s` = c - 1 is accepted too."""

    temperature: float = Field(default=1.0, gt=0)
    """Softmax temperature of the draw."""

    top_k_filter: float = Field(default=0.9, ge=0, lt=1)
    """Share of the classes that is never drawn: the least likely ones."""

    @model_validator(mode="before")
    @classmethod
    def _from_guidance_s(cls, value: Any) -> Any:
        if not isinstance(value, dict) or "guidance_s" not in value:
            return value
        if "guidance_scale" in value:
            raise ValueError("give either guidance_scale (c) or guidance_s (s = c - 1), not both")
        guidance_s = value["guidance_s"]
        if isinstance(guidance_s, bool) or not isinstance(guidance_s, int | float):
            raise ValueError(f"guidance_s: {guidance_s!r} is no number")
        rest = {key: item for key, item in value.items() if key != "guidance_s"}
        return {**rest, "guidance_scale": guidance_s + 1.0}


class MaskedSamplingConfig(SamplingConfig):
    """Sampling of the base tokens."""

    guidance_scale: float = Field(default=4.0, ge=0)
    iterations: int = Field(default=10, ge=1)
    """Rounds of iterative decoding, L of eq. 6 (paper 5)."""


class ResidualSamplingConfig(SamplingConfig):
    """Sampling of the residual tokens, one pass a layer."""

    guidance_scale: float = Field(default=5.0, ge=0)


class GenerationConfig(Schema):
    """How motion is generated (paper 3.3, 5)."""

    masked: MaskedSamplingConfig = MaskedSamplingConfig()
    """Base tokens."""

    residual: ResidualSamplingConfig = ResidualSamplingConfig()
    """Residual tokens."""


class EvaluationConfig(Schema):
    """The protocol of Guo et al. 2022."""

    split: Literal["test", "val"] = "test"
    """Split that is measured."""

    repeats: int = Field(default=20, ge=1)
    """Independent generations of the whole split; the published protocol has 20."""

    pool_size: int = Field(default=32, ge=4)
    """Captions a motion is ranked against for R-precision."""

    unique_captions: bool = False
    """Whether a pool never holds two equal captions."""

    diversity_pairs: int = Field(default=300, ge=1)
    """Random pairs of Diversity; 100 where the split is no larger than this, as published."""

    multimodality_captions: int = Field(default=96, ge=0)
    """Instructions generated many times over; 0 leaves MultiModality out."""

    multimodality_samples: int = Field(default=30, ge=2)
    """Motions generated for each of them."""

    multimodality_pairs: int = Field(default=10, ge=1)
    """Random pairs among those motions."""

    sampling: Literal["fixed", "published"] = "fixed"
    """`fixed`: every whole clip in every repeat; `published`: shuffled batches of random crops."""

    reference_text: Literal["condition", "source"] = "condition"
    """Text that motion is compared with: the instruction itself, or its written caption."""

    seed: int = 0
    """Seed of every draw: the same for all arms (common random numbers)."""


class Experiment(Schema):
    """One fully resolved configuration of one system: what decides its result."""

    name: str
    """Name of the recipe."""

    seed: int = Field(default=0, ge=0)
    """Training seed of the masked and residual transformers."""

    dataset: DatasetConfig
    """Motion and captions."""

    train_variant: Variant = "original"
    """Captions trained on: as written, or as spoken."""

    test_variant: Variant = "original"
    """Captions tested on."""

    condition: ConditionSource = "audio"
    """Whether instructions are heard (`extractor`) or read (`text_encoder`)."""

    speech: SpeechConfig = EspeakConfig()
    """Spoken instructions."""

    extractor: ExtractorConfig
    """Frozen audio encoder, of `condition: audio`."""

    text_encoder: TextEncoderConfig = ClipTextConfig()
    """Frozen text encoder, of `condition: text`."""

    test_text: Literal["captions", "transcripts"] = "captions"
    """What `condition: text` reads in the test: the instructions, or what `recognizer` hears of
    them spoken, as a cascade does (paper 5)."""

    recognizer: RecognizerConfig = RecognizerConfig()
    """Frozen speech recognizer, of `test_text: transcripts`."""

    compressor: CompressorConfig
    """Features to condition tokens; each transformer trains its own.

    A text encoder's pooled vector is the condition itself, without a compressor (momask).
    """

    rvq: RvqConfig = RvqConfig()
    """Motion tokens."""

    masked: MaskedConfig = MaskedConfig()
    """Base tokens."""

    residual: ResidualConfig = ResidualConfig()
    """Residual tokens."""

    evaluator: EvaluatorConfig = EvaluatorConfig()
    """Metric space."""

    length: LengthConfig = LengthConfig()
    """Number of motion tokens, for generation without a given length."""

    generation: GenerationConfig = GenerationConfig()
    """Inference."""

    validation: GenerationConfig = GenerationConfig()
    """Sampling where the FID of the validation split chooses a checkpoint (`keep: best-fid`).

    It is apart from `generation`, so that another guidance scale there trains nothing anew.
    """

    evaluation: EvaluationConfig = EvaluationConfig()
    """Protocol."""

    @property
    def encoder(self) -> ExtractorSchema | TextEncoderSchema:
        """The frozen encoder that the condition comes from."""
        return self.text_encoder if self.condition == "text" else self.extractor

    @property
    def weights_label(self) -> str:
        """Where the weights of the frozen parts come from that stand before the transformers."""
        if self.test_text == "captions":
            return self.encoder.weights_label
        return f"{self.recognizer.weights_label} + {self.encoder.weights_label}"

    @property
    def used_compressor(self) -> CompressorSchema | None:
        """The compressor between encoder and transformers; None where there is none."""
        pooled = self.condition == "text" and self.text_encoder.output == "pooled"
        return None if pooled else self.compressor

    @model_validator(mode="after")
    def _only_text_is_transcribed(self) -> "Experiment":
        if self.test_text == "transcripts" and self.condition != "text":
            raise ValueError(
                "test_text: transcripts is of a system that reads; set condition: text, or "
                "test_text: captions"
            )
        return self

    @model_validator(mode="after")
    def _official_tokens_come_from_the_official_rvq(self) -> "Experiment":
        official = [n for n in ("masked", "residual") if getattr(self, n).weights == "official"]
        if official and self.rvq.weights != "official":
            raise ValueError(
                f"{', '.join(official)}: official weights know the tokens of the official RVQ "
                "alone; set rvq: official"
            )
        return self

    @model_validator(mode="after")
    def _official_weights_read_clip(self) -> "Experiment":
        official = [
            name
            for name in ("masked", "residual", "length")
            if getattr(self, name).weights == "official"
        ]
        encoder = self.text_encoder
        if official and (self.used_compressor is not None or encoder.name != "clip"):
            raise ValueError(
                f"{', '.join(official)}: official weights were trained on CLIP's pooled text; set "
                "condition: text and text_encoder: {name: clip, output: pooled}"
            )
        return self
