"""The transformer encoder of the compressors that have one, and the way from it to tokens."""

from typing import cast

import torch
from torch import Tensor, nn

from audiomotion.config.compressors import EncoderSchema
from audiomotion.models.compressors.downsampling import Downsampling
from audiomotion.models.compressors.frames import FrameNorm
from audiomotion.models.condition import Condition
from audiomotion.models.transformer import SinusoidalPositions, build_encoder, encode_front

_CLASS_TOKEN_SPREAD = 0.02
"""Initial standard deviation of the class tokens: they start as what they attend to."""


class EncoderInput(nn.Module):
    """Normalised frames, fewer of them where the configuration says so."""

    output_dim: int
    """Width of what comes out: F, or with downsampling the encoder's."""

    def __init__(self, config: EncoderSchema, feature_dim: int) -> None:
        super().__init__()
        self.norm = FrameNorm(feature_dim)
        self.output_dim = feature_dim
        self.downsampling = None
        if config.downsampling > 1:
            self.output_dim = config.latent_dim
            self.downsampling = Downsampling(feature_dim, self.output_dim, config.downsampling)

    def forward(self, features: Tensor, valid_mask: Tensor) -> tuple[Tensor, Tensor]:
        """Map `features` `(B, L, F)` and `valid_mask` to `(B, L', output_dim)` and its mask."""
        features = self.norm(features, valid_mask)
        if self.downsampling is None:
            return features, valid_mask
        return cast(tuple[Tensor, Tensor], self.downsampling(features, valid_mask))


class FrameEncoder(nn.Module):
    """Sinusoidal positions, encoder layers, and condition tokens from what they give.

    Source: Sec. 3.2. Deviation: the paper does not say how the encoder arrives at one vector; here
    class tokens in front do, as in the text encoder it starts from. With `learned-queries` the
    encoder sees the frames alone, and learned vectors, one a token, attend to its output once: the
    readings in which they stand in front are the class tokens, and those in which they query the
    memory would leave the frames out.
    """

    def __init__(self, config: EncoderSchema) -> None:
        super().__init__()
        self.config = config
        dim, num_tokens = config.latent_dim, config.num_condition_tokens
        self.positions = SinusoidalPositions(dim, config.dropout)
        self.encoder = build_encoder(
            dim,
            config.num_layers,
            config.num_heads,
            config.feedforward_dim,
            config.dropout,
            norm_first=config.norm_first,
        )
        output_dim = config.condition_dim
        if config.pooling == "class-token":
            self.class_tokens = nn.Parameter(_CLASS_TOKEN_SPREAD * torch.randn(num_tokens, dim))
        elif config.pooling == "learned-queries":
            self.queries = nn.Parameter(torch.randn(num_tokens, dim))
            self.attention = nn.MultiheadAttention(
                dim, config.num_heads, config.dropout, batch_first=True
            )
        else:
            output_dim *= num_tokens
        self.output = nn.Linear(dim, output_dim)

    def forward(self, frames: Tensor, valid_mask: Tensor) -> Condition:
        """Sum up `frames` `(B, L, latent_dim)` in a condition `(B, C, D)`."""
        frames = self.positions(frames)
        if self.config.pooling == "class-token":
            summary = self._class_tokens(frames, valid_mask)
        elif self.config.pooling == "learned-queries":
            summary = self._answers(self._encoded(frames, valid_mask), valid_mask)
        else:
            summary = self._mean(self._encoded(frames, valid_mask), valid_mask)
        tokens = self.output(summary).view(len(frames), -1, self.config.condition_dim)
        return Condition(tokens, valid_mask.new_ones(tokens.shape[:2]))

    def _encoded(self, frames: Tensor, valid_mask: Tensor) -> Tensor:
        return cast(Tensor, self.encoder(frames, src_key_padding_mask=~valid_mask))

    def _class_tokens(self, frames: Tensor, valid_mask: Tensor) -> Tensor:
        """Return what class tokens in front make of the frames, `(B, C, latent_dim)`."""
        front = self.class_tokens.expand(len(frames), -1, -1)
        front_valid = valid_mask.new_ones(front.shape[:2])
        return encode_front(
            self.encoder,
            torch.cat([front, frames], dim=1),
            torch.cat([front_valid, valid_mask], dim=1),
            front.shape[1],
        )

    def _answers(self, encoded: Tensor, valid_mask: Tensor) -> Tensor:
        """Return what the learned queries find in the encoded frames, `(B, C, latent_dim)`."""
        queries = self.queries.expand(len(encoded), -1, -1)
        found, _ = self.attention(
            queries, encoded, encoded, key_padding_mask=~valid_mask, need_weights=False
        )
        return cast(Tensor, found)

    @staticmethod
    def _mean(encoded: Tensor, valid_mask: Tensor) -> Tensor:
        """Return the mean over the encoded frames, `(B, latent_dim)`."""
        weights = valid_mask / valid_mask.sum(dim=1, keepdim=True)
        return torch.einsum("bl,bld->bd", weights, encoded)
