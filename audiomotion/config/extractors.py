"""The frozen encoders: waveform to feature frames `(L, F)`."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field, field_validator

from audiomotion.config.schema import Family, PartSchema


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


class PretrainedSchema(ExtractorSchema):
    """An extractor with weights: a hub id, a local folder, or `random` with a size."""

    weights: str
    """Hub id, folder, or `random`; nothing else is tried when it cannot be loaded."""

    revision: str | None = None
    """Revision of the hub id; enters the fingerprint."""

    random_size: Literal["tiny", "base"] | None = None
    """Size of randomly initialised weights; only with `weights: random`."""

    random_seed: int = 0
    """Seed of randomly initialised weights."""

    @property
    def weights_label(self) -> str:
        """How tables name the weights."""
        return f"random ({self.random_size})" if self.weights == "random" else self.weights

    @field_validator("random_size")
    @classmethod
    def _size_only_for_random(cls, value: str | None, info: object) -> str | None:
        weights = getattr(info, "data", {}).get("weights")
        if weights == "random" and value is None:
            raise ValueError("weights: random needs random_size: tiny or base")
        if weights not in (None, "random") and value is not None:
            raise ValueError(f"random_size is only for weights: random, not {weights!r}")
        return value


class WavLMConfig(PretrainedSchema):
    """WavLM; the features are the last layer's (paper 3.1)."""

    implementation = "audiomotion.extract.wavlm:WavLM"
    name: Literal["wavlm"] = "wavlm"
    weights: str = "microsoft/wavlm-base-plus"
    random_size: Literal["tiny", "base"] | None = Field(default=None, validate_default=True)


class EncodecConfig(PretrainedSchema):
    """EnCodec 24 kHz; the features are the encoder's output before quantization."""

    implementation = "audiomotion.extract.encodec:Encodec"
    name: Literal["encodec"] = "encodec"
    weights: str = "facebook/encodec_24khz"
    random_size: Literal["tiny", "base"] | None = Field(default=None, validate_default=True)


class ImageBindConfig(PretrainedSchema):
    """ImageBind's audio branch over 2 s windows, or the published three-clip embedding."""

    implementation = "audiomotion.extract.imagebind:ImageBind"
    name: Literal["imagebind"] = "imagebind"
    weights: str = "imagebind_huge.pth"
    random_size: Literal["tiny", "base"] | None = Field(default=None, validate_default=True)
    output: Literal["frames", "embedding"] = "frames"
    """Tokens of the last trunk layer in time order, or the published 1024-d embedding."""


EXTRACTORS = Family(
    "audiomotion.extractors",
    ExtractorSchema,
    LogMelConfig,
    WavLMConfig,
    EncodecConfig,
    ImageBindConfig,
)

if TYPE_CHECKING:
    ExtractorConfig = ExtractorSchema
else:

    def __getattr__(name: str) -> object:
        # Only when asked for: the schemas of entry points import this module before they exist.
        if name == "ExtractorConfig":
            return EXTRACTORS.union()
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
