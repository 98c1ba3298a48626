"""Loudness over time."""

import math
from collections.abc import Sequence

import numpy as np

from amx_example.schemas import EnvelopeConfig
from audiomotion.extract.base import SAMPLE_HZ, Extractor, checked_waveforms

_FLOOR = 1e-4
"""80 dB below full scale: silence is as loud as this, so that its logarithm is finite."""


class Envelope(Extractor):
    """Log of the root mean square over short stretches, several to a frame."""

    def __init__(self, config: EnvelopeConfig, device: str = "cpu") -> None:
        del device  # numpy, on the CPU
        self.feature_dim = config.values_per_frame
        self.frame_hz = float(config.frame_hz)
        self._samples_per_value = SAMPLE_HZ / (config.frame_hz * config.values_per_frame)

    def extract(self, waveforms: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Return the envelope `(L, F)` of each waveform."""
        return [self._envelope(waveform) for waveform in checked_waveforms(waveforms)]

    def _envelope(self, waveform: np.ndarray) -> np.ndarray:
        num_frames = math.ceil(waveform.size * self.frame_hz / SAMPLE_HZ)
        bounds = np.arange(num_frames * self.feature_dim + 1) * self._samples_per_value
        places = np.round(bounds).astype(np.int64)
        silent_after = np.pad(waveform, (0, max(0, int(places[-1]) - waveform.size)))
        energy = np.add.reduceat(np.square(silent_after, dtype=np.float64), places[:-1])
        loudness = np.log(np.maximum(np.sqrt(energy / np.diff(places)), _FLOOR))
        return loudness.reshape(num_frames, self.feature_dim).astype(np.float32)
