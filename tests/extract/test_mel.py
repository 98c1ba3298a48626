import numpy as np
import pytest

from audiomotion.extract.mel import mel, mel_filters
from tests.golden import load_golden


def test_mel_of_1000_hz_is_1000():
    assert float(mel(1000.0)) == pytest.approx(1000, abs=0.1)
    assert float(mel(0.0)) == 0


def test_filters_are_the_published_ones():
    golden = load_golden("audio_frontend")["mel_bank"]
    filters = mel_filters(128, 512, 16_000, 20.0, 8000.0)
    assert filters.shape == (128, 257)
    # The published bank has no column for 8 kHz, where the last triangle ends at zero.
    assert np.abs(filters[:, :256] - golden).max() < 5e-5
    assert np.abs(filters[:, 256]).max() < 1e-6
    assert not filters[3].any()


def test_wide_triangles_reach_one_and_overlap_to_one():
    filters = mel_filters(20, 2048, 16_000, 0.0, 8000.0)
    assert filters.max() <= 1
    inside = filters[:, (mel(np.arange(1025) * 16_000 / 2048) > 200)][:, :-200]
    assert np.allclose(inside.sum(axis=0), 1, atol=1e-5)
