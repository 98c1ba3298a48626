"""Every text encoder of the family, those of entry points too, passes these tests."""

from functools import cache

import numpy as np
import pytest
import torch

from audiomotion.config.pretrained import PretrainedSchema
from audiomotion.config.text_encoders import TEXT_ENCODERS, TextEncoderSchema
from audiomotion.errors import DataError
from audiomotion.extract.text import TextEncoder, build_text_encoder

OUTPUTS = ("pooled", "tokens")


def configs() -> dict[str, TextEncoderSchema]:
    return {
        f"{name} {output}": schema(output=output, weights="random", random_size="tiny")
        if issubclass(schema, PretrainedSchema)
        else schema(output=output)
        for name, schema in TEXT_ENCODERS.schemas.items()
        for output in OUTPUTS
    }


CONFIGS = configs()

TEXTS = [
    "a man walks forward",
    "wave",
    "a person walks in a circle, stops, turns around and sits down on the floor",
    "jump up",
    "a man walks backward",
    "Geh drei Schritte zurück!",
    "turn " * 120,
]


@cache
def built(name: str) -> TextEncoder:
    return build_text_encoder(CONFIGS[name])


@pytest.fixture(params=CONFIGS)
def encoder(request: pytest.FixtureRequest) -> TextEncoder:
    return built(request.param)


def largest_difference(one: list[np.ndarray], other: list[np.ndarray]) -> float:
    assert [rows.shape for rows in one] == [rows.shape for rows in other]
    return max(float(np.abs(a - b).max()) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("name", CONFIGS)
def test_shapes(name: str) -> None:
    for text, rows in zip(TEXTS, built(name).encode(TEXTS), strict=True):
        assert rows.dtype == np.float32
        assert np.isfinite(rows).all()
        assert rows.shape[1] == built(name).feature_dim
        if CONFIGS[name].output == "pooled":
            assert len(rows) == 1
        else:
            assert len(rows) >= min(len(text.split()), 60)


def test_features_do_not_depend_on_the_batch(encoder: TextEncoder) -> None:
    alone = [encoder.encode([text])[0] for text in TEXTS]
    assert largest_difference(encoder.encode(TEXTS), alone) <= 1e-5
    assert largest_difference(encoder.encode(TEXTS[::-1])[::-1], alone) <= 1e-5


def test_features_follow_the_text(encoder: TextEncoder) -> None:
    forward, backward = encoder.encode(["a man walks forward", "a man walks backward"])
    assert np.abs(forward - backward).mean() > 1e-3 * np.abs(forward).mean()


def test_order_matters(encoder: TextEncoder) -> None:
    one, other = encoder.encode(["left then right", "right then left"])
    assert np.abs(one - other).max() > 1e-4


def test_no_texts_give_no_features(encoder: TextEncoder) -> None:
    assert encoder.encode([]) == []


@pytest.mark.parametrize("text", ["", "  \n", "\ud800", None, 3])
def test_what_is_no_text_is_refused(encoder: TextEncoder, text: str) -> None:
    with pytest.raises(DataError, match=r"text 1 is .*give at least one word"):
        encoder.encode(["wave", text])


@pytest.mark.parametrize("text", ["♥", "行走", "a\x00b", "🕺 dance"])
def test_any_characters_are_a_text(encoder: TextEncoder, text: str) -> None:
    (rows,) = encoder.encode([text])
    assert np.isfinite(rows).all()


@pytest.mark.parametrize("name", CONFIGS)
def test_a_configuration_decides_every_bit(name: str) -> None:
    again = build_text_encoder(CONFIGS[name]).encode(TEXTS)
    assert all(map(np.array_equal, again, built(name).encode(TEXTS)))


@pytest.mark.parametrize("name", CONFIGS)
def test_neither_building_nor_encoding_moves_the_random_states(name: str) -> None:
    before = torch.get_rng_state(), np.random.get_state()[1].copy()
    build_text_encoder(CONFIGS[name]).encode(TEXTS)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.array_equal(np.random.get_state()[1], before[1])


@pytest.mark.parametrize(
    "name", [name for name, config in CONFIGS.items() if isinstance(config, PretrainedSchema)]
)
def test_another_seed_gives_other_weights(name: str) -> None:
    other = build_text_encoder(CONFIGS[name].model_copy(update={"random_seed": 1}))
    assert not np.allclose(other.encode(TEXTS)[0], built(name).encode(TEXTS)[0], atol=1e-3)
    assert CONFIGS[name].weights_label == "random (tiny)"


def test_gradients_are_off(encoder: TextEncoder) -> None:
    modules = [part for part in vars(encoder).values() if isinstance(part, torch.nn.Module)]
    assert not any(module.training for module in modules)
    assert not any(p.requires_grad for module in modules for p in module.parameters())
