"""The trained compressors: features `(B, L, F)` to condition tokens `(B, C, D)`."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from audiomotion.config.schema import Family, PartSchema


class CompressorSchema(PartSchema):
    """What all compressors share."""

    condition_dim: int = Field(default=512, ge=1)
    """Width D of a condition token (paper 5)."""


class MemoryRetrievalConfig(CompressorSchema):
    """Attention from the features to learned memory tokens, then an encoder (paper 3.2, eq. 1)."""

    implementation = "audiomotion.models.compressors.memory_retrieval:MemoryRetrieval"
    name: Literal["memory-retrieval"] = "memory-retrieval"
    num_memory_tokens: int = Field(default=256, ge=1)
    """Learned tokens (paper 5)."""

    memory_dim: int = Field(default=512, ge=1)
    """Width of the memory tokens, of the queries and of the encoder (paper 5)."""

    downsampling: int = Field(default=1, ge=1)
    """Stride of a convolution in front of the retrieval; 1 is none, as in the paper's module."""

    num_layers: int = Field(default=2, ge=1)
    """Encoder layers after the retrieval."""

    num_heads: int = Field(default=8, ge=1)
    """Attention heads of the encoder."""

    feedforward_dim: int = Field(default=1024, ge=1)
    """Width of the encoder's feed-forward layers."""

    dropout: float = Field(default=0.1, ge=0, lt=1)
    """Dropout of the encoder."""

    norm_first: bool = False
    """Pre-norm encoder layers, which short trainings at high rates need."""

    residual: bool = False
    """Whether the query is added to what it retrieves."""

    pooling: Literal["class-token", "mean"] = "class-token"
    """How frames become condition tokens: class tokens in front, or maps of the frames' mean."""

    num_condition_tokens: int = Field(default=1, ge=1)
    """Condition tokens; 1 is the paper's."""

    @model_validator(mode="after")
    def _heads_divide_width(self) -> "MemoryRetrievalConfig":
        if self.memory_dim % self.num_heads:
            raise ValueError(
                f"num_heads {self.num_heads} does not divide memory_dim {self.memory_dim}"
            )
        return self


COMPRESSORS = Family("audiomotion.compressors", MemoryRetrievalConfig)

if TYPE_CHECKING:
    CompressorConfig = CompressorSchema
else:
    CompressorConfig = COMPRESSORS.union()
