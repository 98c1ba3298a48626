"""A recording before it is understood: what cannot be an instruction, and what hardly is one."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from audiomotion.errors import DataError
from audiomotion.speech.audio_file import SAMPLE_RATE_HZ, read_audio
from audiomotion.speech.resample import resample

_LEAST_SECONDS: Final = 0.1
"""No word is shorter."""
_LONG_SECONDS: Final = 30.0
"""Longer than any caption takes to say, and than one window of the encoders that have windows."""
_SILENT_RMS: Final = 1e-3
"""-60 dB of full scale: below the noise of a quiet room as microphones record it."""
_CLIPPED_SHARE: Final = 1e-3
"""Share of samples at the very peak; speech as it is recorded has a few in a million."""
_STEADY: Final = 0.5
"""Deviation of the loudness of 32 ms frames, in powers of ten. Measured: 0.78 to 1.43 for 64
utterances of eSpeak NG, 0.03 for white noise, 0.39 for brown noise."""
_TELEPHONE_SHARE: Final = 5e-4
"""Share of the energy above 4.6 kHz. Measured on the same utterances: 5e-3 to 4e-2; of what 8 kHz
leave, 2e-6 to 1e-4."""
_WINDOW: Final = 512


@dataclass(frozen=True, eq=False)
class Heard:
    """One recording, fit for an extractor."""

    waveform: NDArray[np.float32]
    """`(S,)`, mono, 16 kHz."""
    name: str
    notes: tuple[str, ...] = ()
    """What speaks against a good answer, each a sentence."""


def hear_file(path: Path) -> Heard:
    """Read and judge a recording of any common format, rate and number of channels.

    Raises:
        DataError: It cannot be read, or there is nothing to hear in it.
    """
    return judged(read_audio(path), str(path))


def hear_samples(samples: Any, sample_hz: int, name: str = "the waveform") -> Heard:
    """Judge samples in memory: floats `(S,)`, or `(S, channels)`, which are averaged.

    Raises:
        DataError: They are no audio, are not finite, or there is nothing to hear in them.
    """
    given = np.asarray(samples)
    if given.ndim not in (1, 2) or not given.size or not np.issubdtype(given.dtype, np.floating):
        raise DataError(
            f"{name} is {given.dtype} of shape {given.shape}; give floats in [-1, 1] of shape (S,) "
            "or (S, channels); divide 16-bit samples by 32768"
        )
    if not np.isfinite(given).all():
        bad = int(np.count_nonzero(~np.isfinite(given)))
        raise DataError(
            f"{name} has {bad} NaN or infinite of {given.size} samples; make the audio again"
        )
    mono = given if given.ndim == 1 else given.mean(axis=1)
    return judged(resample(mono.astype(np.float32), sample_hz, SAMPLE_RATE_HZ), name)


def judged(waveform: NDArray[np.float32], name: str) -> Heard:
    """Return a mono 16 kHz waveform with what speaks against it.

    Raises:
        DataError: It is too short for a word, or silent.
    """
    seconds = len(waveform) / SAMPLE_RATE_HZ
    if seconds < _LEAST_SECONDS:
        raise DataError(
            f"{name}: lasts {seconds:.3f} s; an instruction takes at least {_LEAST_SECONDS} s: "
            "record it again"
        )
    level = float(np.sqrt(np.mean(np.square(waveform, dtype=np.float64))))
    if level < _SILENT_RMS:
        loud = f"{20 * np.log10(level):.0f} dB" if level else "not a single sound"
        raise DataError(
            f"{name}: is silent ({loud}; at least -60 dB are needed); check the microphone and "
            "record it again"
        )
    return Heard(waveform, name, tuple(_doubts(waveform, seconds)))


def _doubts(waveform: NDArray[np.float32], seconds: float) -> Iterator[str]:
    if seconds > _LONG_SECONDS:
        yield (
            f"lasts {seconds:.0f} s, longer than any instruction of a training; one action in one "
            "sentence is what a system learns"
        )
    magnitudes = np.abs(waveform)
    if (share := float(np.mean(magnitudes >= 0.999 * magnitudes.max()))) > _CLIPPED_SHARE:
        yield f"{100 * share:.1f} % of its samples are at the very peak: recorded too loud, clipped"
    if _deviation(waveform) < _STEADY:
        yield "is as steady as noise or a tone, unlike speech; what comes out answers nothing"
    elif _high_share(waveform) < _TELEPHONE_SHARE:
        yield "has nothing above 4 kHz, as over a telephone; no system here was trained on such"


def _frames(waveform: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the waveform in frames `(n, 512)`, the last one filled up with zeros."""
    return np.pad(waveform, (0, -len(waveform) % _WINDOW)).reshape(-1, _WINDOW)


def _deviation(waveform: NDArray[np.float32]) -> float:
    whole = _frames(waveform)[: max(1, len(waveform) // _WINDOW)]
    return float(np.log10(np.mean(whole**2, axis=1) + 1e-7).std())


def _high_share(waveform: NDArray[np.float32]) -> float:
    spectrum = np.fft.rfft(_frames(waveform) * np.hanning(_WINDOW), axis=1)
    power = np.mean(np.abs(spectrum) ** 2, axis=0) + 1e-20
    return float(power[int(4600 / 8000 * 256) :].sum() / power.sum())
