"""What the transformers have in common: positions, encoder layers, the frame around motion tokens.

Attribute names are those of the published checkpoints.
"""

import math
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from audiomotion.config.experiment import TransformerConfig
from audiomotion.errors import ModelError
from audiomotion.models.condition import Condition
from audiomotion.models.group import ALONE, WorkerGroup


class SinusoidalPositions(nn.Module):
    """Add sines and cosines of the position, so that order can be told."""

    pe: Tensor

    def __init__(self, dim: int, dropout: float = 0.0, max_length: int = 5000) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        frequencies = torch.exp(torch.arange(0, dim, 2) * (-math.log(10_000.0) / dim))
        angles = torch.arange(max_length)[:, None] * frequencies
        table = torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)[:, :dim]
        self.register_buffer("pe", table.contiguous(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Add positions 0, 1, ... to `(B, T, D)`.

        Raises:
            ModelError: T is longer than the table.
        """
        if x.shape[1] > len(self.pe):
            raise ModelError(
                f"a sequence of {x.shape[1]} is longer than the {len(self.pe)} positions there "
                "are; shorten the clip"
            )
        return cast(Tensor, self.dropout(x + self.pe[: x.shape[1]]))


def build_encoder(
    dim: int,
    num_layers: int,
    num_heads: int,
    feedforward_dim: int,
    dropout: float,
    *,
    norm_first: bool = False,
) -> nn.TransformerEncoder:
    """Build encoder layers with GELU: post-norm and without a norm after the last, as published.

    With `norm_first` they are pre-norm, and a norm follows the last.

    Raises:
        ModelError: The heads do not divide the width.
    """
    if dim % num_heads:
        raise ModelError(
            f"{num_heads} heads do not divide a width of {dim}; choose a multiple of {num_heads}"
        )
    layer = nn.TransformerEncoderLayer(
        dim,
        num_heads,
        feedforward_dim,
        dropout,
        activation="gelu",
        batch_first=True,
        norm_first=norm_first,
    )
    norm = nn.LayerNorm(dim) if norm_first else None
    return nn.TransformerEncoder(layer, num_layers, norm, enable_nested_tensor=False)


def encode_front(
    encoder: nn.TransformerEncoder, x: Tensor, valid_mask: Tensor, num_front: int
) -> Tensor:
    """Return what `encoder` makes of the first `num_front` of the vectors `x` `(B, T, D)`.

    The last layer is computed for these alone, which gives the same numbers: with one layer over a
    hundred frames, a third of the time.
    """
    *layers, last = (cast(nn.TransformerEncoderLayer, layer) for layer in encoder.layers)
    for layer in layers:
        x = layer(x, src_key_padding_mask=~valid_mask)
    front = x[:, :num_front]
    if last.norm_first:
        front = front + _attend(last, last.norm1(x), valid_mask, num_front)
        front = front + _feed_forward(last, last.norm2(front))
        return cast(Tensor, cast(nn.LayerNorm, encoder.norm)(front))
    front = last.norm1(front + _attend(last, x, valid_mask, num_front))
    return cast(Tensor, last.norm2(front + _feed_forward(last, front)))


def _attend(
    layer: nn.TransformerEncoderLayer, x: Tensor, valid_mask: Tensor, num_front: int
) -> Tensor:
    """Return what the first `num_front` of `x` `(B, T, D)` find in all of it."""
    found, _ = layer.self_attn(
        x[:, :num_front], x, x, key_padding_mask=~valid_mask, need_weights=False
    )
    return cast(Tensor, layer.dropout1(found))


def _feed_forward(layer: nn.TransformerEncoderLayer, x: Tensor) -> Tensor:
    hidden = layer.dropout(functional.gelu(layer.linear1(x)))
    return cast(Tensor, layer.dropout2(layer.linear2(hidden)))


def initialise(module: nn.Module) -> None:
    """Set fresh weights as published: small normal ones, zero biases.

    Deviation: the attention's input weights, in the published code one draw copied to all layers,
    are drawn for each layer.
    """
    for part in module.modules():
        if isinstance(part, nn.Linear | nn.Embedding):
            nn.init.normal_(part.weight, std=0.02)
        if isinstance(part, nn.Linear) and part.bias is not None:
            nn.init.zeros_(part.bias)
        if isinstance(part, nn.MultiheadAttention):
            nn.init.xavier_uniform_(part.in_proj_weight)


class InputProjection(nn.Module):
    """Token embeddings to the transformer's width."""

    def __init__(self, token_dim: int, dim: int) -> None:
        super().__init__()
        self.poseEmbedding = nn.Linear(token_dim, dim)

    def forward(self, embeddings: Tensor) -> Tensor:
        """Map `(B, n, token_dim)` to `(B, n, D)`."""
        return cast(Tensor, self.poseEmbedding(embeddings))


class OutputHead(nn.Module):
    """Linear, GELU, LayerNorm, linear."""

    def __init__(self, dim: int, output_dim: int) -> None:
        super().__init__()
        self.dense = nn.Linear(dim, dim)
        self.LayerNorm = nn.LayerNorm(dim, eps=1e-12)
        self.poseFinal = nn.Linear(dim, output_dim)

    def forward(self, hidden: Tensor) -> Tensor:
        """Map `(B, n, D)` to `(B, n, output_dim)`."""
        return cast(Tensor, self.poseFinal(self.LayerNorm(functional.gelu(self.dense(hidden)))))


class ConditionedTransformer(nn.Module):
    """Motion tokens behind condition tokens; attention runs over both.

    The condition tokens get no position: with several of them, they are a set.
    """

    group: WorkerGroup = ALONE
    """Who trains it: of tokens each worker gets the whole batch, of conditions its own share."""

    def __init__(self, config: TransformerConfig, condition_dim: int, output_dim: int) -> None:
        super().__init__()
        self.condition_drop_prob = config.condition_drop_prob
        dim, dropout = config.latent_dim, config.dropout
        self.input_process = InputProjection(config.token_dim, dim)
        self.position_enc = SinusoidalPositions(dim, dropout)
        self.seqTransEncoder = build_encoder(
            dim, config.num_layers, config.num_heads, config.feedforward_dim, dropout
        )
        self.cond_emb = nn.Linear(condition_dim, dim)
        self.output_process = OutputHead(dim, output_dim)

    def contextualise(
        self,
        embeddings: Tensor,
        condition: Condition,
        valid_mask: Tensor,
        indicator: Tensor | None = None,
    ) -> Tensor:
        """Return `(B, n, output_dim)` for token embeddings `(B, n, token_dim)`.

        `indicator` `(B, D)` is one more vector in front, between condition and motion.
        """
        front = self.cond_emb(condition.tokens)
        front_valid = condition.valid_mask
        if indicator is not None:
            front = torch.cat([front, indicator[:, None]], dim=1)
            front_valid = functional.pad(front_valid, (0, 1), value=True)
        motion = self.position_enc(self.input_process(embeddings))
        valid = torch.cat([front_valid, valid_mask], dim=1)
        hidden = self.seqTransEncoder(
            torch.cat([front, motion], dim=1), src_key_padding_mask=~valid
        )
        return cast(Tensor, self.output_process(hidden[:, front.shape[1] :]))

    def _training_condition(self, condition: Condition) -> Condition:
        """Return the condition, in training mode now and then the null condition."""
        if not self.training:
            return condition
        return condition.drop(self.condition_drop_prob, self.group)


def token_loss(
    logits: Tensor, targets: Tensor, counted: Tensor, group: WorkerGroup = ALONE
) -> tuple[Tensor, dict[str, Tensor]]:
    """Return mean cross entropy and accuracy over the `counted` `(B, n)` positions of a batch.

    In a group `logits` are those of the own clips, and so is the part of the means.
    """
    count = max(1, int(counted.sum()))
    own = group.own(counted)
    logits, targets = logits[own], group.own(targets)[own]
    loss = functional.cross_entropy(logits, targets, reduction="sum") / count
    return loss, {"accuracy": (logits.argmax(dim=-1) == targets).sum() / count}
