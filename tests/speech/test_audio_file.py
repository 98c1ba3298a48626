from pathlib import Path

import numpy as np
import pytest
import soundfile

from audiomotion.errors import DataError
from audiomotion.speech.audio_file import SAMPLE_RATE_HZ, read_audio

FORMATS = [
    ("wav", "PCM_16", 22_050, 2),
    ("wav", "FLOAT", 8_000, 1),
    ("flac", "PCM_24", 44_100, 6),
    ("ogg", "VORBIS", 44_100, 2),
    ("ogg", "OPUS", 48_000, 1),
    ("mp3", "MPEG_LAYER_III", 32_000, 2),
]
COMPRESSED = [form for form in FORMATS if form[0] != "wav"]


def write(
    folder: Path, ending: str, subtype: str, rate: int, channels: int, seconds: float = 2.0
) -> Path:
    """Write a tone of 300 Hz, louder in one channel than in the next."""
    tone = 0.5 * np.sin(2 * np.pi * 300 * np.arange(int(seconds * rate)) / rate)
    levels = np.linspace(1.2, 0.8, channels) if channels > 1 else np.ones(1)
    path = folder / f"speech.{ending}"
    soundfile.write(path, tone[:, None] * levels, rate, subtype=subtype)
    return path


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: "-".join(map(str, form)))
def test_every_format_rate_and_number_of_channels_is_mono_at_16_khz(
    form: tuple[str, str, int, int], tmp_path: Path
) -> None:
    waveform = read_audio(write(tmp_path, *form))
    assert (waveform.ndim, waveform.dtype) == (1, np.float32)
    assert len(waveform) == pytest.approx(2 * SAMPLE_RATE_HZ, abs=0.1 * SAMPLE_RATE_HZ)
    middle = waveform[8_000:24_000].astype(np.float64)
    spectrum = np.abs(np.fft.rfft(middle)) / len(middle)
    # One second: bin k is k Hz. The mean of the channels is a tone of amplitude 0.5.
    assert int(spectrum.argmax()) == 300
    assert 2 * spectrum.max() == pytest.approx(0.5, rel=0.05)


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: "-".join(map(str, form)))
@pytest.mark.parametrize("share", [0.0, 0.03, 0.5, 0.8])
def test_a_file_that_is_cut_off_is_refused(
    form: tuple[str, str, int, int], share: float, tmp_path: Path
) -> None:
    path = write(tmp_path, *form)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(DataError, match=rf"speech\.{form[0]}: .*; "):
        read_audio(path)


@pytest.mark.parametrize("ending", ["wav", "flac", "ogg", "mp3"])
def test_what_is_not_audio_is_refused(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"page.{ending}"
    path.write_text("<html>Not found</html>" * 40)
    with pytest.raises(DataError, match=rf"page\.{ending}: ") as caught:
        read_audio(path)
    assert "object at" not in str(caught.value)


def test_an_mp3_called_flac_is_still_read(tmp_path: Path) -> None:
    path = write(tmp_path, *FORMATS[-1])
    renamed = path.rename(tmp_path / "speech.flac")
    assert len(read_audio(renamed)) > SAMPLE_RATE_HZ


def test_samples_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "nan.wav"
    samples = np.zeros(100)
    samples[7] = np.nan
    soundfile.write(path, samples, 16_000, subtype="FLOAT")
    with pytest.raises(DataError, match=r"nan\.wav: holds NaN or infinite samples"):
        read_audio(path)


@pytest.mark.parametrize("ending", ["wav", "flac"])
def test_a_recording_of_nothing_is_refused(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"nothing.{ending}"
    soundfile.write(path, np.zeros(0), 16_000)
    with pytest.raises(DataError, match=rf"nothing\.{ending}: .*(without|no|empty)"):
        read_audio(path)


def test_other_formats_and_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a\.m4a: recordings are \.wav, \.flac, \.mp3, \.ogg"):
        read_audio(tmp_path / "a.m4a")
    with pytest.raises(DataError, match=r"a\.ogg: cannot be read \(No such file"):
        read_audio(tmp_path / "a.ogg")
