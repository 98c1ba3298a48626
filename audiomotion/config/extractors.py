"""The frozen encoders: waveform to feature frames `(L, F)`."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from audiomotion.config.pretrained import PretrainedSchema
from audiomotion.config.schema import Family, PartSchema

Precision = Literal["float32", "bfloat16"]


class ExtractorSchema(PartSchema):
    """What all extractors share."""

    @property
    def weights_label(self) -> str:
        """How tables name the weights: `none`, `random (tiny)` or the hub id or folder."""
        return "none"


class LogMelConfig(ExtractorSchema):
    """Log-mel spectrogram: no weights."""

    implementation = "audiomotion.extract.log_mel:LogMel"
    name: Literal["log-mel"] = "log-mel"
    num_mels: int = Field(default=40, ge=8)
    """Mel bands, the feature width F."""

    frame_hz: int = Field(default=50, ge=1)
    """Frames a second."""


class PretrainedExtractorSchema(PretrainedSchema, ExtractorSchema):
    """An extractor with weights."""

    precision: Precision = "float32"
    """Precision of weights and activations; features are float32 either way."""


class WavLMConfig(PretrainedExtractorSchema):
    """WavLM; the features are the last layer's (paper 3.1), or every layer's."""

    implementation = "audiomotion.extract.wavlm:WavLM"
    name: Literal["wavlm"] = "wavlm"
    weights: str = "microsoft/wavlm-base-plus"
    random_size: Literal["tiny", "base", "large"] | None = Field(  # type: ignore[assignment]
        default=None, validate_default=True
    )
    layers: Literal["last", "mix"] = "last"
    """The last layer, or all side by side for a learned mix (weights of a softmax, SUPERB)."""


class EncodecConfig(PretrainedExtractorSchema):
    """EnCodec 24 kHz; the features are the encoder's output, before or after quantization."""

    implementation = "audiomotion.extract.encodec:Encodec"
    name: Literal["encodec"] = "encodec"
    weights: str = "facebook/encodec_24khz"
    output: Literal["embeddings", "codes"] = "embeddings"
    """Before quantization, or the sum of the chosen codebook vectors."""

    bandwidth_kbps: float = Field(default=6.0, gt=0)
    """How many codebooks `codes` adds up: 1.5, 3, 6, 12 or 24 kbit/s (2 to 32 codebooks)."""


class ImageBindConfig(PretrainedExtractorSchema):
    """ImageBind's audio branch over 2 s windows, or the published three-clip embedding."""

    implementation = "audiomotion.extract.imagebind:ImageBind"
    importable = True
    name: Literal["imagebind"] = "imagebind"
    weights: str = "imagebind_huge.pth"
    output: Literal["frames", "embedding"] = "frames"
    """Tokens of the last trunk layer in time order, or the published 1024-d embedding."""


class WhisperConfig(PretrainedExtractorSchema):
    """Whisper's encoder over 30 s windows; the features are its last layer's."""

    implementation = "audiomotion.extract.whisper:Whisper"
    name: Literal["whisper"] = "whisper"
    weights: str = "openai/whisper-small"


EXTRACTORS = Family(
    "audiomotion.extractors",
    ExtractorSchema,
    LogMelConfig,
    WavLMConfig,
    EncodecConfig,
    ImageBindConfig,
    WhisperConfig,
)

if TYPE_CHECKING:
    ExtractorConfig = ExtractorSchema
else:

    def __getattr__(name: str) -> object:
        # Only when asked for: the schemas of entry points import this module before they exist.
        if name == "ExtractorConfig":
            return EXTRACTORS.union()
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
