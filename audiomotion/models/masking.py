"""How many tokens are masked, which, and what stands there instead."""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

_RANDOM_SHARE = 0.1
"""Share of the masked positions that show a random token."""

_MASK_SHARE = 0.88
"""Share of the other masked positions that show MASK; the rest shows the true token."""


def cosine_schedule(x: Tensor) -> Tensor:
    """Return the share of masked tokens at time `x`: all at 0, none at 1.

    Source: Eq. (6), Sec. 3.3.
    """
    return torch.cos(x * math.pi * 0.5)


@dataclass(frozen=True, eq=False)
class MaskingDraws:
    """Everything that is random in the masking of a training batch."""

    time: Tensor
    """`(B,)` in [0, 1): decides how many tokens are masked."""

    scores: Tensor
    """`(B, n)` in [0, 1): decides which."""

    randomise: Tensor
    """`(B, n)` in [0, 1): decides which of them show a random token."""

    hide: Tensor
    """`(B, n)` in [0, 1): decides which of the others show MASK."""

    tokens: Tensor
    """`(B, n)` int64: the random tokens."""

    @classmethod
    def sample(
        cls, tokens: Tensor, codebook_size: int, generator: torch.Generator | None = None
    ) -> "MaskingDraws":
        """Draw for a batch of `tokens` `(B, n)`, where not said from torch's global generator."""
        source: dict[str, Any] = {"device": tokens.device, "generator": generator}
        scores, randomise, hide = torch.rand(3, *tokens.shape, **source)
        random_tokens = torch.randint(codebook_size, tokens.shape, **source)
        return cls(torch.rand(len(tokens), **source), scores, randomise, hide, random_tokens)


def masked_positions(draws: MaskingDraws, valid_mask: Tensor, min_ratio: float) -> Tensor:
    """Return which positions `(B, n)` the model has to predict.

    The count is a share of the padded width n, at least 1, and positions that fall into the padding
    are lost, as published. `min_ratio` rescales the share from [0, 1] to [min_ratio, 1].
    """
    share = min_ratio + (1 - min_ratio) * cosine_schedule(draws.time)
    count = (valid_mask.shape[1] * share).round().clamp(min=1)
    return (draws.scores.argsort(dim=1) < count[:, None]) & valid_mask


def corrupt(tokens: Tensor, masked: Tensor, draws: MaskingDraws, mask_id: int) -> Tensor:
    """Return what the model sees of `tokens` `(B, n)` where the positions `masked` are hidden.

    Of these 10 % show a random token, 88 % of the others MASK, the rest the true token (as BERT).
    """
    random = masked & (draws.randomise < _RANDOM_SHARE)
    hidden = masked & ~random & (draws.hide < _MASK_SHARE)
    return torch.where(random, draws.tokens, tokens).masked_fill(hidden, mask_id)
