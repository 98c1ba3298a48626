"""Strided convolutions, then average pooling to a few tokens."""

from torch import Tensor, nn

from audiomotion.config.compressors import Conv1dConfig
from audiomotion.models.compressors.base import Compressor
from audiomotion.models.compressors.downsampling import Downsampling
from audiomotion.models.compressors.frames import FrameNorm
from audiomotion.models.compressors.segments import segment_means
from audiomotion.models.condition import Condition


class Conv1d(Compressor):
    """A stack of strided convolutions; the last one's outputs are averaged over equal segments.

    Every layer sees zeros where a clip has ended, as if the clip were alone.

    Source: Conv1d of table 6; the paper gives no sizes. Deviation: each frame is normalised first,
    as in every compressor, and so are the outputs of each layer, without which the signal fades by
    a factor of three a layer at the start (measured: 0.32, 0.10, 0.03).
    """

    def __init__(self, config: Conv1dConfig, feature_dim: int) -> None:
        super().__init__()
        self.condition_dim = config.condition_dim
        self.num_condition_tokens = config.num_condition_tokens
        self.norm = FrameNorm(feature_dim)
        widths = [feature_dim] + [config.condition_dim] * (config.num_layers - 1)
        self.layers = nn.ModuleList(
            Downsampling(width, config.condition_dim, config.stride, config.kernel_size)
            for width in widths
        )

    def forward(self, features: Tensor, valid_mask: Tensor) -> Condition:
        """Compress `features` `(B, L, F)` to a condition `(B, C, D)`."""
        hidden = self.norm(features, valid_mask)
        for layer in self.layers:
            hidden, valid_mask = layer(hidden, valid_mask)
        tokens = segment_means(hidden, valid_mask, self.num_condition_tokens)
        return Condition(tokens, valid_mask.new_ones(tokens.shape[:2]))
