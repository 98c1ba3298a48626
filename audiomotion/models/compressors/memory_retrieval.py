"""Memory retrieval: each frame looks up learned tokens, and an encoder sums up what it found."""

import math
from typing import cast

import torch
from torch import Tensor, nn

from audiomotion.config.compressors import MemoryRetrievalConfig
from audiomotion.models.compressors.base import Compressor
from audiomotion.models.compressors.downsampling import Downsampling
from audiomotion.models.condition import Condition
from audiomotion.models.transformer import SinusoidalPositions, build_encoder, encode_front

_SCORE_SPREAD = 4.0
"""Initial standard deviation of the attention scores: a frame starts out with a few tokens.

Measured on a toy task: with torch's initial weights (0.3) all frames retrieve nearly the same mean,
and accuracy after 320 steps is 0.40 instead of 0.80.
"""

_VALUE_SPREAD = 2.0
"""Initial standard deviation of the values: what is retrieved is then as large as the positions."""

_CLASS_TOKEN_SPREAD = 0.02
"""Initial standard deviation of the class tokens: they start as what they attend to."""


class MemoryRetrieval(Compressor):
    """Replace each frame by the learned tokens it attends to, then encode.

    What the frames hold beside motion (who speaks, how loud) has no way past the memory but through
    the weights of its tokens.

    Source: Eq. (1), Sec. 3.2. Deviation: the paper does not say how the encoder arrives at one
    vector; here class tokens in front do, as in the text encoder it starts from. Each frame is
    normalised first, since extractors differ in scale.
    """

    def __init__(self, config: MemoryRetrievalConfig, feature_dim: int) -> None:
        super().__init__()
        self.config = config
        self.condition_dim = config.condition_dim
        self.num_condition_tokens = config.num_condition_tokens
        dim, num_tokens = config.memory_dim, config.num_condition_tokens
        self.norm = nn.LayerNorm(feature_dim)
        self.downsampling = None
        if config.downsampling > 1:
            self.downsampling = Downsampling(feature_dim, dim, config.downsampling)
            feature_dim = dim
        self.memory = nn.Parameter(torch.randn(config.num_memory_tokens, dim))
        self.query = nn.Linear(feature_dim, dim)
        self.key = nn.Linear(dim, dim)
        self.value = nn.Linear(dim, dim)
        self.positions = SinusoidalPositions(dim, config.dropout)
        self.encoder = build_encoder(
            dim,
            config.num_layers,
            config.num_heads,
            config.feedforward_dim,
            config.dropout,
            norm_first=config.norm_first,
        )
        if config.pooling == "class-token":
            self.class_tokens = nn.Parameter(_CLASS_TOKEN_SPREAD * torch.randn(num_tokens, dim))
            self.output = nn.Linear(dim, config.condition_dim)
        else:
            self.output = nn.Linear(dim, num_tokens * config.condition_dim)
        nn.init.normal_(self.query.weight, std=_SCORE_SPREAD / math.sqrt(feature_dim))
        nn.init.normal_(self.key.weight, std=1 / math.sqrt(dim))
        nn.init.normal_(self.value.weight, std=_VALUE_SPREAD / math.sqrt(dim))

    def forward(self, features: Tensor, valid_mask: Tensor) -> Condition:
        """Compress `features` `(B, L, F)` to a condition `(B, C, D)`."""
        features = self.norm(features * valid_mask[..., None])
        if self.downsampling is not None:
            features, valid_mask = self.downsampling(features, valid_mask)
        retrieved = self.positions(self.retrieve(features))
        if self.config.pooling == "mean":
            tokens = self._mean(retrieved, valid_mask)
        else:
            tokens = self._class_tokens(retrieved, valid_mask)
        return Condition(tokens, valid_mask.new_ones(tokens.shape[:2]))

    def _class_tokens(self, retrieved: Tensor, valid_mask: Tensor) -> Tensor:
        """Return what class tokens in front make of the frames, `(B, C, D)`."""
        front = self.class_tokens.expand(len(retrieved), -1, -1)
        front_valid = valid_mask.new_ones(front.shape[:2])
        summary = encode_front(
            self.encoder,
            torch.cat([front, retrieved], dim=1),
            torch.cat([front_valid, valid_mask], dim=1),
            front.shape[1],
        )
        return cast(Tensor, self.output(summary))

    def _mean(self, retrieved: Tensor, valid_mask: Tensor) -> Tensor:
        """Return maps of the mean over the encoded frames, one for each token, `(B, C, D)`."""
        encoded = self.encoder(retrieved, src_key_padding_mask=~valid_mask)
        weights = valid_mask / valid_mask.sum(dim=1, keepdim=True)
        mean = torch.einsum("bl,bld->bd", weights, encoded)
        return cast(Tensor, self.output(mean).view(len(mean), -1, self.config.condition_dim))

    def retrieve(self, features: Tensor) -> Tensor:
        """Return the mixture of memory `(B, L, D)` that each normalised frame retrieves.

        Source: Eq. (1), Sec. 3.2.
        """
        queries = self.query(features)
        keys, values = self.key(self.memory), self.value(self.memory)
        scores = queries @ keys.t() / math.sqrt(keys.shape[1])
        mixture: Tensor = torch.softmax(scores, dim=-1) @ values
        return queries + mixture if self.config.residual else mixture
