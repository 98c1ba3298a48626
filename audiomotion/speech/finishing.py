"""From what a synthesizer gives to what is published: 16 kHz, trimmed, unclipped, and audible."""

import numpy as np
from numpy.typing import NDArray

from audiomotion.config.speech import SpeechSchema
from audiomotion.speech.base import SAMPLE_RATE
from audiomotion.speech.resample import resample

SILENT_PEAK = 1e-3
"""An utterance that nowhere reaches this (-60 dB of full scale) is silent."""

MIN_SECONDS = 0.1
"""Shorter than any word."""

FRAME_SECONDS = 0.01
"""Loudness is measured over as much."""


class UnusableAudioError(Exception):
    """Audio that must not be published; says what is wrong with it."""


def finished(samples: NDArray[np.float32], rate: int, config: SpeechSchema) -> NDArray[np.float32]:
    """Return (S,) float32 at 16 kHz within `config.max_peak`, silence trimmed.

    Raises:
        UnusableAudioError: The audio is empty, not finite, silent, too short or too long.
    """
    if samples.ndim != 1 or not len(samples):
        raise UnusableAudioError("gave no sound at all")
    if not np.isfinite(samples).all():
        raise UnusableAudioError("gave NaN or infinite samples")
    waveform = resample(samples, rate, SAMPLE_RATE)
    peak = float(np.abs(waveform).max())
    if peak < SILENT_PEAK:
        raise UnusableAudioError(f"gave silence (peak {peak:.1g} of full scale)")
    if config.kept_silence_seconds is not None:
        waveform = trimmed(waveform, config.silence_db, config.kept_silence_seconds)
    seconds = len(waveform) / SAMPLE_RATE
    if not MIN_SECONDS <= seconds <= config.max_seconds:
        raise UnusableAudioError(
            f"gave {seconds:.2f} s of sound; allowed are {MIN_SECONDS} to "
            f"{config.max_seconds:g} s (speech.max_seconds)"
        )
    return waveform * np.float32(config.max_peak / peak) if peak > config.max_peak else waveform


def trimmed(
    waveform: NDArray[np.float32], silence_db: float, kept_seconds: float
) -> NDArray[np.float32]:
    """Return the waveform (S,) without the silence at its ends, but for `kept_seconds` of it.

    Silence is every frame of 10 ms whose root mean square is `silence_db` below the loudest one's.
    """
    frame = round(FRAME_SECONDS * SAMPLE_RATE)
    padded = np.pad(waveform, (0, -len(waveform) % frame)).reshape(-1, frame)
    loudness = np.sqrt((padded.astype(np.float64) ** 2).mean(axis=1))
    (heard,) = np.nonzero(loudness > loudness.max() * 10 ** (silence_db / 20))
    kept = round(kept_seconds * SAMPLE_RATE)
    return waveform[max(0, heard[0] * frame - kept) : (heard[-1] + 1) * frame + kept]
