"""What every compressor must do, whichever package it comes from."""

import math
from collections.abc import Iterator
from functools import cache
from typing import Any, Literal, get_args, get_origin

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from torch import Tensor, nn
from torch.nn import functional

from audiomotion.config.compressors import COMPRESSORS
from audiomotion.config.schema import PartSchema
from audiomotion.models.compressors.base import Compressor, build_compressor

FEATURE_DIM = 12
SIZES = {
    "condition_dim": 20,
    "num_memory_tokens": 8,
    "latent_dim": 16,
    "num_heads": 2,
    "feedforward_dim": 32,
    "dropout": 0.1,
}
COMBINED: dict[str, dict[str, Any]] = {
    "as in the demo": {
        "downsampling": 4,
        "residual": True,
        "norm_first": True,
        "num_condition_tokens": 4,
    },
    "several means": {"pooling": "mean", "num_condition_tokens": 2},
    "several queries, pre-norm": {
        "pooling": "learned-queries",
        "num_condition_tokens": 3,
        "norm_first": True,
    },
    "more segments than frames": {"num_segments": 64},
    "one segment": {"num_segments": 1},
    "narrow and deep": {"kernel_size": 3, "num_layers": 5, "num_condition_tokens": 1},
}


def alternatives(schema: type[PartSchema]) -> Iterator[dict[str, Any]]:
    """Each option at every other value that it names, or, a count, at the next that is allowed."""
    for key, field in schema.model_fields.items():
        if key == "name" or key in SIZES:
            continue
        if field.annotation is bool:
            yield {key: not field.default}
        elif get_origin(field.annotation) is Literal:
            yield from ({key: value} for value in get_args(field.annotation))
        elif field.annotation is int:
            more = ({key: field.default + step} for step in (1, 2))
            yield next(options for options in more if is_allowed(schema, options))


def is_allowed(schema: type[PartSchema], options: dict[str, Any]) -> bool:
    try:
        schema(**sizes(schema), **options)
    except ValidationError:
        return False
    return True


def sizes(schema: type[PartSchema]) -> dict[str, Any]:
    return {key: value for key, value in SIZES.items() if key in schema.model_fields}


def cases() -> dict[str, tuple[type[PartSchema], dict[str, Any]]]:
    found: dict[str, tuple[type[PartSchema], dict[str, Any]]] = {}
    for name, schema in COMPRESSORS.schemas.items():
        found[name] = schema, {}
        for options in alternatives(schema):
            ((key, value),) = options.items()
            if schema.model_fields[key].default != value:
                found[f"{name} {key}={value}"] = schema, options
        for suffix, options in COMBINED.items():
            own = {key: value for key, value in options.items() if key in schema.model_fields}
            if own.keys() >= options.keys() - {"residual"}:
                found[f"{name} {suffix}"] = schema, own
    return found


CASES = cases()
NAMES = sorted(CASES)


def build(case: str) -> Compressor:
    torch.manual_seed(0)
    schema, options = CASES[case]
    return build_compressor(schema(**sizes(schema), **options), FEATURE_DIM).eval()


OWN = [
    name
    for name, schema in COMPRESSORS.schemas.items()
    if schema.__module__.startswith("audiomotion.")
]


@pytest.mark.parametrize("name", OWN)
def test_every_option_is_among_the_cases(name: str) -> None:
    schema = COMPRESSORS.schemas[name]
    varied = {key for other, options in CASES.values() if other is schema for key in options}
    assert varied | SIZES.keys() | {"name"} >= schema.model_fields.keys()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("length", [1, 2, 50, 3000])
@torch.no_grad()
def test_any_length_gives_a_condition_of_the_declared_shape(name: str, length: int) -> None:
    compressor = build(name)
    condition = compressor(torch.randn(1, length, FEATURE_DIM), torch.ones(1, length).bool())
    assert condition.tokens.shape == (1, compressor.num_condition_tokens, 20)
    assert compressor.condition_dim == 20
    assert condition.valid_mask.shape == (1, compressor.num_condition_tokens)
    assert condition.valid_mask.dtype == torch.bool
    assert condition.tokens.isfinite().all()


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=12, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 40), min_size=1, max_size=4),
    extra=st.integers(0, 60),
    padding=st.sampled_from([0.0, 1e4, -65504.0, math.inf, math.nan]),
)
@torch.no_grad()
def test_padding_never_changes_a_condition(
    name: str, lengths: list[int], extra: int, padding: float
) -> None:
    compressor, width = build(name), max(lengths) + extra
    valid = torch.arange(width) < torch.tensor(lengths)[:, None]
    features = torch.randn(len(lengths), width, FEATURE_DIM)
    features[~valid] = padding
    tokens = compressor(features, valid).tokens
    for clip, length in enumerate(lengths):
        alone = compressor(features[clip : clip + 1, :length], valid[clip : clip + 1, :length])
        torch.testing.assert_close(tokens[clip : clip + 1], alone.tokens, rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
@torch.no_grad()
def test_a_long_silence_changes_no_condition(name: str) -> None:
    compressor = build(name)
    features, valid = torch.randn(1, 1500, FEATURE_DIM), torch.arange(1500)[None] < 7
    alone = compressor(features[:, :7], valid[:, :7]).tokens
    torch.testing.assert_close(compressor(features, valid).tokens, alone, rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_gradients_reach_every_parameter_and_every_frame_but_no_padding(name: str) -> None:
    compressor = build(name).train()
    features, valid = torch.randn(2, 90, FEATURE_DIM), torch.arange(90) < torch.tensor([[9], [70]])
    features[~valid] = math.nan
    features.requires_grad_()
    tokens = compressor(features, valid).tokens
    (tokens * torch.randn_like(tokens)).sum().backward()
    for key, parameter in compressor.named_parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all(), key
        assert parameter.grad.abs().sum() > 0, key
    assert features.grad is not None
    assert (features.grad.abs().sum(dim=2)[valid] > 0).all()
    assert (features.grad[~valid] == 0).all()


@pytest.mark.parametrize("name", NAMES)
def test_the_largest_half_precision_features_overflow_nowhere(name: str) -> None:
    largest = torch.finfo(torch.float16).max
    signs = torch.randn(4, 30, FEATURE_DIM).sign()
    features = torch.stack([signs[0], signs[1].abs(), signs[2].roll(1), signs[3]]) * largest
    features[3, 1:] = 0.0  # one loud frame in silence
    compressor = build(name)
    tokens = compressor(features.half().float(), torch.ones(4, 30).bool()).tokens
    assert tokens.isfinite().all()
    tokens.square().sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in compressor.parameters())


@pytest.mark.parametrize("name", NAMES)
@torch.no_grad()
def test_condition_depends_on_what_is_said_and_in_which_order(name: str) -> None:
    compressor = build(name)
    features, valid = torch.randn(1, 30, FEATURE_DIM), torch.ones(1, 30).bool()
    first, turned = (compressor(x, valid).tokens for x in (features, features.flip(1)))
    if CASES[name][1].get("num_segments") != 1:  # one mean has no order
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


@cache
def instructions(num_batches: int) -> list[tuple[Tensor, Tensor, Tensor]]:
    """Batches of four kinds of instructions: four frames of the kind, somewhere among noise."""
    generator = torch.Generator().manual_seed(1)
    kinds, labels = torch.randn(4, 4, FEATURE_DIM, generator=generator), torch.arange(32) % 4
    batches = []
    for _ in range(num_batches):
        lengths = torch.randint(8, 25, (32,), generator=generator)
        starts = (torch.rand(32, generator=generator) * (lengths - 3)).long()
        features = 0.5 * torch.randn(32, 24, FEATURE_DIM, generator=generator)
        places = starts[:, None] + torch.arange(4)
        features[torch.arange(32)[:, None], places] += 1.5 * kinds[labels]
        batches.append((features, torch.arange(24) < lengths[:, None], labels))
    return batches


# Counts change how much is learned, not whether.
@pytest.mark.parametrize(
    "name", [name for name in NAMES if not any(type(x) is int for x in CASES[name][1].values())]
)
def test_a_few_steps_tell_instructions_apart(name: str) -> None:
    compressor = build(name).train()
    head = nn.Linear(compressor.num_condition_tokens * compressor.condition_dim, 4)
    optimizer = torch.optim.AdamW([*compressor.parameters(), *head.parameters()], lr=5e-3)
    losses = []
    for features, valid, labels in instructions(60):
        tokens = compressor(features, valid).tokens
        loss = functional.cross_entropy(head(tokens.flatten(1)), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    chance = math.log(4)
    assert losses[0] > 0.9 * chance
    assert sum(losses[-10:]) / 10 < 0.8 * chance
