import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiomotion.config.speech import EspeakConfig
from audiomotion.speech.finishing import UnusableAudioError, finished, trimmed

CONFIG = EspeakConfig()


def tone(seconds: float, level: float = 0.5, rate: int = 16000) -> np.ndarray:
    return (level * np.sin(np.arange(round(seconds * rate)) * 0.2)).astype(np.float32)


def silence(seconds: float, rate: int = 16000) -> np.ndarray:
    return np.zeros(round(seconds * rate), np.float32)


def test_as_much_silence_is_left_as_is_asked_for() -> None:
    spoken = np.concatenate([silence(1), tone(0.5), silence(0.3), tone(0.5), silence(2)])
    assert len(finished(spoken, 16000, CONFIG)) / 16000 == pytest.approx(1.3 + 0.1, abs=0.021)
    whole = EspeakConfig(kept_silence_seconds=None)
    np.testing.assert_array_equal(finished(spoken, 16000, whole), spoken)


def test_what_is_quiet_beside_the_loudest_is_silence() -> None:
    hiss = tone(1, 0.5 * 10 ** (-55 / 20))
    quiet = tone(1, 0.5 * 10 ** (-45 / 20))
    spoken = np.concatenate([hiss, quiet, tone(1), hiss])
    assert len(trimmed(spoken, -50, 0)) / 16000 == pytest.approx(2, abs=0.021)
    assert len(trimmed(spoken, -60, 0)) == len(spoken)
    assert len(trimmed(spoken, -40, 0)) / 16000 == pytest.approx(1, abs=0.021)


@given(st.floats(0, 0.4), st.floats(0, 0.4), st.floats(0, 0.3))
def test_nothing_that_is_heard_is_cut(before: float, after: float, kept: float) -> None:
    spoken = np.concatenate([silence(before), tone(0.3), silence(after)])
    left = trimmed(spoken, -50, kept)
    assert np.count_nonzero(left) == np.count_nonzero(spoken)
    assert len(left) <= len(spoken)


def test_a_loud_one_is_scaled_as_a_whole_and_a_quiet_one_is_left() -> None:
    loud = finished(tone(0.5, 3.0), 16000, CONFIG)
    assert np.abs(loud).max() == pytest.approx(0.99, abs=1e-6)
    np.testing.assert_allclose(loud, tone(0.5, 0.99), atol=1e-3)
    np.testing.assert_array_equal(finished(tone(0.5, 0.1), 16000, CONFIG), tone(0.5, 0.1))


def test_the_rate_becomes_16_khz() -> None:
    assert len(finished(tone(0.5, rate=22050), 22050, CONFIG)) == 8000


@pytest.mark.parametrize(
    ("samples", "complaint"),
    [
        (np.zeros(0, np.float32), "gave no sound at all"),
        (np.zeros((2, 9000), np.float32), "gave no sound at all"),
        (np.append(tone(1), np.float32("nan")), "NaN or infinite"),
        (np.append(tone(1), np.float32("inf")), "NaN or infinite"),
        (silence(1), r"silence \(peak 0 of"),
        (tone(1, 0.0009), "silence"),
        (tone(0.09), r"0\.09 s of sound; allowed are 0\.1 to 300 s"),
        (tone(301), r"301\.00 s of sound"),
    ],
)
def test_what_must_not_be_published(samples: np.ndarray, complaint: str) -> None:
    with pytest.raises(UnusableAudioError, match=complaint):
        finished(samples, 16000, EspeakConfig(kept_silence_seconds=None))
