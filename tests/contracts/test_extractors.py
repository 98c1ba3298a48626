"""Every extractor of the family, those of entry points too, passes these tests."""

import math
from functools import cache

import numpy as np
import pytest
import torch

from audiomotion.config.extractors import (
    EXTRACTORS,
    EncodecConfig,
    ExtractorSchema,
    ImageBindConfig,
    PretrainedExtractorSchema,
    WavLMConfig,
)
from audiomotion.config.pretrained import PretrainedSchema
from audiomotion.errors import DataError
from audiomotion.extract.base import SAMPLE_HZ, Extractor, build_extractor


def configs() -> dict[str, ExtractorSchema]:
    chosen = {
        name: schema(weights="random", random_size="tiny")
        if issubclass(schema, PretrainedSchema)
        else schema()
        for name, schema in EXTRACTORS.schemas.items()
    }
    tiny = {"weights": "random", "random_size": "tiny"}
    options = {
        "imagebind embedding": ImageBindConfig(**tiny, output="embedding"),
        "wavlm mix": WavLMConfig(**tiny, layers="mix"),
        "encodec codes": EncodecConfig(**tiny, output="codes"),
    }
    return {**chosen, **options}


CONFIGS = configs()
HALVED = [
    name
    for name, config in CONFIGS.items()
    if isinstance(config, PretrainedExtractorSchema) and name != "encodec codes"
]


@cache
def built(name: str) -> Extractor:
    return build_extractor(CONFIGS[name])


@pytest.fixture(params=CONFIGS)
def extractor(request: pytest.FixtureRequest) -> Extractor:
    return built(request.param)


def speech_like(num_samples: int, seed: int = 0) -> np.ndarray:
    """A gliding buzz that comes and goes, with a little noise."""
    rng = np.random.default_rng(seed)
    seconds = np.arange(num_samples) / SAMPLE_HZ
    pitch = 120 + 40 * np.sin(2 * np.pi * rng.uniform(0.5, 2) * seconds + rng.uniform(0, 6))
    buzz = np.sin(2 * np.pi * np.cumsum(pitch) / SAMPLE_HZ) ** 5
    loudness = np.clip(np.sin(2 * np.pi * 3 * seconds + rng.uniform(0, 6)), 0, 1)
    return (0.5 * buzz * loudness + 0.002 * rng.standard_normal(num_samples)).astype(np.float32)


WAVES = [
    speech_like(samples, seed)
    for seed, samples in enumerate((16_000, 48_000, 7, 48_000, 33_331, 16_000, 401, 65_000))
]


def largest_difference(one: list[np.ndarray], other: list[np.ndarray]) -> float:
    assert [frames.shape for frames in one] == [frames.shape for frames in other]
    pairs = zip(one, other, strict=True)
    return max(float(np.abs(a - b).max()) for a, b in pairs)


def test_frames_do_not_depend_on_the_batch(extractor: Extractor) -> None:
    alone = [extractor.extract([wave])[0] for wave in WAVES]
    assert largest_difference(extractor.extract(WAVES), alone) <= 1e-4
    assert largest_difference(extractor.extract(WAVES[::-1])[::-1], alone) <= 1e-4


def test_frames_do_not_depend_on_the_batch_when_batches_are_large(extractor: Extractor) -> None:
    if not hasattr(extractor, "max_batch_samples"):
        pytest.skip("this extractor has one batch size")
    alone = extractor.extract(WAVES)
    usual, extractor.max_batch_samples = extractor.max_batch_samples, 10_000_000
    together = extractor.extract(WAVES)
    extractor.max_batch_samples = usual
    assert largest_difference(together, alone) <= 1e-4


SPOKEN = np.random.default_rng(0).normal(72_000, 20_000, 512).clip(16_000).astype(int).tolist()
"""Samples of a shard's utterances: 4.5 s, as the paper's."""


@pytest.mark.parametrize("max_batch_samples", [1, 960_000])
def test_at_most_a_tenth_of_what_is_computed_is_padding(
    extractor: Extractor, max_batch_samples: int
) -> None:
    if hasattr(extractor, "max_batch_samples"):
        usual, extractor.max_batch_samples = extractor.max_batch_samples, max_batch_samples
    shortest_first = sorted(SPOKEN)
    groups = [shortest_first[start : start + 64] for start in range(0, len(SPOKEN), 64)]
    computed = sum(extractor.computed_samples(group) for group in groups)
    if hasattr(extractor, "max_batch_samples"):
        extractor.max_batch_samples = usual
    assert 0.9 * computed <= sum(SPOKEN) <= computed


def test_layers_stand_side_by_side(extractor: Extractor) -> None:
    assert extractor.num_layers >= 1
    assert extractor.feature_dim % extractor.num_layers == 0


@pytest.mark.parametrize("name", HALVED)
def test_bfloat16_agrees_with_float32(name: str) -> None:
    halved = build_extractor(CONFIGS[name].model_copy(update={"precision": "bfloat16"}))
    pairs = zip(halved.extract(WAVES), built(name).extract(WAVES), strict=True)
    for rounded, frames in pairs:
        assert rounded.dtype == np.float32
        error = np.sqrt(np.mean(np.square(rounded - frames)) / np.mean(np.square(frames)))
        assert 1e-5 < error < 0.02


@pytest.mark.parametrize("num_samples", [719, 16_000, 32_000, 40_123, 63_999, 95_999])
def test_shape_and_rate(extractor: Extractor, num_samples: int) -> None:
    (frames,) = extractor.extract([speech_like(num_samples)])
    assert frames.dtype == np.float32
    assert frames.shape[1] == extractor.feature_dim
    expected = num_samples / SAMPLE_HZ * extractor.frame_hz
    assert max(1, math.floor(expected) - 1) <= len(frames) <= math.ceil(expected) + 1


@pytest.mark.parametrize("silent_seconds", [0.013, 0.5, 7.0])
def test_appended_silence_changes_nothing(extractor: Extractor, silent_seconds: float) -> None:
    wave = speech_like(33_331)
    longer = np.pad(wave, (0, int(silent_seconds * SAMPLE_HZ)))
    assert largest_difference(extractor.extract([longer]), extractor.extract([wave])) <= 1e-5


def test_one_sample_gives_a_frame(extractor: Extractor) -> None:
    (frames,) = extractor.extract([np.array([0.5], dtype=np.float32)])
    assert frames.shape == (1, extractor.feature_dim)
    assert np.isfinite(frames).all()


def test_no_waveforms_give_no_frames(extractor: Extractor) -> None:
    assert extractor.extract([]) == []


@pytest.mark.parametrize("level", [0.0, 1e-30, 1.0])
def test_silence_and_full_scale_are_finite_also_in_half_precision(
    extractor: Extractor, level: float
) -> None:
    square = np.where(np.arange(16_000) % 100 < 50, level, -level).astype(np.float32)
    for frames in extractor.extract([square, np.full(16_000, level, dtype=np.float32)]):
        assert np.isfinite(frames.astype(np.float16)).all()


def test_half_precision_keeps_the_features(extractor: Extractor) -> None:
    (frames,) = extractor.extract([speech_like(40_000)])
    stored = frames.astype(np.float16).astype(np.float32)
    assert np.abs(stored - frames).max() <= 2e-3 * np.abs(frames).max()


def test_frames_follow_the_audio(extractor: Extractor) -> None:
    (one,), (other,) = (extractor.extract([speech_like(40_000, seed)]) for seed in (1, 2))
    assert np.abs(one - other).mean() > 1e-2 * np.abs(one).mean()
    if len(one) > 1:
        assert one.std(axis=0).mean() > 1e-2 * np.abs(one).mean()


@pytest.mark.parametrize("name", CONFIGS)
def test_a_configuration_decides_every_bit(name: str) -> None:
    again = build_extractor(CONFIGS[name])
    assert np.array_equal(again.extract(WAVES[:1])[0], built(name).extract(WAVES[:1])[0])


@pytest.mark.parametrize("name", CONFIGS)
def test_neither_building_nor_extracting_moves_the_random_states(name: str) -> None:
    before = torch.get_rng_state(), np.random.get_state()[1].copy()
    build_extractor(CONFIGS[name]).extract(WAVES[:1])
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.array_equal(np.random.get_state()[1], before[1])


@pytest.mark.parametrize(
    "name", [name for name, config in CONFIGS.items() if isinstance(config, PretrainedSchema)]
)
def test_another_seed_gives_other_weights(name: str) -> None:
    other = build_extractor(CONFIGS[name].model_copy(update={"random_seed": 1}))
    assert not np.allclose(
        other.extract(WAVES[:1])[0], built(name).extract(WAVES[:1])[0], atol=0.01
    )


def test_gradients_are_off(extractor: Extractor) -> None:
    modules = [part for part in vars(extractor).values() if isinstance(part, torch.nn.Module)]
    assert not any(module.training for module in modules)
    assert not any(p.requires_grad for module in modules for p in module.parameters())
    with torch.enable_grad():
        assert isinstance(extractor.extract(WAVES[:1])[0], np.ndarray)
        assert torch.is_grad_enabled()


def test_float64_is_accepted_and_the_input_left_alone(extractor: Extractor) -> None:
    wave = WAVES[0].copy()
    expected = extractor.extract([wave])[0]
    assert np.array_equal(wave, WAVES[0])
    assert np.array_equal(extractor.extract([wave.astype(np.float64)])[0], expected)


@pytest.mark.parametrize(
    ("wave", "message"),
    [
        (
            np.array([0.0, np.nan, np.inf], dtype=np.float32),
            "waveform 1 has 2 NaN or infinite of 3",
        ),
        (np.zeros(0, dtype=np.float32), "at least one sample"),
        (np.zeros((2, 100), dtype=np.float32), "mono"),
        (np.zeros(100, dtype=np.int16), "floats in"),
        (np.full(100, 3000.0, dtype=np.float32), "divide 16-bit samples by 32768"),
    ],
)
def test_wrong_audio_is_refused(extractor: Extractor, wave: np.ndarray, message: str) -> None:
    with pytest.raises(DataError, match=message):
        extractor.extract([WAVES[0], wave])
