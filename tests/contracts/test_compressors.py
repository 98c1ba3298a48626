"""What every compressor must do, whichever package it comes from."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from audiomotion.config.compressors import COMPRESSORS
from audiomotion.models.compressors.base import Compressor, build_compressor

FEATURE_DIM = 12
SMALL = {
    "condition_dim": 20,
    "num_memory_tokens": 8,
    "memory_dim": 16,
    "num_layers": 1,
    "num_heads": 2,
    "feedforward_dim": 32,
}
OPTIONS: dict[str, dict[str, Any]] = {
    "": {},
    " downsampled": {"downsampling": 3},
    " residual pre-norm": {"residual": True, "norm_first": True},
    " mean": {"pooling": "mean", "num_condition_tokens": 2},
}
CASES = {
    name + suffix: (schema, options)
    for name, schema in COMPRESSORS.schemas.items()
    for suffix, options in OPTIONS.items()
    if options.keys() <= schema.model_fields.keys()
}
NAMES = sorted(CASES)


def build(case: str) -> Compressor:
    torch.manual_seed(0)
    schema, options = CASES[case]
    sizes: dict[str, Any] = {k: v for k, v in SMALL.items() if k in schema.model_fields}
    return build_compressor(schema(**sizes, **options), FEATURE_DIM).eval()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("length", [1, 2, 50, 3000])
@torch.no_grad()
def test_any_length_gives_a_condition_of_the_declared_shape(name: str, length: int) -> None:
    compressor = build(name)
    condition = compressor(torch.randn(2, length, FEATURE_DIM), torch.ones(2, length).bool())
    assert condition.tokens.shape == (2, compressor.num_condition_tokens, 20)
    assert compressor.condition_dim == 20
    assert condition.valid_mask.shape == (2, compressor.num_condition_tokens)
    assert condition.valid_mask.dtype == torch.bool
    assert condition.tokens.isfinite().all()


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=25, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 40), min_size=1, max_size=4),
    extra=st.integers(0, 60),
    scale=st.sampled_from([0.0, 1.0, 1e4]),
)
@torch.no_grad()
def test_padding_never_changes_a_condition(
    name: str, lengths: list[int], extra: int, scale: float
) -> None:
    compressor, width = build(name), max(lengths) + extra
    valid = torch.arange(width) < torch.tensor(lengths)[:, None]
    features = torch.randn(len(lengths), width, FEATURE_DIM)
    features[~valid] *= scale
    tokens = compressor(features, valid).tokens
    for clip, length in enumerate(lengths):
        alone = compressor(features[clip : clip + 1, :length], valid[clip : clip + 1, :length])
        torch.testing.assert_close(tokens[clip : clip + 1], alone.tokens, rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_gradients_reach_every_parameter_and_the_features(name: str) -> None:
    compressor = build(name).train()
    features = torch.randn(2, 9, FEATURE_DIM, requires_grad=True)
    tokens = compressor(features, torch.ones(2, 9).bool()).tokens
    (tokens * torch.randn_like(tokens)).sum().backward()
    for key, parameter in compressor.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, key
    assert features.grad is not None and (features.grad.abs().sum(dim=2) > 0).all()


@pytest.mark.parametrize("name", NAMES)
@torch.no_grad()
def test_condition_depends_on_what_is_said_and_in_which_order(name: str) -> None:
    compressor = build(name)
    features, valid = torch.randn(1, 30, FEATURE_DIM), torch.ones(1, 30).bool()
    first, turned = (compressor(x, valid).tokens for x in (features, features.flip(1)))
    assert not torch.allclose(first, turned, atol=1e-6)
    other = compressor(torch.randn(1, 30, FEATURE_DIM), valid).tokens
    assert not torch.allclose(first, other, atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
@torch.no_grad()
def test_evaluation_is_deterministic_and_survives_saving(name: str) -> None:
    compressor, other = build(name), build(name)
    other.load_state_dict(compressor.state_dict())
    features, valid = torch.randn(2, 7, FEATURE_DIM), torch.ones(2, 7).bool()
    assert compressor(features, valid).tokens.equal(other(features, valid).tokens)
