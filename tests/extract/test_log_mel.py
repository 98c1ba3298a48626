import subprocess
import sys

import numpy as np
import pytest

from audiomotion.config.extractors import LogMelConfig
from audiomotion.extract.log_mel import LogMel


def tone(hz: float, num_samples: int) -> np.ndarray:
    return 0.3 * np.sin(2 * np.pi * hz * np.arange(num_samples) / 16_000)


def test_bands_have_mean_zero_and_spread_one():
    noise = np.random.default_rng(0).standard_normal(32_000) * 0.1
    (frames,) = LogMel(LogMelConfig()).extract([noise])
    assert frames.shape == (100, 40)
    assert np.allclose(frames.mean(axis=0), 0, atol=1e-4)
    assert np.allclose(frames.std(axis=0), 1, atol=1e-4)


@pytest.mark.parametrize(("frame_hz", "expected"), [(10, 20), (50, 100), (75, 150), (100, 200)])
def test_frame_rate(frame_hz, expected):
    (frames,) = LogMel(LogMelConfig(frame_hz=frame_hz)).extract([tone(440, 32_000)])
    assert len(frames) == expected


def test_a_tone_that_starts_late_is_seen_in_its_band_at_its_time():
    wave = np.concatenate([np.zeros(16_000), tone(1000, 16_000)])
    (frames,) = LogMel(LogMelConfig()).extract([wave])
    band = int(np.argmax(frames[60:90].mean(axis=0) - frames[:40].mean(axis=0)))
    assert np.all(frames[51:, band] > 0)
    assert np.all(frames[:49, band] < 0)


def test_loudness_is_normalised_away():
    noise = np.random.default_rng(0).standard_normal(16_000)
    loud, quiet = LogMel(LogMelConfig()).extract([noise * 0.3, noise * 0.1])
    assert np.allclose(loud, quiet, atol=1e-3)


def test_silence_is_zero():
    (frames,) = LogMel(LogMelConfig()).extract([np.zeros(8000)])
    assert np.abs(frames).max() < 1e-4


def test_low_frame_rates_skip_no_sample():
    click = np.zeros(16_000)
    click[1600 + 799] = 1  # Farther than 12.5 ms from the centre of any frame at 10 Hz.
    (frames,) = LogMel(LogMelConfig(frame_hz=10)).extract([click])
    assert np.abs(frames[1]).max() > 1


def test_it_needs_no_torch():
    code = (
        "import sys, audiomotion.extract.log_mel; "
        "sys.exit(any(name in sys.modules for name in ('torch', 'transformers')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
