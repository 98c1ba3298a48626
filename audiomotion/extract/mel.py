"""The mel scale and its triangular filters."""

import numpy as np


def mel(hz: float | np.ndarray) -> np.ndarray:
    """Return 1127 ln(1 + f / 700), the mel scale of Kaldi and HTK."""
    scale: np.ndarray = 1127 * np.log1p(np.asarray(hz, dtype=np.float64) / 700)
    return scale


def mel_filters(
    num_mels: int, fft_size: int, sample_hz: int, low_hz: float, high_hz: float
) -> np.ndarray:
    """Return triangles that are straight in mel, `(num_mels, fft_size // 2 + 1)` float32.

    A triangle too narrow to hold a bin of the transform is all zero.
    """
    edges = np.linspace(mel(low_hz), mel(high_hz), num_mels + 2)
    bins = mel(np.arange(fft_size // 2 + 1) * sample_hz / fft_size)
    step = edges[1] - edges[0]
    rising = (bins - edges[:-2, None]) / step
    falling = (edges[2:, None] - bins) / step
    filters: np.ndarray = np.maximum(0, np.minimum(rising, falling)).astype(np.float32)
    return filters
