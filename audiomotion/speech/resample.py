"""Sample rate conversion."""

from functools import lru_cache
from math import ceil, gcd

import numpy as np
from scipy.signal import upfirdn

from audiomotion.errors import DataError

ZERO_CROSSINGS = 6
"""Half width of the windowed sinc, in zero crossings of its low-pass."""

ROLLOFF = 0.99
"""Cut-off as a fraction of the lower Nyquist frequency."""


def resample(waveform: np.ndarray, from_hz: int, to_hz: int) -> np.ndarray:
    """Resample `waveform` (S,) to (ceil(S · to_hz / from_hz),) float32 with a Hann-windowed sinc.

    The filter is torchaudio's default one, so that features computed by models trained behind it
    keep their meaning; theirs is built in float32, which moves samples by up to 1e-5.

    Raises:
        DataError: A rate is not positive.
    """
    assert waveform.ndim == 1, waveform.shape
    if from_hz <= 0 or to_hz <= 0:
        raise DataError(
            f"cannot resample from {from_hz} Hz to {to_hz} Hz: both rates must be positive; "
            "check the header of the audio file"
        )
    samples = np.asarray(waveform, dtype=np.float32)
    if from_hz == to_hz or not len(samples):
        return samples.copy()
    divisor = gcd(from_hz, to_hz)
    return _convert(samples, from_hz // divisor, to_hz // divisor)


def _convert(samples: np.ndarray, down: int, up: int) -> np.ndarray:
    kernel, delay = _kernel(down, up)
    length = ceil(len(samples) * up / down)
    return np.ascontiguousarray(upfirdn(kernel, samples, up, down)[delay : delay + length])


@lru_cache(maxsize=8)
def _kernel(down: int, up: int) -> tuple[np.ndarray, int]:
    """Return the low-pass at the common rate, float32, and its delay in output samples."""
    cutoff = min(down, up) * ROLLOFF
    half = ceil(ZERO_CROSSINGS * down * up / cutoff)
    crossings = np.arange(-half, half + 1) * (cutoff / (down * up))
    crossings = crossings.clip(-ZERO_CROSSINGS, ZERO_CROSSINGS)
    window = np.cos(crossings * (np.pi / (2 * ZERO_CROSSINGS))) ** 2
    kernel = np.sinc(crossings) * window * (cutoff / down)
    # Leading zeros make the delay a whole number of output samples.
    lead = -half % down
    return np.pad(kernel, (lead, 0)).astype(np.float32), (half + lead) // down
