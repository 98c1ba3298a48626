"""Spoken instructions inside a page."""

import base64
import io
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from audiomotion.speech.wav import read_wav

_BLOCK: Final = 4096
"""Samples of a FLAC block. Chromium refuses to play a file of one block alone (seen in 2026)."""


def audio_uri(path: Path) -> str:
    """Return a WAV file as a `data:` URI of FLAC; of a quarter of a second or less, of WAV.

    FLAC, for the samples are those that the encoder heard, bit for bit, in about half the bytes of
    WAV. Chromium, Firefox (since 51) and Safari (since 11) play it; Safari plays Ogg only since
    2025, and Opus and MP3 would sound otherwise than what was measured.

    Raises:
        DataError: The file is missing or damaged.
    """
    waveform, rate = read_wav(path)
    if len(waveform) <= _BLOCK:
        return _uri("wav", path.read_bytes())
    return _uri("flac", _flac(waveform, rate))


def samples_uri(waveform: NDArray[np.float32], rate: int) -> str:
    """Return a waveform `(S,)` as a `data:` URI of 16 bit FLAC; zeros fill up a short one."""
    filled = np.pad(waveform.clip(-1, 1), (0, max(0, _BLOCK + 1 - len(waveform))))
    return _uri("flac", _flac(filled, rate))


def _flac(waveform: NDArray[np.float32], rate: int) -> bytes:
    import soundfile  # here, since it loads a library of its own

    held = io.BytesIO()
    soundfile.write(held, waveform, rate, format="FLAC", subtype="PCM_16")
    return held.getvalue()


def _uri(form: str, content: bytes) -> str:
    return f"data:audio/{form};base64,{base64.b64encode(content).decode('ascii')}"
