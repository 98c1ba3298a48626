import base64
import io

import numpy as np
import pytest
import soundfile

from audiomotion.errors import DataError
from audiomotion.report.page.audio import audio_uri
from audiomotion.speech.wav import read_wav, write_wav


def test_the_page_plays_the_samples_that_the_encoder_heard(tmp_path):
    path = tmp_path / "a.wav"
    write_wav(path, np.random.default_rng(0).uniform(-1, 1, 8000).astype(np.float32), 16_000)
    kind, data = audio_uri(path).split(",")
    assert kind == "data:audio/flac;base64"
    samples, rate = soundfile.read(io.BytesIO(base64.b64decode(data)), dtype="float32")
    assert rate == 16_000
    assert np.array_equal(samples, read_wav(path)[0])


def test_the_same_file_gives_the_same_text(tmp_path):
    path = tmp_path / "a.wav"
    write_wav(path, np.zeros(16_000, np.float32), 16_000)
    assert audio_uri(path) == audio_uri(path)
    assert len(audio_uri(path)) < path.stat().st_size


@pytest.mark.parametrize(("num_samples", "form"), [(1, "wav"), (4096, "wav"), (4097, "flac")])
def test_what_chromium_cannot_play_as_flac_stays_wav(tmp_path, num_samples, form):
    path = tmp_path / "a.wav"
    write_wav(path, np.zeros(num_samples, np.float32), 16_000)
    kind, data = audio_uri(path).split(",")
    assert kind == f"data:audio/{form};base64"
    assert (base64.b64decode(data) == path.read_bytes()) == (form == "wav")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"gone\.wav"):
        audio_uri(tmp_path / "gone.wav")
