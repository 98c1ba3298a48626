"""Losses that draw a caption and its motion together and other pairs apart."""

import torch
from torch import Tensor
from torch.nn import functional

from audiomotion.config.experiment import EvaluatorConfig


def matching_pairs(*labels: Tensor) -> Tensor:
    """Return which pairs of a batch belong together, `(B, B)` bool, True on the diagonal.

    Two examples belong together if they agree in any of the given labels, each `(B,)` integers: the
    clip, say, and the text of the caption. Such pairs must never be drawn apart.
    """
    matches = torch.zeros(len(labels[0]), len(labels[0]), dtype=torch.bool, device=labels[0].device)
    for label in labels:
        matches |= label[:, None] == label[None]
    return matches


def evaluator_loss(
    text: Tensor, motion: Tensor, matches: Tensor, config: EvaluatorConfig
) -> tuple[Tensor, dict[str, Tensor]]:
    """Return the configured loss and the terms to plot.

    Args:
        text: Caption embeddings `(B, E)`.
        motion: Motion embeddings `(B, E)`; row i belongs to caption i.
        matches: Pairs that belong together, `(B, B)` bool.
        config: Which loss, and its margin or temperature.
    """
    if config.loss == "infonce":
        loss = info_nce_loss(text, motion, matches, config.temperature)
        return loss, {}
    return contrastive_loss(text, motion, matches, config.margin)


def contrastive_loss(
    text: Tensor, motion: Tensor, matches: Tensor, margin: float
) -> tuple[Tensor, dict[str, Tensor]]:
    """Return the margin loss and its terms: squared distances, squared misses of the margin.

    Each motion is set against the caption that a random shift of the batch gives it (drawn from
    torch's global generator).

    Deviation: the published shift can be 0, which draws every pair apart, and equal captions count
    as negatives; here a shift is at least 1, and matching pairs are left out of the mean.
    """
    attraction = _distance(text, motion).square().mean()
    if len(text) < 2:
        repulsion = torch.zeros_like(attraction)
    else:
        others = _shifted_rows(len(text)).to(text.device)
        misses = (margin - _distance(text[others], motion)).clamp(min=0).square()
        wrong = ~matches[others, torch.arange(len(text), device=text.device)]
        repulsion = (misses * wrong).sum() / wrong.sum().clamp(min=1)
    return attraction + repulsion, {"attraction": attraction, "repulsion": repulsion}


def _shifted_rows(batch_size: int) -> Tensor:
    shift = torch.randint(1, batch_size, ())
    return (torch.arange(batch_size) + shift) % batch_size


def _distance(a: Tensor, b: Tensor) -> Tensor:
    # The small term keeps the gradient of the root finite where the two coincide.
    return functional.pairwise_distance(a, b, eps=1e-6)


def info_nce_loss(text: Tensor, motion: Tensor, matches: Tensor, temperature: float) -> Tensor:
    """Return the symmetric cross entropy of cosine similarities over the batch.

    Pairs that match without being the pair itself take no part.

    Source: Petrovich et al., TMR, ICCV 2023, Sec. 3.2.
    """
    logits = functional.normalize(text) @ functional.normalize(motion).T / temperature
    diagonal = torch.eye(len(text), dtype=torch.bool, device=text.device)
    logits = logits.masked_fill(matches & ~diagonal, float("-inf"))
    target = torch.arange(len(text), device=text.device)
    return (
        functional.cross_entropy(logits, target) + functional.cross_entropy(logits.T, target)
    ) / 2
