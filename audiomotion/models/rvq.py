"""RVQ-VAE: motion to layers of tokens, a quarter of the frame rate, and back.

Attribute names of encoder and decoder are those of the published checkpoints.
"""

from dataclasses import dataclass
from typing import cast

from torch import Tensor, nn

from audiomotion.config.experiment import RvqConfig
from audiomotion.models.convolution import MaskedConv1d, ResidualStack
from audiomotion.models.quantizer import ResidualQuantizer
from audiomotion.models.rvq_loss import RvqLoss, rvq_loss
from audiomotion.motion.skeleton import FeatureLayout


class Downsampling(nn.ModuleList):
    """Half the frame rate, then residual blocks."""

    def __init__(self, config: RvqConfig) -> None:
        halving = MaskedConv1d(config.width, config.width, 4, stride=2, padding=1)
        super().__init__([halving, ResidualStack(config)])

    def forward(self, x: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Map `(B, D, T)` and its mask to `(B, D, T // 2)` and its mask."""
        halving, blocks = self
        x = halving(x, mask)
        mask = None if mask is None else mask[..., 1::2]
        return blocks(x, mask), mask


class Upsampling(nn.ModuleList):
    """Residual blocks, then twice the frame rate."""

    def __init__(self, config: RvqConfig) -> None:
        doubling = nn.Upsample(scale_factor=2, mode="nearest")
        smoothing = MaskedConv1d(config.width, config.width, 3, padding=1)
        super().__init__([ResidualStack(config), doubling, smoothing])

    def forward(self, x: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Map `(B, D, T)` and its mask to `(B, D, 2T)` and its mask."""
        blocks, doubling, smoothing = self
        x = doubling(blocks(x, mask))
        mask = None if mask is None else mask.repeat_interleave(2, dim=-1)
        return smoothing(x, mask), mask


class MotionEncoder(nn.Module):
    """Frames `(B, P, N)` to latents `(B, D, n)`."""

    def __init__(self, config: RvqConfig, feature_dim: int) -> None:
        super().__init__()
        first = MaskedConv1d(feature_dim, config.width, 3, padding=1)
        stages = [Downsampling(config) for _ in range(config.num_downsamplings)]
        last = MaskedConv1d(config.width, config.code_dim, 3, padding=1)
        self.model = nn.ModuleList([first, nn.ReLU(), *stages, last])

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Encode `x` `(B, P, N)`; `mask` is `(B, 1, N)` of zeros and ones, or None."""
        first, activation, *stages, last = self.model
        x = activation(first(x, mask))
        for stage in stages:
            x, mask = stage(x, mask)
        return cast(Tensor, last(x, mask))


class MotionDecoder(nn.Module):
    """Latents `(B, D, n)` to frames `(B, P, N)`."""

    def __init__(self, config: RvqConfig, feature_dim: int) -> None:
        super().__init__()
        first = MaskedConv1d(config.code_dim, config.width, 3, padding=1)
        stages = [Upsampling(config) for _ in range(config.num_downsamplings)]
        smoothing = MaskedConv1d(config.width, config.width, 3, padding=1)
        last = MaskedConv1d(config.width, feature_dim, 3, padding=1)
        self.model = nn.ModuleList([first, nn.ReLU(), *stages, smoothing, nn.ReLU(), last])

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Decode `x` `(B, D, n)`; `mask` is `(B, 1, n)` of zeros and ones, or None."""
        first, activation, *stages, smoothing, _, last = self.model
        x = activation(first(x, mask))
        for stage in stages:
            x, mask = stage(x, mask)
        x = last(activation(smoothing(x, mask)), mask)
        return x if mask is None else x * mask


@dataclass(frozen=True, eq=False)
class RvqOutput:
    """What the RVQ-VAE makes of motion."""

    reconstruction: Tensor
    """`(B, 4n, P)`, normalised like the input."""

    tokens: Tensor
    """`(B, n, Q)` int64; -1 at dropped layers and at padding."""

    commitment: Tensor
    """Mean squared distance of residual and code: one number for each layer not dropped."""

    perplexity: Tensor
    """Codes in effective use, the mean over those layers."""


class RvqVae(nn.Module):
    """Motion features to tokens and back.

    Source: Sec. 3.3; sizes and details of the published code. With `padding: exact` a clip's tokens
    and frames are the same alone and in any batch. Deviation: `padding: published` lets padding in,
    as the published code does.
    """

    def __init__(self, config: RvqConfig, feature_dim: int, num_joints: int) -> None:
        super().__init__()
        self.config = config
        self.positions = FeatureLayout.of(num_joints).positions
        self.encoder = MotionEncoder(config, feature_dim)
        self.decoder = MotionDecoder(config, feature_dim)
        self.quantizer = ResidualQuantizer(config)

    @property
    def frames_per_token(self) -> int:
        """Frames that a token stands for."""
        return self.config.frames_per_token

    def encode(self, features: Tensor, valid_mask: Tensor | None = None) -> Tensor:
        """Return the tokens `(B, n, Q)` int64 of normalised `features` `(B, N, P)`.

        n = N // 4: up to 3 frames at the end have no token of their own. Tokens of padding are -1.
        """
        assert not self.training, "tokens are those of evaluation mode: call eval() first"
        tokens = self.quantizer.encode(self._latents(features, valid_mask))
        valid = self._token_mask(valid_mask)
        return tokens if valid is None else tokens.masked_fill(~valid[..., None], -1)

    def decode(self, tokens: Tensor) -> Tensor:
        """Return the normalised frames `(B, 4n, P)` of `tokens` `(B, n, at most Q)`.

        A token of -1, like a layer that is not given, adds nothing. Where even the base token is -1
        there is padding, and the frames are zero (with `padding: exact`).
        """
        assert not self.training, "frames are those of evaluation mode: call eval() first"
        return self._frames(self.quantizer.decode(tokens), tokens[..., 0] >= 0)

    def forward(self, features: Tensor, valid_mask: Tensor | None = None) -> RvqOutput:
        """Encode, quantize and decode normalised `features` `(B, N, P)`."""
        valid = self._token_mask(valid_mask)
        quantized = self.quantizer(self._latents(features, valid_mask), valid)
        return RvqOutput(
            reconstruction=self._frames(quantized.latents, valid),
            tokens=quantized.tokens,
            commitment=quantized.commitment,
            perplexity=quantized.perplexity,
        )

    def training_loss(
        self, features: Tensor, valid_mask: Tensor | None = None
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss of a batch of normalised `features` `(B, N, P)` and terms to plot."""
        output: RvqOutput = self(features, valid_mask)
        valid = self._token_mask(valid_mask)
        frames = None if valid is None else valid.repeat_interleave(self.frames_per_token, dim=1)
        target = features[:, : output.reconstruction.shape[1]]
        loss: RvqLoss = rvq_loss(
            self.config, output.reconstruction, target, output.commitment, self.positions, frames
        )
        return loss.total, {**loss.terms(), "perplexity": output.perplexity}

    def _latents(self, features: Tensor, valid_mask: Tensor | None) -> Tensor:
        latents: Tensor = self.encoder(
            features.transpose(1, 2), self._conv_mask(valid_mask, features)
        )
        return latents.transpose(1, 2)

    def _frames(self, latents: Tensor, valid_mask: Tensor | None) -> Tensor:
        frames: Tensor = self.decoder(latents.transpose(1, 2), self._conv_mask(valid_mask, latents))
        # Element-wise losses are many times slower on strided memory.
        return frames.transpose(1, 2).contiguous()

    def _conv_mask(self, valid_mask: Tensor | None, like: Tensor) -> Tensor | None:
        if valid_mask is None or self.config.padding == "published":
            return None
        return valid_mask[:, None].to(like.dtype)

    def _token_mask(self, valid_mask: Tensor | None) -> Tensor | None:
        """Return which tokens `(B, n)` lie wholly inside the clip."""
        step = self.frames_per_token
        return None if valid_mask is None else valid_mask[:, step - 1 :: step]
