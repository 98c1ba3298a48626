"""Memory retrieval: each frame looks up learned tokens, and an encoder sums up what it found."""

import math

import torch
from torch import Tensor, nn

from audiomotion.config.compressors import MemoryRetrievalConfig
from audiomotion.models.compressors.base import Compressor
from audiomotion.models.condition import Condition
from audiomotion.models.transformer import SinusoidalPositions, build_encoder


class MemoryRetrieval(Compressor):
    """Replace each frame by the learned tokens it attends to, then encode.

    What the frames hold beside motion (who speaks, how loud) has no way past the memory but through
    the weights of its tokens.

    Source: Eq. (1), Sec. 3.2. Deviation: the paper does not say how the encoder arrives at one
    vector; here class tokens in front do, as in the text encoder it starts from.
    """

    def __init__(self, config: MemoryRetrievalConfig, feature_dim: int) -> None:
        super().__init__()
        self.num_condition_tokens = config.num_condition_tokens
        self.condition_dim = config.condition_dim
        dim = config.memory_dim
        self.memory = nn.Parameter(torch.randn(config.num_memory_tokens, dim))
        self.query = nn.Linear(feature_dim, dim)
        self.key = nn.Linear(dim, dim)
        self.value = nn.Linear(dim, dim)
        self.positions = SinusoidalPositions(dim, config.dropout)
        self.class_tokens = nn.Parameter(torch.randn(config.num_condition_tokens, dim))
        self.encoder = build_encoder(
            dim, config.num_layers, config.num_heads, config.feedforward_dim, config.dropout
        )
        fits = dim == config.condition_dim
        self.output = nn.Identity() if fits else nn.Linear(dim, config.condition_dim)

    def forward(self, features: Tensor, valid_mask: Tensor) -> Condition:
        """Compress `features` `(B, L, F)` to a condition `(B, C, D)`."""
        retrieved = self.positions(self.retrieve(features * valid_mask[..., None]))
        front = self.class_tokens.expand(len(features), -1, -1)
        front_valid = valid_mask.new_ones(front.shape[:2])
        hidden = self.encoder(
            torch.cat([front, retrieved], dim=1),
            src_key_padding_mask=~torch.cat([front_valid, valid_mask], dim=1),
        )
        return Condition(self.output(hidden[:, : front.shape[1]]), front_valid)

    def retrieve(self, features: Tensor) -> Tensor:
        """Return the mixture of memory `(B, L, D)` that each frame `(B, L, F)` retrieves.

        Source: Eq. (1), Sec. 3.2.
        """
        queries, keys, values = self.query(features), self.key(self.memory), self.value(self.memory)
        scores = queries @ keys.t() / math.sqrt(keys.shape[1])
        mixture: Tensor = torch.softmax(scores, dim=-1) @ values
        return mixture
