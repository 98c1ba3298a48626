"""Iterative decoding of base tokens, then one pass for each residual layer.

A clip's tokens depend on its condition, its length and its seed, not on the batch it is decoded in.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from audiomotion.config.experiment import MaskedSamplingConfig, ResidualSamplingConfig
from audiomotion.generate.guidance import guided_logits
from audiomotion.generate.noise import ClipNoise
from audiomotion.generate.sampling import draw_tokens
from audiomotion.models.condition import Condition
from audiomotion.models.masked_transformer import MaskedTransformer
from audiomotion.models.masking import cosine_schedule
from audiomotion.models.residual_transformer import ResidualTransformer

_BASE_STREAM, _RESIDUAL_STREAM = 0, 1


def num_masked(time: Tensor, lengths: Tensor) -> Tensor:
    """Return how many of `lengths` tokens are masked at `time` in [0, 1]: at least one.

    Source: Eq. (6), Sec. 3.3. Deviation: rounded to the nearest instead of up, and time runs from 0
    to 1 inclusive, as published; so the last iteration still redraws one token.
    """
    return torch.round(cosine_schedule(time) * lengths).clamp(min=1)


@dataclass(frozen=True, eq=False)
class DecodingStep:
    """One iteration of base decoding; all `(B, n)`."""

    tokens_in: Tensor
    """What the transformer saw: known tokens and `mask_id`; -1 at padding."""

    predicted: Tensor
    """What it predicts at every position."""

    confidence: Tensor
    """Probability of the predicted token, before the filter: what re-masking ranks."""

    tokens: Tensor
    """Known and predicted tokens, no mask left; -1 at padding."""


def base_decoding_steps(
    model: MaskedTransformer,
    condition: Condition,
    lengths: Tensor,
    sampling: MaskedSamplingConfig,
    seeds: Tensor | None = None,
    known: Tensor | None = None,
) -> Iterator[DecodingStep]:
    """Decode base tokens iteration by iteration; see `decode_base_tokens`.

    `known` `(B, n)` are tokens that stay as they are, -1 where there is none yet.
    """
    assert not model.training, "decoding is for evaluation mode: call eval() first"
    if known is None:
        known = lengths.new_full((len(lengths), int(lengths.max())), -1)
    valid = torch.arange(known.shape[1], device=lengths.device) < lengths[:, None]
    missing = valid & (known < 0)
    num_missing = missing.sum(dim=1)
    noise = None if seeds is None else ClipNoise(seeds, _BASE_STREAM)
    tokens = known.masked_fill(missing, model.mask_id)
    scores = torch.where(missing, 0.0, torch.inf)
    for step, time in enumerate(torch.linspace(0, 1, sampling.iterations, device=lengths.device)):
        ranks = scores.argsort(dim=1, stable=True).argsort(dim=1)
        masked = missing & (ranks < num_masked(time, num_missing)[:, None])
        tokens_in = tokens.masked_fill(masked, model.mask_id)
        logits = guided_logits(model, tokens_in, condition, valid, sampling.guidance_scale)
        predicted = draw_tokens(logits, sampling, noise, step)
        confidence = logits.softmax(dim=-1).gather(-1, predicted[..., None]).squeeze(-1)
        # Tokens that were kept stay: only those just predicted compete for the next mask.
        scores = confidence.masked_fill(~masked, torch.inf)
        tokens = torch.where(masked, predicted, tokens_in)
        yield DecodingStep(tokens_in, predicted, confidence, tokens)


@torch.no_grad()
def decode_base_tokens(
    model: MaskedTransformer,
    condition: Condition,
    lengths: Tensor,
    sampling: MaskedSamplingConfig,
    seeds: Tensor | None = None,
) -> Tensor:
    """Generate base tokens `(B, n)` int64, -1 at padding.

    Args:
        model: In evaluation mode.
        condition: What to generate from.
        lengths: `(B,)` int64, tokens of each clip, at least 1; n is the largest.
        sampling: Guidance scale, iterations, temperature, filter.
        seeds: `(B,)` int64, one a clip; without seeds the likeliest token is taken.

    Source: Sec. 3.3, "Motion Generation".
    """
    *_, last = base_decoding_steps(model, condition, lengths, sampling, seeds)
    return last.tokens


@torch.no_grad()
def edit_base_tokens(
    model: MaskedTransformer,
    condition: Condition,
    tokens: Tensor,
    edit_mask: Tensor,
    sampling: MaskedSamplingConfig,
    seeds: Tensor | None = None,
) -> Tensor:
    """Generate some of the base `tokens` `(B, n)` anew, seeing all others, which stay.

    The schedule is that of generation, over the edited tokens alone. `decode_residual_tokens` then
    predicts the finer layers of the whole clip anew, as the published editing does: there a kept
    token may change, since it hangs on the base tokens around it.

    Args:
        model: In evaluation mode.
        condition: What to generate from.
        tokens: int64, -1 at padding.
        edit_mask: `(B, n)`, True where a token is generated anew; padding stays padding. Deviation:
            a clip without any comes back as it was; published code redraws one token of it.
        sampling: Guidance scale, iterations, temperature, filter.
        seeds: `(B,)` int64, one a clip; without seeds the likeliest token is taken.

    Source: "temporal inpainting" of the published code.
    """
    lengths, known = (tokens >= 0).sum(dim=1), tokens.masked_fill(edit_mask, -1)
    *_, last = base_decoding_steps(model, condition, lengths, sampling, seeds, known)
    return last.tokens


@torch.no_grad()
def decode_residual_tokens(
    model: ResidualTransformer,
    base_tokens: Tensor,
    condition: Condition,
    sampling: ResidualSamplingConfig,
    seeds: Tensor | None = None,
) -> Tensor:
    """Add the finer layers to `base_tokens` `(B, n)`: `(B, n, Q)` int64, -1 at padding.

    Where the transformer draws its class PAD there is no code: -1, which decodes to nothing.

    Args:
        model: In evaluation mode.
        base_tokens: -1 at padding.
        condition: What to generate from.
        sampling: Guidance scale, temperature, filter.
        seeds: `(B,)` int64, one a clip; without seeds the likeliest token is taken.

    Source: Sec. 3.3, "Motion Generation".
    """
    assert not model.training, "decoding is for evaluation mode: call eval() first"
    valid = base_tokens >= 0
    tokens = base_tokens.new_full((*base_tokens.shape, model.num_quantizers), -1)
    tokens[..., 0] = base_tokens
    noise = None if seeds is None else ClipNoise(seeds, _RESIDUAL_STREAM)
    for layer in range(1, model.num_quantizers):

        def predict(known: Tensor, given: Condition, mask: Tensor, layer: int = layer) -> Tensor:
            logits: Tensor = model(known, layer, given, mask)
            return logits

        logits = guided_logits(predict, tokens, condition, valid, sampling.guidance_scale)
        drawn = draw_tokens(logits, sampling, noise, layer)
        tokens[..., layer] = drawn.masked_fill(~valid | (drawn == model.pad_id), -1)
    return tokens
