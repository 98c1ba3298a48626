"""Classifier-free guidance, the one place where it is computed."""

from collections.abc import Callable

import torch
from torch import Tensor

from audiomotion.models.condition import Condition

Predict = Callable[[Tensor, Condition, Tensor], Tensor]
"""Tokens `(B, ...)`, condition and valid mask to logits `(B, n, K)`."""


def guide(conditional: Tensor, unconditional: Tensor, scale: float) -> Tensor:
    """Move conditional logits away from unconditional ones: `w_u + c (w_c - w_u)`.

    `scale` is c, as published values are given; the paper's formula `(1 + s) w_c - s w_u` is the
    same with s = c - 1. At c = 1 there is no guidance: the conditional logits come back unchanged.

    Source: Sec. 3.3, last paragraph.
    """
    if scale == 1:
        return conditional
    return unconditional + scale * (conditional - unconditional)


def guided_logits(
    predict: Predict, tokens: Tensor, condition: Condition, valid_mask: Tensor, scale: float
) -> Tensor:
    """Return guided logits `(B, n, K)`: both passes as one batch, only one of them at scale 1."""
    if scale == 1:
        return predict(tokens, condition, valid_mask)
    logits = predict(
        torch.cat([tokens, tokens]),
        Condition.concatenate([condition, condition.null()]),
        torch.cat([valid_mask, valid_mask]),
    )
    conditional, unconditional = logits.chunk(2)
    return guide(conditional, unconditional, scale)
