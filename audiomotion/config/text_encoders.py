"""The frozen text encoders: texts to condition features `(L, F)`."""

from typing import TYPE_CHECKING, Literal

from audiomotion.config.pretrained import PretrainedSchema
from audiomotion.config.schema import Family, PartSchema


class TextEncoderSchema(PartSchema):
    """What all text encoders share."""

    output: Literal["pooled", "tokens"] = "pooled"
    """One row for the whole text, or one row a token."""

    @property
    def weights_label(self) -> str:
        """How tables name the weights: `none`, `random (tiny)` or the hub id or folder."""
        return "none"


class ClipTextConfig(PretrainedSchema, TextEncoderSchema):
    """CLIP's text encoder; pooled is its projected embedding, not normalised (MoMask)."""

    implementation = "audiomotion.extract.clip_text:ClipText"
    name: Literal["clip"] = "clip"
    weights: str = "openai/clip-vit-base-patch32"


class SentenceConfig(PretrainedSchema, TextEncoderSchema):
    """Sentence embeddings of any model in the layout of sentence-transformers."""

    implementation = "audiomotion.extract.sentence:Sentence"
    name: Literal["sentence"] = "sentence"
    weights: str = "sentence-transformers/all-MiniLM-L6-v2"


TEXT_ENCODERS = Family(
    "audiomotion.text_encoders", TextEncoderSchema, ClipTextConfig, SentenceConfig
)

if TYPE_CHECKING:
    TextEncoderConfig = TextEncoderSchema
else:

    def __getattr__(name: str) -> object:
        # Only when asked for: the schemas of entry points import this module before they exist.
        if name == "TextEncoderConfig":
            return TEXT_ENCODERS.union()
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
