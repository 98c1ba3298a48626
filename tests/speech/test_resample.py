from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiomotion.errors import DataError
from audiomotion.speech.resample import resample

GOLDEN = Path(__file__).parents[1] / "golden" / "npz" / "audio_frontend.npz"
RATES = (8000, 22050, 24000, 44100, 48000)


@pytest.fixture(scope="module")
def golden() -> dict[str, np.ndarray]:
    with np.load(GOLDEN) as arrays:
        return {name: array.astype(np.float32) for name, array in arrays.items()}


@pytest.mark.parametrize("rate", RATES)
def test_equals_torchaudio(golden: dict[str, np.ndarray], rate: int) -> None:
    expected = golden[f"resample_out_{rate}"]
    actual = resample(golden[f"resample_in_{rate}"], rate, 16000)
    assert actual.dtype == np.float32
    assert actual.shape == expected.shape
    # Their kernel is built in float32: at 441 phases its error shows.
    tolerance = 2e-5 if rate % 11025 == 0 else 1e-6
    np.testing.assert_allclose(actual, expected, atol=tolerance, rtol=0)


@pytest.mark.parametrize("rate", RATES)
def test_keeps_a_tone(rate: int) -> None:
    tone = np.sin(2 * np.pi * 440 * np.arange(rate) / rate)
    expected = np.sin(2 * np.pi * 440 * np.arange(16000) / 16000)
    # The ends lack half a filter's worth of signal.
    np.testing.assert_allclose(resample(tone, rate, 16000)[50:-50], expected[50:-50], atol=2e-3)


def test_removes_what_the_new_rate_cannot_hold() -> None:
    tone = np.sin(2 * np.pi * 11000 * np.arange(44100) / 44100)
    assert np.abs(resample(tone, 44100, 16000)[100:-100]).max() < 0.02


def test_same_rate_is_a_copy() -> None:
    waveform = np.ones(5, np.float32)
    result = resample(waveform, 16000, 16000)
    result[0] = 0
    assert waveform[0] == 1


@given(st.integers(0, 300), st.sampled_from(RATES), st.sampled_from((16000, 24000)))
def test_length_is_rounded_up(length: int, from_hz: int, to_hz: int) -> None:
    result = resample(np.ones(length, np.float32), from_hz, to_hz)
    assert len(result) == -(-length * to_hz // from_hz)
    assert np.isfinite(result).all()


@given(st.integers(1, 200), st.integers(0, 600))
def test_depends_only_on_what_is_near(start: int, padding: int) -> None:
    waveform = np.random.default_rng(start).standard_normal(800).astype(np.float32)
    padded = np.pad(waveform, (0, padding))
    whole = resample(padded, 22050, 16000)
    np.testing.assert_allclose(
        resample(waveform, 22050, 16000), whole[: -(-800 * 320 // 441)], atol=1e-6
    )


@pytest.mark.parametrize(("from_hz", "to_hz"), [(0, 16000), (16000, -1)])
def test_refuses_rates_that_are_none(from_hz: int, to_hz: int) -> None:
    with pytest.raises(DataError, match="must be positive"):
        resample(np.ones(5, np.float32), from_hz, to_hz)
