import math

import numpy as np
import pytest
import torch

from audiomotion.extract.fbank import FLOOR, KaldiFbank
from tests.golden import load_golden


@pytest.fixture(scope="module")
def fbank():
    return KaldiFbank()


def centred(waveform: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(waveform - waveform.mean())[None]


def test_two_seconds_as_published(fbank):
    golden = load_golden("audio_frontend")
    mel = fbank(centred(golden["waveform"]))[0]
    assert mel.shape == (128, 198)
    assert np.abs(mel.numpy() - golden["melspec"][:, :198]).max() < 2e-3


def test_silence_is_the_floor_and_the_empty_triangle_always(fbank):
    assert torch.all(fbank(torch.zeros(1, 400)) == math.log(FLOOR))
    noise = fbank(torch.randn(1, 16_000, generator=torch.Generator().manual_seed(0)))
    assert torch.all(noise[0, 3] == math.log(FLOOR))
    assert math.log(FLOOR) == pytest.approx(-15.942385)


def test_frames_are_whole_ones_only(fbank):
    assert [fbank(torch.zeros(1, samples)).shape[-1] for samples in (400, 559, 560)] == [1, 1, 2]


def test_a_tone_peaks_in_its_band(fbank):
    seconds = torch.arange(16_000) / 16_000
    spectrum = fbank(torch.sin(2 * torch.pi * 1000 * seconds)[None])[0].mean(-1)
    peak_hz = 700 * (math.exp((31.7 + (1 + int(spectrum.argmax())) * 21.77) / 1127) - 1)
    assert peak_hz == pytest.approx(1000, rel=0.03)
