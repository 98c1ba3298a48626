"""Recorded speech as people have it: any common format, rate and number of channels."""

from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audiomotion.errors import DataError
from audiomotion.speech.resample import resample
from audiomotion.speech.wav import decode_wav

SAMPLE_RATE_HZ = 16_000
FORMATS = (".wav", ".flac", ".mp3", ".ogg")

# A file that lacks more than this of what it announces lacks its end; MP3 pads by a frame or two.
_TOLERATED_SECONDS = 0.1
_MP3_HEAD_BYTES = 4096


def read_audio(path: Path) -> NDArray[np.float32]:
    """Read a recording as a mono waveform `(S,)` at 16 kHz; channels are averaged.

    WAV is read by this package, FLAC, MP3 and Ogg (Vorbis, Opus) by libsndfile.

    Raises:
        DataError: The file is missing, empty, cut off, of another format, or holds a sample that
            is not a finite number.
    """
    if path.suffix.lower() not in FORMATS:
        raise DataError(f"{path}: recordings are {', '.join(FORMATS)}; convert it to one of them")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
    if not content:
        raise DataError(f"{path}: is empty; copy or record it again")
    if path.suffix.lower() == ".wav":
        waveform, rate = decode_wav(content, str(path))
    else:
        waveform, rate = _decode(content, path)
    return resample(waveform, rate, SAMPLE_RATE_HZ)


def _decode(content: bytes, path: Path) -> tuple[NDArray[np.float32], int]:
    """Return the mono waveform and its rate in Hz."""
    import soundfile  # here, since it loads a library of its own

    try:
        with soundfile.SoundFile(BytesIO(content)) as file:
            rate, announced = file.samplerate, file.frames
            samples = file.read(dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, RuntimeError) as error:
        reason = str(getattr(error, "error_string", error)).rstrip(".")
        raise DataError(
            f"{path}: cannot be read as audio ({reason}); it is damaged, or not what its name says"
        ) from error
    if path.suffix.lower() == ".ogg" and not _ends_as_ogg(content):
        raise DataError(f"{path}: cut off: it has no last page; copy or record it again")
    if not len(samples):
        raise DataError(f"{path}: holds no samples; copy or record it again")
    lacking = announced - len(samples) if _announces(content, path) else 0
    if lacking > _TOLERATED_SECONDS * rate:
        raise DataError(
            f"{path}: cut off: {len(samples)} of {announced} samples can be read; copy it again"
        )
    if not np.isfinite(samples).all():
        raise DataError(f"{path}: holds NaN or infinite samples; write the file again")
    return samples.mean(axis=1, dtype=np.float32), rate


def _announces(content: bytes, path: Path) -> bool:
    """Return whether a file says how long it is; for an MP3 without a table it is a guess."""
    head = content[:_MP3_HEAD_BYTES]
    return path.suffix.lower() != ".mp3" or b"Xing" in head or b"Info" in head


def _ends_as_ogg(content: bytes) -> bool:
    """Return whether the pages of an Ogg file are whole and the last one says that it is.

    libsndfile reads a file that was cut off up to its last whole page, and says nothing.
    Source: RFC 3533, Sec. 6.
    """
    start, is_last = 0, False
    while content[start : start + 4] == b"OggS" and start + 27 <= len(content):
        is_last = bool(content[start + 5] & 4)
        num_segments = content[start + 26]
        segments = content[start + 27 : start + 27 + num_segments]
        start += 27 + num_segments + sum(segments)
    return is_last and start <= len(content)
