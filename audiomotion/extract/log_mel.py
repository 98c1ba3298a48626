"""Log-mel spectrogram: the extractor that needs no weights."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from audiomotion.config.extractors import LogMelConfig
from audiomotion.extract.base import SAMPLE_HZ, Extractor, checked_waveforms
from audiomotion.extract.mel import mel_filters

_MIN_WINDOW: Final = 400
"""Samples of the analysis window (25 ms) where frames come at 40 Hz or more."""

_FLOOR: Final = 1e-5
"""About 70 dB below loud speech: silence of synthetic voices must not decide the spread."""

_MIN_SPREAD: Final = 0.1
"""Least divisor of the normalisation, in nats, so that a band that never moves stays near zero."""


class LogMel(Extractor):
    """Log mel energies, normalised over each utterance: every band has mean 0 and spread 1.

    Frame k is centred on (k + 0.5) / frame_hz seconds; the audio is taken as silent before its
    first and after its last sample. Runs on the CPU whatever the device.
    """

    def __init__(self, config: LogMelConfig, device: str = "cpu") -> None:
        del device  # Faster in numpy than the way to any device.
        self.feature_dim = config.num_mels
        self.frame_hz = float(config.frame_hz)
        self._hop = SAMPLE_HZ / config.frame_hz
        # Below 40 Hz the window grows with the hop: no sample may fall between two frames.
        self._window_samples = max(_MIN_WINDOW, int(np.ceil(self._hop)))
        self._fft_size = 1 << (self._window_samples - 1).bit_length()
        self._window = np.hanning(self._window_samples).astype(np.float32)
        filters = mel_filters(config.num_mels, self._fft_size, SAMPLE_HZ, 20.0, SAMPLE_HZ / 2)
        self._filters = np.ascontiguousarray(filters.T)

    def extract(self, waveforms: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Return the normalised log mel energies `(L, num_mels)` of each waveform."""
        return [self._normalised(self._log_mel(wave)) for wave in checked_waveforms(waveforms)]

    def _log_mel(self, waveform: np.ndarray) -> np.ndarray:
        spectrum = np.fft.rfft(self._frames(waveform) * self._window, self._fft_size)
        power = np.square(spectrum.real) + np.square(spectrum.imag)
        log_mel: np.ndarray = np.log(np.maximum(power @ self._filters, np.float32(_FLOOR)))
        return log_mel

    def _frames(self, waveform: np.ndarray) -> np.ndarray:
        num_frames = max(1, round(waveform.size / self._hop))
        centres = (np.arange(num_frames) + 0.5) * self._hop
        # Half a window of silence in front turns a frame's centre into its first sample.
        starts = np.round(centres).astype(np.int64)
        front = self._window_samples // 2
        back = max(0, int(starts[-1]) + self._window_samples - front - waveform.size)
        padded = np.pad(waveform, (front, back))
        return np.lib.stride_tricks.sliding_window_view(padded, self._window_samples)[starts]

    @staticmethod
    def _normalised(log_mel: np.ndarray) -> np.ndarray:
        centred = log_mel - log_mel.mean(axis=0)
        spread = np.sqrt(np.mean(np.square(centred), axis=0))
        normalised: np.ndarray = centred / np.maximum(spread, np.float32(_MIN_SPREAD))
        return normalised
