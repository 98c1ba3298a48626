"""The frozen speech recognizer of a cascade: waveform to words."""

from typing import Literal

from pydantic import Field

from audiomotion.config.pretrained import PretrainedSchema


class RecognizerConfig(PretrainedSchema):
    """Whisper, its likeliest token each time (paper 5: the small version)."""

    implementation = "audiomotion.extract.recognizer:Recognizer"
    name: Literal["whisper"] = "whisper"
    weights: str = "openai/whisper-small"
    max_tokens: int = Field(default=128, ge=1, le=400)
    """Tokens of the longest transcript of 30 s; what would be longer is cut."""
