"""Spoken instructions inside a page."""

import base64
import io
from pathlib import Path

from audiomotion.speech.wav import read_wav


def audio_uri(path: Path) -> str:
    """Return a WAV file as a `data:` URI of FLAC.

    FLAC, for the samples are those that the encoder heard, bit for bit, in about half the bytes of
    WAV. Chromium, Firefox (since 51) and Safari (since 11) play it; Safari plays Ogg only since
    2025, and Opus and MP3 would sound otherwise than what was measured.
    """
    import soundfile  # here, since it loads a library of its own

    waveform, rate = read_wav(path)
    held = io.BytesIO()
    soundfile.write(held, waveform, rate, format="FLAC", subtype="PCM_16")
    return "data:audio/flac;base64," + base64.b64encode(held.getvalue()).decode("ascii")
