"""Speech from a server that answers `POST /audio/speech` as OpenAI's does."""

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

from audiomotion.config.speech import EndpointConfig
from audiomotion.errors import DataError, ModelError
from audiomotion.speech.base import Audio, Line, SpeechBackend, in_order
from audiomotion.speech.http_client import HttpClient, Patience, read_key
from audiomotion.speech.wav import decode_wav


class EndpointBackend(SpeechBackend[EndpointConfig]):
    """Asks for one WAV file an utterance, a few at once."""

    attempts = 3
    repeats = False

    @property
    def voices(self) -> tuple[str, ...]:
        """Return the configured voices."""
        return self.config.voices

    @property
    def version(self) -> str:
        """Return model and server, which is all that can be known; nothing is sent."""
        return f"{self.config.model} at {self.config.base_url}"

    @cached_property
    def _client(self) -> HttpClient:
        config = self.config
        return HttpClient(
            config.base_url,
            read_key(config.api_key_env, config.api_key_file),
            Patience(config.timeout_seconds, config.num_retries, config.backoff_seconds),
        )

    def speak(self, line: Line) -> Audio:
        """See `SpeechBackend.speak`; an answer that is no WAV file is asked for again."""
        problem = ""
        for _ in range(self.attempts):
            content = self._ask(line)
            try:
                return decode_wav(content, "the answer")
            except DataError as error:
                problem = f"{error} (it begins with {content[:12]!r})"
        raise ModelError(
            f"{line.text!r} by voice {line.voice!r} of {self.version}: {self.attempts} answers "
            f"were no audio: {problem}; check speech.base_url and speech.model"
        )

    def speak_many(self, lines: Iterable[Line]) -> Iterator[Audio]:
        """See `SpeechBackend.speak_many`."""
        return in_order(self.speak, lines, self.config.num_requests)

    def _ask(self, line: Line) -> bytes:
        body: dict[str, Any] = {
            "model": self.config.model,
            "input": line.text,
            "voice": line.voice,
            "response_format": "wav",
            "speed": self.config.speed,
        }
        if self.config.instructions:
            body["instructions"] = self.config.instructions
        try:
            return self._client.post("/audio/speech", body)
        except ModelError as error:
            # The key is in nothing that the client raises, nor behind it.
            raise ModelError(f"{line.text!r} by voice {line.voice!r}: {error}") from None
