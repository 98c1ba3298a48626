"""What YAML may say of the parts; no torch here, so that `amx list` stays quick."""

from typing import Literal

from pydantic import Field

from audiomotion.config.compressors import CompressorSchema
from audiomotion.config.extractors import ExtractorSchema


class EnvelopeConfig(ExtractorSchema):
    """Loudness, a few values a frame: the rhythm of speech and no more."""

    implementation = "amx_example.envelope:Envelope"
    name: Literal["envelope"] = "envelope"
    frame_hz: int = Field(default=50, ge=1, le=1000)
    """Frames a second."""

    values_per_frame: int = Field(default=8, ge=2, le=16)
    """Stretches that a frame is divided into, the feature width F."""


class GruConfig(CompressorSchema):
    """The last states of a recurrent network that reads the frames in both directions."""

    implementation = "amx_example.gru:Gru"
    name: Literal["gru"] = "gru"
    hidden_dim: int = Field(default=256, ge=1)
    """Width of the state in each direction."""
