"""Convolutions over time that can be told where a clip ends.

With a mask, what lies beyond a clip's end is zero at the input of every convolution, which is what
a convolution's own padding shows to a clip that is alone: so a clip's result depends neither on its
padding nor on its batch. Without a mask they are plain convolutions, as published.
"""

from typing import cast

from torch import Tensor, nn
from torch.nn import functional

from audiomotion.config.experiment import RvqConfig


class MaskedConv1d(nn.Conv1d):
    """A convolution that sees zeros where `mask` is 0."""

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Convolve `x` `(B, D, T)`; `mask` is `(B, 1, T)` of zeros and ones, or None."""
        return super().forward(x if mask is None else x * mask)


class ResidualBlock(nn.Module):
    """ReLU, dilated convolution, ReLU, pointwise convolution, and the input again."""

    def __init__(self, width: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.conv1 = MaskedConv1d(width, width, 3, padding=dilation, dilation=dilation)
        self.conv2 = nn.Conv1d(width, width, 1)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Map `(B, D, T)` to the same shape."""
        hidden = functional.relu(self.conv1(functional.relu(x), mask))
        return x + cast(Tensor, self.dropout(self.conv2(hidden)))


class ResidualStack(nn.Module):
    """Residual blocks, the widest dilation first (in the encoder and the decoder, as published)."""

    def __init__(self, config: RvqConfig) -> None:
        super().__init__()
        powers = reversed(range(config.num_residual_blocks))
        self.model = nn.ModuleList(
            ResidualBlock(config.width, config.dilation_growth**power, config.block_dropout)
            for power in powers
        )

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Map `(B, D, T)` to the same shape."""
        for block in self.model:
            x = block(x, mask)
        return x
