"""Every utterance once: WAV files by content address, each with a checksum of its own samples."""

import json
import os
import struct
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from audiomotion.config.speech import SpeechSchema
from audiomotion.errors import DataError, ModelError
from audiomotion.files import full_disk_explained
from audiomotion.speech.audio_file import read_audio
from audiomotion.speech.base import SAMPLE_RATE
from audiomotion.speech.finishing import UnusableAudioError, finished
from audiomotion.speech.speaker import Speaker

FORMAT_VERSION = 2
"""Counts changes to what becomes of a synthesizer's samples; part of every utterance's key."""

# RIFF, the format, a chunk with the SHA-256 of the samples, and the head of the samples' chunk.
# Readers of WAV skip chunks that they do not know.
_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI32s4sI")
_CHECKSUM_CHUNK = b"s256"


@dataclass(frozen=True)
class Spoken:
    """The file of one utterance."""

    path: Path
    seconds: float
    sha256: str
    """Of the whole file."""


def utterance_key(text: str, voice: str, config: SpeechSchema, version: str) -> str:
    """Return the content address of an utterance: a hash of all that decides how it sounds.

    Args:
        text: What is spoken, cleaned.
        voice: Who speaks.
        config: What speaks, and how; which voices it draws from does not matter.
        version: `Speaker.version`.
    """
    return _address([version, config.sound, text, voice])


class SpeechCache:
    """A folder of utterances by content address; many processes may share it.

    A file is written aside and linked to its name, so there is nobody who sees a part of one, and
    of two processes that speak the same the first one's stays. A file whose samples are not those
    of its checksum is no utterance: after a power cut, or damaged by way of an artifact that shares
    its bytes. It is spoken again.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)

    def get_or_speak(self, speaker: Speaker, text: str, voice: str) -> Spoken:
        """Return the file of an utterance, spoken now unless it was before."""
        (spoken,) = self.get_or_speak_many(speaker, [(text, voice)])
        return spoken

    def get_or_speak_many(
        self, speaker: Speaker, items: Iterable[tuple[str, str]]
    ) -> Iterator[Spoken]:
        """Yield the file of each (text, voice), in order; each is there before it is yielded.

        Raises:
            DataError: A text cannot be spoken, or the folder cannot be written.
            ModelError: See `Speaker.speak_many`.
        """
        cleaned = [(speaker.clean(text), voice) for text, voice in items]
        wanted = [(self._path(speaker, *item), item) for item in cleaned]
        found: dict[Path, Spoken | None] = {}
        for path, _ in wanted:
            if path not in found:
                found[path] = _read(path)
        missing = {path: item for path, item in wanted if found[path] is None}
        waveforms = speaker.speak_many(list(missing.values()))
        # `missing` is in the order of first mention, so the next one spoken is the one met next.
        for path, _ in wanted:
            spoken = found[path]
            if spoken is None:
                spoken = found[path] = _publish(path, next(waveforms))
            yield spoken

    def get_or_convert(self, recording: Path, config: SpeechSchema) -> Spoken:
        """Return a recording, in any format, as utterances are: mono 16 kHz, trimmed, unclipped.

        Raises:
            DataError: It cannot be read, or nothing is to be heard in it.
        """
        samples = read_audio(recording)
        how = [config.silence_db, config.kept_silence_seconds, config.max_peak, config.max_seconds]
        digest = sha256(samples.tobytes()).hexdigest()
        path = self._place(_address(["recording", digest, *how]))
        try:
            return _read(path) or _publish(path, finished(samples, SAMPLE_RATE, config))
        except UnusableAudioError as error:
            raise DataError(
                f"{recording}: the recording {error}; record it again, or remove it so that its "
                "caption is spoken"
            ) from error

    def _path(self, speaker: Speaker, text: str, voice: str) -> Path:
        return self._place(utterance_key(text, voice, speaker.config, speaker.version))

    def _place(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.wav"


def _address(parts: list[Any]) -> str:
    return sha256(json.dumps([FORMAT_VERSION, *parts], sort_keys=True).encode()).hexdigest()


def _publish(path: Path, waveform: NDArray[np.float32]) -> Spoken:
    """Write aside, link: unsynced, since each file is cheap to check, and to speak again."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{uuid4().hex}.tmp")
    with full_disk_explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            temporary.write_bytes(_encoded(waveform))
            with suppress(OSError):  # it is there already; or the file system has no links
                os.link(temporary, path)
            if _read(path) is None:
                temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    spoken = _read(path)
    if spoken is None:
        raise ModelError(f"{path} does not hold what was just written; check the disk")
    return spoken


def _encoded(waveform: NDArray[np.float32]) -> bytes:
    samples: bytes = np.rint(waveform * 32768.0).clip(-32768, 32767).astype("<i2").tobytes()
    form = (1, 1, SAMPLE_RATE, 2 * SAMPLE_RATE, 2, 16)
    size = _HEADER.size - 8 + len(samples)
    header = _HEADER.pack(
        b"RIFF", size, b"WAVE", b"fmt ", 16, *form,
        _CHECKSUM_CHUNK, 32, sha256(samples).digest(), b"data", len(samples),
    )  # fmt: skip
    return header + samples


def _read(path: Path) -> Spoken | None:
    """Return what is known of an utterance's file, None where there is none or it is damaged."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    if len(content) <= _HEADER.size:
        return None
    *_, chunk, _, checksum, _, num_bytes = _HEADER.unpack_from(content)
    samples = memoryview(content)[_HEADER.size :]
    if chunk != _CHECKSUM_CHUNK or num_bytes != len(samples):
        return None
    if sha256(samples).digest() != checksum:
        return None
    return Spoken(path, num_bytes / 2 / SAMPLE_RATE, sha256(content).hexdigest())
