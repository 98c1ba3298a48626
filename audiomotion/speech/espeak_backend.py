"""eSpeak NG as a synthesizer: the embedded default."""

from collections import deque
from collections.abc import Iterable, Iterator
from functools import cached_property

from audiomotion.config.speech import EspeakConfig
from audiomotion.errors import ModelError
from audiomotion.speech.base import Audio, Line, SpeechBackend
from audiomotion.speech.espeak import Engine, EngineDied, EngineKind, Request, start_engine
from audiomotion.speech.espeak_voices import VOICES, Voice


class EspeakBackend(SpeechBackend[EspeakConfig]):
    """Speaks with eSpeak NG in a process of its own.

    Args:
        config: Rate, and how many of the voices must be there.
        device: Not used.
        engine: Insist on eSpeak's library or on its program; by default the library where it is
            installed, else the program.
        timeout_seconds: How long one utterance may take.
    """

    def __init__(
        self,
        config: EspeakConfig,
        device: str = "cpu",
        engine: EngineKind | None = None,
        timeout_seconds: float = 30.0,
    ) -> None:
        super().__init__(config, device)
        self._kind = engine
        self._timeout_seconds = timeout_seconds
        self._engine: Engine | None = None
        self._pending: deque[Request] = deque()

    @property
    def voices(self) -> tuple[str, ...]:
        """See `SpeechBackend.voices`."""
        return tuple(self._voices)

    @cached_property
    def _voices(self) -> dict[str, Voice]:
        return {voice.name: voice for voice in VOICES}

    def speaker_of(self, voice: str) -> str:
        """Return the voice variant: with another accent it is the same throat."""
        return self._voices[voice].variant

    @property
    def version(self) -> str:
        """See `SpeechBackend.version`."""
        return self._started().version

    def speak(self, line: Line) -> Audio:
        """See `SpeechBackend.speak`."""
        (audio,) = self.speak_many([line])
        return audio

    def speak_many(self, lines: Iterable[Line]) -> Iterator[Audio]:
        """Yield each line; eSpeak speaks the next one while the last is handed out."""
        assert not self._pending, "one speak_many at a time"
        try:
            for line in lines:
                self._send(self._request(line))
                if len(self._pending) > 1:
                    yield self._receive()
            while self._pending:
                yield self._receive()
        finally:
            # Left early: what is still to come must not answer the next request.
            if self._pending:
                self.close()

    def close(self) -> None:
        """See `SpeechBackend.close`."""
        self._pending.clear()
        if self._engine:
            self._engine.close()
            self._engine = None

    def _started(self) -> Engine:
        if self._engine is None:
            wanted = VOICES[: self.config.num_voices]
            self._engine = start_engine(self._kind)
            if missing := self._engine.missing(wanted):
                version = self._engine.version
                self.close()
                raise ModelError(
                    f"{version} lacks {len(missing)} of the {len(wanted)} voices of "
                    f"speech.num_voices: {', '.join(missing)}; install the package "
                    "espeakng-loader 0.2.4, or lower speech.num_voices"
                )
        return self._engine

    def _request(self, line: Line) -> Request:
        """Return what eSpeak is asked for; its rate is within eSpeak's 80 to 450."""
        voice = self._voices[line.voice]
        # eSpeak itself would speak a variant that it lacks in its default voice and say nothing.
        if self._started().missing((voice,)):
            raise ModelError(f"{self.version} lacks the voice {line.voice!r}")
        rate = round(self.config.words_per_minute * voice.rate)
        return Request(line.text, voice.name, voice.pitch, min(max(rate, 80), 450))

    def _send(self, request: Request) -> None:
        self._started().send(request)
        self._pending.append(request)

    def _receive(self) -> Audio:
        """Return the oldest pending utterance; a dead engine gets one more chance."""
        request = self._pending[0]
        try:
            try:
                audio = self._started().receive(self._timeout_seconds)
            except EngineDied:
                self._restart()
                audio = self._started().receive(self._timeout_seconds)
        except (EngineDied, ModelError) as error:
            self.close()
            raise ModelError(
                f"{request.text!r} could not be spoken by {request.voice}: {error}; "
                "change the text, or choose another speech.seed"
            ) from error
        self._pending.popleft()
        return audio

    def _restart(self) -> None:
        unanswered = list(self._pending)
        self.close()
        for request in unanswered:
            self._send(request)
