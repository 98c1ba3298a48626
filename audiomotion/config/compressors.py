"""The trained compressors: features `(B, L, F)` to condition tokens `(B, C, D)`."""

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, model_validator

from audiomotion.config.schema import Family, PartSchema


class CompressorSchema(PartSchema):
    """What all compressors share."""

    lasting: ClassVar[frozenset[str]] = frozenset({"condition_dim"})

    condition_dim: int = Field(default=512, ge=1)
    """Width D of a condition token (paper 5)."""


class AvgPoolConfig(CompressorSchema):
    """Means over equal segments of the frames, and a linear layer for each (paper table 6)."""

    implementation = "audiomotion.models.compressors.avgpool:AvgPool"
    name: Literal["avgpool"] = "avgpool"
    num_segments: int = Field(default=8, ge=1)
    """Segments k, each of which becomes a condition token (paper table 6: 8, 32 or 64)."""

    shared_linear: bool = False
    """Whether one linear layer serves all segments, whose order is then lost."""


class Conv1dConfig(CompressorSchema):
    """A stack of strided convolutions, pooled to a few tokens (paper table 6)."""

    implementation = "audiomotion.models.compressors.conv1d:Conv1d"
    name: Literal["conv1d"] = "conv1d"
    num_layers: int = Field(default=3, ge=1)
    """Convolutions, each as wide as the condition."""

    kernel_size: int = Field(default=5, ge=1)
    """Frames that one output sees; odd."""

    stride: int = Field(default=2, ge=1)
    """Frames from one output to the next."""

    num_condition_tokens: int = Field(default=8, ge=1)
    """Condition tokens, each the mean of an equal segment of the last layer's outputs."""

    @model_validator(mode="after")
    def _no_frame_is_missed(self) -> "Conv1dConfig":
        # The last output stands up to stride - 1 frames before a clip's end.
        if self.kernel_size % 2 == 0 or self.kernel_size < 2 * self.stride - 1:
            raise ValueError(
                f"kernel_size {self.kernel_size} must be odd and at least 2 · stride - 1 = "
                f"{2 * self.stride - 1}, or frames are missed"
            )
        return self


class EncoderSchema(CompressorSchema):
    """What the compressors with a transformer encoder share."""

    lasting = CompressorSchema.lasting | {
        "latent_dim",
        "downsampling",
        "num_layers",
        "num_heads",
        "feedforward_dim",
        "dropout",
        "norm_first",
        "pooling",
        "num_condition_tokens",
    }

    latent_dim: int = Field(default=512, ge=1)
    """Width of the encoder and of what it is given (paper 5: of the learned tokens)."""

    downsampling: int = Field(default=1, ge=1)
    """Stride of a convolution in front; 1 is none, as in the paper's module."""

    num_layers: int = Field(default=2, ge=1)
    """Encoder layers."""

    num_heads: int = Field(default=8, ge=1)
    """Attention heads of the encoder."""

    feedforward_dim: int = Field(default=1024, ge=1)
    """Width of the encoder's feed-forward layers."""

    dropout: float = Field(default=0.1, ge=0, lt=1)
    """Dropout of the encoder."""

    norm_first: bool = False
    """Pre-norm encoder layers, which short trainings at high rates need."""

    pooling: Literal["class-token", "mean", "learned-queries"] = "class-token"
    """How frames become tokens: class tokens in front, maps of their mean, or learned queries."""

    num_condition_tokens: int = Field(default=1, ge=1)
    """Condition tokens; 1 is the paper's."""

    @model_validator(mode="after")
    def _heads_divide_width(self) -> "EncoderSchema":
        if self.latent_dim % self.num_heads:
            raise ValueError(
                f"num_heads {self.num_heads} does not divide latent_dim {self.latent_dim}"
            )
        return self


class TransformerCompressorConfig(EncoderSchema):
    """The encoder of memory-retrieval without the retrieval (paper 3.2, table 6)."""

    implementation = "audiomotion.models.compressors.transformer:TransformerCompressor"
    name: Literal["transformer"] = "transformer"


class MemoryRetrievalConfig(EncoderSchema):
    """Attention from the features to learned memory tokens, then an encoder (paper 3.2, eq. 1)."""

    implementation = "audiomotion.models.compressors.memory_retrieval:MemoryRetrieval"
    name: Literal["memory-retrieval"] = "memory-retrieval"
    num_memory_tokens: int = Field(default=256, ge=1)
    """Learned tokens (paper 5)."""

    residual: bool = False
    """Whether the query is added to what it retrieves."""


COMPRESSORS = Family(
    "audiomotion.compressors",
    CompressorSchema,
    AvgPoolConfig,
    Conv1dConfig,
    TransformerCompressorConfig,
    MemoryRetrievalConfig,
)

if TYPE_CHECKING:
    CompressorConfig = CompressorSchema
else:

    def __getattr__(name: str) -> object:
        # Only when asked for: the schemas of entry points import this module before they exist.
        if name == "CompressorConfig":
            return COMPRESSORS.union()
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
