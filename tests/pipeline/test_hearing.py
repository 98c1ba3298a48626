"""What people hand in: each kind of bad audio has an outcome that is said."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from audiomotion.errors import DataError
from audiomotion.pipeline.hearing import Heard, hear_file, hear_samples
from audiomotion.speech.audio_file import read_audio
from audiomotion.speech.resample import resample


@pytest.fixture(scope="module")
def speech(spoken: Path) -> np.ndarray:
    return read_audio(spoken)


def hear(samples: np.ndarray, rate: int = 16_000) -> Heard:
    return hear_samples(samples, rate)


def test_clean_speech_gives_no_warning(speech: np.ndarray, launched: Path) -> None:
    for path in sorted(launched.rglob("artifacts/speak/*/wav/*/*.wav")):
        assert hear_file(path).notes == (), path


@pytest.mark.parametrize("ending", ["wav", "flac", "mp3", "ogg"])
def test_any_format_rate_and_channels(speech: np.ndarray, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"own.{ending}"
    stereo = np.stack([resample(speech, 16_000, 44_100)] * 2, axis=1)
    soundfile.write(path, stereo, 44_100)
    heard = hear_file(path)
    assert abs(len(heard.waveform) - len(speech)) < 1600
    assert heard.notes == ()


@pytest.mark.parametrize("level", [0.0, 1e-5, 9e-4])
def test_silence_is_refused(level: float) -> None:
    quiet = (level * np.random.default_rng(0).standard_normal(16_000)).astype(np.float32)
    with pytest.raises(DataError, match=r"is silent .*; check the microphone"):
        hear(quiet)


def test_noise_is_answered_with_a_warning() -> None:
    noise = (0.1 * np.random.default_rng(0).standard_normal(32_000)).astype(np.float32)
    tone = (0.5 * np.sin(np.arange(32_000) * 0.1)).astype(np.float32)
    for steady in (noise, tone):
        assert any("noise or a tone" in note for note in hear(steady).notes)


def test_clipped_speech_is_answered_with_a_warning(speech: np.ndarray) -> None:
    notes = hear((8 * speech / np.abs(speech).max()).clip(-1, 1)).notes
    assert any("clipped" in note for note in notes)


def test_telephone_speech_is_answered_with_a_warning(speech: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "phone.wav"
    soundfile.write(path, resample(speech, 16_000, 8_000), 8_000, subtype="PCM_16")
    (note,) = hear_file(path).notes
    assert "telephone" in note


def test_a_minute_of_speech_is_answered_with_a_warning(speech: np.ndarray) -> None:
    long = np.tile(speech, 1 + 60 * 16_000 // len(speech))[: 60 * 16_000]
    (note,) = hear(long).notes
    assert note.startswith("lasts 60 s")


def test_channels_of_an_array_are_averaged(speech: np.ndarray) -> None:
    both = np.stack([speech, np.zeros_like(speech)], axis=1)
    np.testing.assert_allclose(hear(both).waveform, speech / 2, atol=1e-7)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.wav", b"", "is empty"),
        ("empty.mp3", b"", "is empty"),
        ("text.wav", b"a man walks", "not a WAV file"),
        ("text.mp3", b"a man walks", "cannot be read as audio"),
        ("speech.txt", b"a man walks", r"recordings are \.wav"),
    ],
)
def test_files_that_are_no_audio(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=said):
        hear_file(tmp_path / name)
    with pytest.raises(DataError, match="cannot be read"):
        hear_file(tmp_path / "missing.wav")


def test_samples_that_are_no_numbers(tmp_path: Path) -> None:
    broken = np.full(16_000, 0.1, np.float32)
    broken[7] = np.nan
    with pytest.raises(DataError, match="1 NaN or infinite of 16000"):
        hear(broken)
    soundfile.write(tmp_path / "nan.wav", broken, 16_000, subtype="FLOAT")
    with pytest.raises(DataError, match="NaN or infinite"):
        hear_file(tmp_path / "nan.wav")


def test_arrays_that_are_no_audio() -> None:
    for wrong in (np.zeros(16_000, np.int16), np.zeros(0, np.float32), np.zeros((2, 2, 2))):
        with pytest.raises(DataError, match="give floats"):
            hear(wrong)
    with pytest.raises(DataError, match=r"lasts 0\.050 s"):
        hear(np.full(800, 0.1, np.float32))
