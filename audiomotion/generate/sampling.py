"""Drawing tokens from logits."""

import math

import torch
from torch import Tensor

from audiomotion.config.experiment import SamplingConfig
from audiomotion.generate.noise import ClipNoise


def likeliest(logits: Tensor, filtered_share: float) -> tuple[Tensor, Tensor]:
    """Return the logits and classes `(..., k)` that are left without the least likely share.

    k is (1 - share) of the classes, rounded up: at least one.
    """
    num_kept = max(1, math.ceil((1 - filtered_share) * logits.shape[-1]))
    values, classes = logits.topk(num_kept, dim=-1)
    return values, classes


def gumbel_argmax(logits: Tensor, uniform: Tensor, temperature: float) -> Tensor:
    """Return a draw from softmax(logits / temperature) over the last axis, by `uniform` noise."""
    return (logits / temperature - torch.log(-torch.log(uniform))).argmax(dim=-1)


def draw_tokens(
    logits: Tensor, sampling: SamplingConfig, noise: ClipNoise | None, step: int
) -> Tensor:
    """Draw tokens `(B, n)` from `logits` `(B, n, K)`; without noise, take the likeliest."""
    if noise is None:
        return logits.argmax(dim=-1)
    values, classes = likeliest(logits, sampling.top_k_filter)
    chosen = gumbel_argmax(values, noise.uniform(step, classes), sampling.temperature)
    return classes.gather(-1, chosen[..., None]).squeeze(-1)
