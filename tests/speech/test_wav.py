import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from audiomotion.errors import DataError
from audiomotion.speech.wav import decode_wav, read_wav, wav_seconds, write_wav

PCM, FLOAT = 1, 3


def chunk(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def format_chunk(tag: int, bits: int, channels: int = 1, rate: int = 8000) -> bytes:
    frame = channels * bits // 8
    return chunk(b"fmt ", struct.pack("<HHIIHH", tag, channels, rate, rate * frame, frame, bits))


def riff(*chunks: bytes) -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


@given(
    arrays.arrays(
        np.float32, st.integers(1, 50), elements=st.floats(-1, 1, width=32, allow_nan=False)
    )
)
def test_written_is_read(tmp_path_factory: pytest.TempPathFactory, waveform: np.ndarray) -> None:
    path = tmp_path_factory.mktemp("wav") / "a.wav"
    write_wav(path, waveform, 16000)
    read, rate = read_wav(path)
    assert rate == 16000
    assert read.dtype == np.float32
    np.testing.assert_allclose(read, waveform, atol=1 / 32768)
    assert wav_seconds(path) == len(waveform) / 16000


@pytest.mark.parametrize(
    ("tag", "bits", "data"),
    [
        (PCM, 8, bytes([0, 64, 128, 192])),
        (PCM, 16, struct.pack("<4h", -(2**15), -(2**14), 0, 2**14)),
        (PCM, 24, bytes([0, 0, 0x80, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0x40])),
        (PCM, 32, struct.pack("<4i", -(2**31), -(2**30), 0, 2**30)),
        (FLOAT, 32, struct.pack("<4f", -1, -0.5, 0, 0.5)),
        (FLOAT, 64, struct.pack("<4d", -1, -0.5, 0, 0.5)),
    ],
)
def test_every_encoding_is_scaled_to_one(tag: int, bits: int, data: bytes) -> None:
    waveform, rate = decode_wav(riff(format_chunk(tag, bits), chunk(b"data", data)), "a.wav")
    assert rate == 8000
    np.testing.assert_array_equal(waveform, np.array([-1, -0.5, 0, 0.5], np.float32))


def test_channels_are_averaged() -> None:
    data = chunk(b"data", struct.pack("<4f", 1, 0, -0.5, -0.25))
    waveform, _ = decode_wav(riff(format_chunk(FLOAT, 32, channels=2), data), "a.wav")
    np.testing.assert_array_equal(waveform, np.array([0.5, -0.375], np.float32))


def test_extensible_format_names_its_encoding_further_on() -> None:
    plain = format_chunk(FLOAT, 32)[8:]
    body = (
        struct.pack("<H", 0xFFFE) + plain[2:] + struct.pack("<HHIH", 22, 32, 4, FLOAT) + b"\0" * 14
    )
    data = chunk(b"data", struct.pack("<f", 0.5))
    assert decode_wav(riff(chunk(b"fmt ", body), data), "a.wav")[0].tolist() == [0.5]


def test_other_chunks_are_passed_over() -> None:
    notes, data = chunk(b"LIST", b"odd"), chunk(b"data", struct.pack("<h", 2**14))
    assert decode_wav(riff(notes, format_chunk(PCM, 16), data), "a.wav")[0].tolist() == [0.5]


@pytest.mark.parametrize("size", [0x7FFFF000, 0xFFFFFFFF])
def test_a_stream_has_the_length_that_came(size: int) -> None:
    data = b"data" + struct.pack("<Ihh", size, 2**14, -(2**14))
    content = riff(format_chunk(PCM, 16), data)
    assert decode_wav(content, "a.wav")[0].tolist() == [0.5, -0.5]


PCM_16 = format_chunk(PCM, 16)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "not a WAV"),
        (b"ID3" + b"\0" * 40, "not a WAV"),
        (riff(PCM_16, chunk(b"data", b"\0" * 400))[:-9], "truncated.* 400 bytes and has 391"),
        (riff(PCM_16, chunk(b"data", b"")), "without a single sample"),
        (riff(PCM_16, chunk(b"data", b"\0")), "without a single sample"),
        (riff(PCM_16), "without its format or its samples"),
        (riff(chunk(b"data", b"\0\0")), "without its format or its samples"),
        (riff(chunk(b"fmt ", b"\1\0"), chunk(b"data", b"\0\0")), "damaged format"),
        (riff(format_chunk(PCM, 16, channels=0), chunk(b"data", b"\0\0")), "0 channels"),
        (riff(format_chunk(PCM, 16, rate=0), chunk(b"data", b"\0\0")), "0 Hz"),
        (riff(format_chunk(85, 16), chunk(b"data", b"\0\0")), "encoding 85 .*not supported"),
        (riff(format_chunk(PCM, 12), chunk(b"data", b"\0\0")), "12 bits is not supported"),
        (riff(format_chunk(FLOAT, 32), chunk(b"data", struct.pack("<f", np.nan))), "NaN"),
        (riff(format_chunk(FLOAT, 32), chunk(b"data", struct.pack("<f", np.inf))), "infinite"),
    ],
)
def test_damage_is_named(tmp_path: Path, content: bytes, complaint: str) -> None:
    path = tmp_path / "broken.wav"
    path.write_bytes(content)
    with pytest.raises(DataError, match=f"broken.wav: .*{complaint}"):
        read_wav(path)


def test_no_cut_of_a_file_goes_unnoticed(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    write_wav(path, np.full(20, 0.5, np.float32), 16000)
    content = path.read_bytes()
    for length in range(len(content)):
        with pytest.raises(DataError):
            decode_wav(content[:length], "a.wav")


@pytest.mark.parametrize("name", ["missing.wav", "."])
def test_unreadable_files_are_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_wav(tmp_path / name)


@pytest.mark.parametrize("samples", [[], [np.nan, 0.5], [np.inf], [0, 1.1], [-1.1]])
def test_only_what_can_be_held_is_written(tmp_path: Path, samples: list[float]) -> None:
    with pytest.raises(DataError, match="cannot be written"):
        write_wav(tmp_path / "a.wav", np.array(samples, np.float32), 16000)
    assert not (tmp_path / "a.wav").exists()
