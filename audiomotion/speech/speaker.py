"""Speaking captions with eSpeak NG, each utterance once."""

import json
import os
import unicodedata
from collections import deque
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import uuid4

import numpy as np

from audiomotion.config.experiment import SpeechConfig
from audiomotion.errors import DataError, ModelError
from audiomotion.files import full_disk_explained
from audiomotion.speech.espeak import Engine, EngineDied, EngineKind, Request, start_engine
from audiomotion.speech.resample import resample
from audiomotion.speech.voices import Voice, first_voices
from audiomotion.speech.wav import write_wav

SAMPLE_RATE = 16_000
"""Hz, of every waveform that is spoken here."""

MAX_CHARACTERS = 2_000
"""Longest text, two minutes of speech; a request this long still fits into a pipe at once."""

FORMAT_VERSION = 1
"""Counts changes to what becomes of eSpeak's samples; part of every utterance's key."""

_HEADER_BYTES = 44


class EspeakSpeaker:
    """Speaks texts as mono 16 kHz waveforms, with eSpeak NG in a process of its own.

    A context manager; the process starts with the first use. For one thread at a time.

    Args:
        config: How captions are spoken.
        engine: Insist on eSpeak's library or on its program; by default the library where it is
            installed, else the program.
        timeout_seconds: How long one utterance may take.
    """

    def __init__(
        self,
        config: SpeechConfig,
        engine: EngineKind | None = None,
        timeout_seconds: float = 30.0,
    ) -> None:
        self.config = config
        self._voices = first_voices(config.num_voices)
        self._kind = engine
        self._timeout_seconds = timeout_seconds
        self._engine: Engine | None = None
        self._pending: deque[Request] = deque()

    def __enter__(self) -> Self:
        self._started()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def version(self) -> str:
        """What speaks, with its version, for records.

        Raises:
            ModelError: eSpeak NG is not installed, or lacks one of the configured voices.
        """
        return self._started().version

    def speak(self, text: str, voice: Voice) -> np.ndarray:
        """Return `text` as (S,) float32 at 16 kHz, within [-1, 1]. See `speak_many`."""
        (waveform,) = self.speak_many([(text, voice)])
        return waveform

    def speak_many(self, items: Iterable[tuple[str, Voice]]) -> Iterator[np.ndarray]:
        """Yield each (text, voice) as (S,) float32 at 16 kHz, within [-1, 1].

        Silences are kept as spoken. eSpeak speaks the next utterance while the last is handed out.
        The audio depends on text, voice, rate and engine, not on what was spoken before.

        Raises:
            DataError: A text is empty, has nothing to speak or is too long.
            ModelError: eSpeak NG is not installed, lacks the voice, or failed twice on one text.
        """
        assert not self._pending, "one speak_many at a time"
        try:
            for text, voice in items:
                self._check(voice)
                self._send(utterance_request(text, voice, self.config))
                if len(self._pending) > 1:
                    yield self._receive()
            while self._pending:
                yield self._receive()
        finally:
            # Left early: what is still to come must not answer the next request.
            if self._pending:
                self.close()

    def close(self) -> None:
        """End the process; a later use starts another."""
        self._pending.clear()
        if self._engine:
            self._engine.close()
            self._engine = None

    def _started(self) -> Engine:
        if self._engine is None:
            self._engine = start_engine(self._kind)
            if missing := self._engine.missing(self._voices):
                version = self._engine.version
                self.close()
                raise ModelError(
                    f"{version} lacks {len(missing)} of the {len(self._voices)} voices of "
                    f"speech.num_voices: {', '.join(missing)}; install the package "
                    "espeakng-loader 0.2.4, or lower speech.num_voices"
                )
        return self._engine

    def _check(self, voice: Voice) -> None:
        # eSpeak itself would speak an unknown variant in its default voice and say nothing.
        if self._started().missing((voice,)):
            raise ModelError(
                f"{self.version} has no voice {voice.name!r}; take one of "
                "audiomotion.speech.voices.VOICES"
            )

    def _send(self, request: Request) -> None:
        self._started().send(request)
        self._pending.append(request)

    def _receive(self) -> np.ndarray:
        """Return the oldest pending utterance; a dead engine gets one more chance."""
        request = self._pending[0]
        try:
            try:
                samples, rate = self._started().receive(self._timeout_seconds)
            except EngineDied:
                self._restart()
                samples, rate = self._started().receive(self._timeout_seconds)
        except (EngineDied, ModelError) as error:
            self.close()
            raise ModelError(
                f"{request.text!r} could not be spoken by {request.voice}: {error}; "
                "change the text, or choose another speech.seed"
            ) from error
        self._pending.popleft()
        return _finished(samples, rate, request)

    def _restart(self) -> None:
        unanswered = list(self._pending)
        self.close()
        for request in unanswered:
            self._send(request)


def utterance_request(text: str, voice: Voice, config: SpeechConfig) -> Request:
    """Return what eSpeak is asked for: clean text, and the rate within eSpeak's 80 to 450.

    Raises:
        DataError: The text is empty, has nothing to speak or is too long.
    """
    rate = round(config.words_per_minute * voice.rate)
    return Request(_clean(text), voice.name, voice.pitch, min(max(rate, 80), 450))


def utterance_key(text: str, voice: Voice, config: SpeechConfig, version: str) -> str:
    """Return the content address of an utterance: a hash of all that decides how it sounds.

    Args:
        text: What is spoken.
        voice: Who speaks.
        config: How captions are spoken; only the rate matters, the voice is given.
        version: `EspeakSpeaker.version`.

    Raises:
        DataError: See `utterance_request`.
    """
    request = utterance_request(text, voice, config)
    parts = [FORMAT_VERSION, version, request.text, request.voice, request.pitch, request.rate]
    return sha256(json.dumps(parts).encode()).hexdigest()


class SpeechCache:
    """A folder of spoken utterances by content address; many processes may share it."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)

    def get_or_speak(self, speaker: EspeakSpeaker, text: str, voice: Voice) -> Path:
        """Return the WAV file of an utterance, spoken now unless it was before."""
        (path,) = self.get_or_speak_many(speaker, [(text, voice)])
        return path

    def get_or_speak_many(
        self, speaker: EspeakSpeaker, items: Iterable[tuple[str, Voice]]
    ) -> Iterator[Path]:
        """Yield the WAV file of each (text, voice), in order.

        Twice as fast as one by one: the next is spoken while the last is written.

        Raises:
            DataError: A text cannot be spoken, or the folder cannot be written.
            ModelError: See `EspeakSpeaker.speak_many`.
        """
        wanted = [(self._path(speaker, *item), item) for item in items]
        missing = {path: item for path, item in wanted if not _is_spoken(path)}
        spoken = speaker.speak_many(list(missing.values()))
        # `missing` is in the order of first mention, so the next one spoken is the one met next.
        for path, _ in wanted:
            if missing.pop(path, None):
                self._publish(path, next(spoken))
            yield path

    def _path(self, speaker: EspeakSpeaker, text: str, voice: Voice) -> Path:
        key = utterance_key(text, voice, speaker.config, speaker.version)
        return self.folder / key[:2] / f"{key}.wav"

    def _publish(self, path: Path, waveform: np.ndarray) -> None:
        """Write aside and rename, so that nobody ever sees a part of a file.

        Unsynced: a file for each caption, each cheap to speak again.
        """
        temporary = path.with_name(f".{path.name}.{os.getpid()}.{uuid4().hex}.tmp")
        try:
            with full_disk_explained(path):
                path.parent.mkdir(parents=True, exist_ok=True)
                write_wav(temporary, waveform, SAMPLE_RATE)
                temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def _is_spoken(path: Path) -> bool:
    try:
        # After a power cut an unsynced file may be there and be empty.
        return path.stat().st_size > _HEADER_BYTES
    except FileNotFoundError:
        return False


def _clean(text: str) -> str:
    # eSpeak takes control characters for commands.
    printable = "".join(" " if unicodedata.category(c).startswith("C") else c for c in text)
    cleaned = " ".join(printable.split())
    if not any(character.isalnum() for character in cleaned):
        raise DataError(
            f"{text!r} has no word to speak; a caption needs at least one letter or digit"
        )
    if len(cleaned) > MAX_CHARACTERS:
        raise DataError(
            f"a text of {len(cleaned)} characters ({cleaned[:40]!r}...) is too long to speak; "
            f"a caption has at most {MAX_CHARACTERS}"
        )
    return cleaned


def _finished(samples: np.ndarray, rate: int, request: Request) -> np.ndarray:
    """Resample to 16 kHz and bring peaks that the filter pushed beyond full scale back."""
    if not len(samples):
        raise ModelError(f"{request.text!r} was spoken by {request.voice} as nothing; rephrase it")
    waveform = resample(samples, rate, SAMPLE_RATE)
    peak = np.abs(waveform).max()
    return waveform / peak if peak > 1 else waveform
