"""Reading and writing WAV files."""

import struct
import wave
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from audiomotion.errors import DataError

PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE

STREAMED_BYTES = 0x7FFF_0000
"""A data chunk that claims at least this much was written to a pipe: its length is the file's."""


@dataclass(frozen=True)
class _Format:
    encoding: tuple[int, int]
    num_channels: int
    sample_rate: int

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample of all channels."""
        return self.num_channels * self.encoding[1] // 8


def read_wav(path: Path) -> tuple[np.ndarray, int]:
    """Read a WAV file as a mono waveform (S,) float32 and its sample rate in Hz.

    Channels are averaged. 8, 16, 24 and 32 bit integers are scaled to [-1, 1]; floating point
    samples are returned as they are stored.

    Raises:
        DataError: The file is missing, damaged, empty, not a WAV, or of another encoding.
    """
    return decode_wav(_read(path), str(path))


def wav_seconds(path: Path) -> float:
    """Return how long a WAV file lasts, from its header and size.

    Raises:
        DataError: As `read_wav`.
    """
    form, data = _parse(_read(path), str(path))
    return len(data) / form.frame_bytes / form.sample_rate


def decode_wav(content: bytes, name: str) -> tuple[np.ndarray, int]:
    """Decode the bytes of a WAV file; `name` says in errors whose they are. See `read_wav`."""
    form, data = _parse(content, name)
    samples = _DECODERS[form.encoding](data).reshape(-1, form.num_channels)
    if not np.isfinite(samples).all():
        raise DataError(f"{name}: holds NaN or infinite samples; write the file again")
    return samples.mean(axis=1, dtype=np.float32), form.sample_rate


def write_wav(path: Path, waveform: np.ndarray, sample_rate: int) -> None:
    """Write a mono waveform (S,) within [-1, 1] as 16 bit PCM.

    Raises:
        DataError: The waveform is empty, not finite or louder than full scale.
    """
    assert waveform.ndim == 1, waveform.shape
    peak = float(np.abs(waveform).max(initial=0))
    # NaN fails this comparison too. The slack is for rounding in float32.
    if not len(waveform) or not peak <= 1 + 1e-6:
        raise DataError(
            f"{path}: {len(waveform)} samples with peak {peak:g} cannot be written; a waveform "
            "needs at least one sample, and all of them between -1 and 1"
        )
    codes = np.rint(waveform * 32768.0).clip(-32768, 32767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        file.writeframes(codes.tobytes())


def _read(path: Path) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise DataError(
            f"{path}: cannot be read ({error.strerror}); give the path of a WAV file"
        ) from error


def _parse(content: bytes, name: str) -> tuple[_Format, memoryview]:
    """Return the format and the whole frames of the data chunk, at least one."""
    if len(content) < 12 or content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        raise DataError(f"{name}: not a WAV file; convert it to WAV, 16 bit, mono, 16 kHz")
    chunks = _chunks(content, name)
    if b"fmt " not in chunks or b"data" not in chunks:
        raise DataError(f"{name}: a WAV without its format or its samples; write the file again")
    form = _format(chunks[b"fmt "], name)
    data = chunks[b"data"]
    data = data[: len(data) // form.frame_bytes * form.frame_bytes]
    if not data:
        raise DataError(f"{name}: a WAV without a single sample; write the file again")
    return form, data


def _chunks(content: bytes, name: str) -> dict[bytes, memoryview]:
    """Return every chunk up to the samples, by its four letters."""
    chunks: dict[bytes, memoryview] = {}
    view, start = memoryview(content), 12
    while start + 8 <= len(content) and b"data" not in chunks:
        kind, size = struct.unpack_from("<4sI", content, start)
        body = view[start + 8 : start + 8 + size]
        if len(body) < size and not (kind == b"data" and size >= STREAMED_BYTES):
            raise DataError(
                f"{name}: truncated: its {kind.decode('latin-1').strip()} chunk should have "
                f"{size} bytes and has {len(body)}; copy or write the file again"
            )
        chunks[kind] = body
        # Chunks start at even offsets.
        start += 8 + size + size % 2
    return chunks


def _format(chunk: memoryview, name: str) -> _Format:
    if len(chunk) < 16:
        raise DataError(f"{name}: a WAV with a damaged format header; write the file again")
    tag, num_channels, sample_rate, _, _, bits = struct.unpack_from("<HHIIHH", chunk)
    if tag == EXTENSIBLE and len(chunk) >= 26:
        (tag,) = struct.unpack_from("<H", chunk, 24)
    if (tag, bits) not in _DECODERS:
        raise DataError(
            f"{name}: WAV encoding {tag} with {bits} bits is not supported; "
            "convert it to PCM of 8, 16, 24 or 32 bits, or to floating point"
        )
    if num_channels < 1 or sample_rate < 1:
        raise DataError(
            f"{name}: a WAV of {num_channels} channels at {sample_rate} Hz; both must be positive; "
            "write the file again"
        )
    return _Format((tag, bits), num_channels, sample_rate)


def _decode_integers(data: memoryview, kind: str, zero: int, scale: int) -> np.ndarray:
    return (np.frombuffer(data, kind).astype(np.float32) - zero) / np.float32(scale)


def _decode_24_bits(data: memoryview) -> np.ndarray:
    octets = np.frombuffer(data, np.uint8).reshape(-1, 3)
    # The three octets become the upper ones of an int32; the shift brings them down with the sign.
    wide = np.zeros((len(octets), 4), np.uint8)
    wide[:, 1:] = octets
    return (wide.view("<i4").reshape(-1) >> 8).astype(np.float32) / np.float32(2**23)


def _decode_floats(data: memoryview, kind: str) -> np.ndarray:
    return np.frombuffer(data, kind).astype(np.float32)


_DECODERS: dict[tuple[int, int], Callable[[memoryview], np.ndarray]] = {
    (PCM, 8): partial(_decode_integers, kind="u1", zero=128, scale=2**7),
    (PCM, 16): partial(_decode_integers, kind="<i2", zero=0, scale=2**15),
    (PCM, 24): _decode_24_bits,
    (PCM, 32): partial(_decode_integers, kind="<i4", zero=0, scale=2**31),
    (FLOAT, 32): partial(_decode_floats, kind="<f4"),
    (FLOAT, 64): partial(_decode_floats, kind="<f8"),
}
