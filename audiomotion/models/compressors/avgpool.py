"""Average pooling: the frames' mean over equal segments, with no more than linear layers."""

import math

import torch
from torch import Tensor, nn

from audiomotion.config.compressors import AvgPoolConfig
from audiomotion.models.compressors.base import Compressor
from audiomotion.models.compressors.frames import FrameNorm
from audiomotion.models.compressors.segments import segment_means
from audiomotion.models.condition import Condition


class AvgPool(Compressor):
    """Means over k equal segments of the frames, each mapped linearly to a condition token.

    Source: AvgPool-k of table 6. The paper does not say how a mean becomes a condition. Each
    segment has a linear layer of its own: the transformers take condition tokens as a set, so with
    one layer for all (`shared_linear`) nothing would tell the first segment from the last.
    Deviation: each frame is normalised first, as in every compressor.
    """

    def __init__(self, config: AvgPoolConfig, feature_dim: int) -> None:
        super().__init__()
        self.condition_dim = config.condition_dim
        self.num_condition_tokens = config.num_segments
        num_maps = 1 if config.shared_linear else config.num_segments
        self.norm = FrameNorm(feature_dim)
        self.weight = nn.Parameter(torch.empty(num_maps, feature_dim, config.condition_dim))
        self.bias = nn.Parameter(torch.empty(num_maps, 1, config.condition_dim))
        for parameter in (self.weight, self.bias):  # as nn.Linear starts out
            nn.init.uniform_(parameter, -1 / math.sqrt(feature_dim), 1 / math.sqrt(feature_dim))

    def forward(self, features: Tensor, valid_mask: Tensor) -> Condition:
        """Compress `features` `(B, L, F)` to a condition `(B, C, D)`."""
        means = segment_means(
            self.norm(features, valid_mask), valid_mask, self.num_condition_tokens
        )
        tokens = (means.transpose(0, 1) @ self.weight + self.bias).transpose(0, 1)
        return Condition(tokens, valid_mask.new_ones(tokens.shape[:2]))
