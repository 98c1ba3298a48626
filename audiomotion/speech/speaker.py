"""Speaking captions with whichever synthesizer is configured, as audio that may be published."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from audiomotion.config.schema import load_implementation
from audiomotion.config.speech import SpeechSchema
from audiomotion.errors import ModelError
from audiomotion.speech.base import Audio, Line, SpeechBackend, clean_text
from audiomotion.speech.finishing import UnusableAudioError, finished
from audiomotion.speech.voices import VoicePlan, first_voices


class Speaker:
    """Speaks texts as mono 16 kHz waveforms.

    A context manager; what speaks starts with the first use. For one thread at a time.

    Args:
        config: What speaks, and how.
        device: Torch device, for synthesizers that are models.
        backend: Take this one instead of the one that `config` names.

    Raises:
        ConfigError: More voices are asked for than there are.
    """

    def __init__(
        self,
        config: SpeechSchema,
        device: str = "cpu",
        backend: SpeechBackend[Any] | None = None,
    ) -> None:
        self.config = config
        made = backend or load_implementation(config)(config, device)
        self.backend: SpeechBackend[Any] = made
        self.voices = first_voices(made.voices, config.num_voices)

    def __enter__(self) -> Self:
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
        """What speaks, with its version, for records. Starts it.

        Raises:
            ModelError: It is not installed, or lacks one of the configured voices.
        """
        return self.backend.version

    @property
    def plan(self) -> VoicePlan:
        """Which voice speaks what."""
        speakers = [self.backend.speaker_of(voice) for voice in self.voices]
        return VoicePlan(self.config, self.voices, speakers)

    def clean(self, text: str) -> str:
        """Return the text as it is spoken. See `clean_text`."""
        return clean_text(text, self.backend.max_characters)

    def speak(self, text: str, voice: str) -> NDArray[np.float32]:
        """Return `text` as (S,) float32 at 16 kHz. See `speak_many`."""
        (waveform,) = self.speak_many([(text, voice)])
        return waveform

    def speak_many(self, items: Iterable[tuple[str, str]]) -> Iterator[NDArray[np.float32]]:
        """Yield each (text, voice) as (S,) float32 at 16 kHz, as `finishing.finished` leaves it.

        Several may be under way at once. Where the synthesizer draws, or is another's server,
        unusable audio is asked for again, and never handed out.

        Raises:
            DataError: A text is empty, has nothing to speak or is too long.
            ModelError: What speaks is not there, lacks the voice, or gave nothing usable.
        """
        lines = [self._line(text, voice) for text, voice in items]
        for line, audio in zip(lines, self.backend.speak_many(lines), strict=True):
            yield self._usable(line, audio)

    def close(self) -> None:
        """End every process; a later use starts another."""
        self.backend.close()

    def _line(self, text: str, voice: str) -> Line:
        # Most synthesizers speak an unknown voice in another one and say nothing.
        if voice not in self.backend.voices:
            raise ModelError(
                f"{self.version} has no voice {voice!r}; it has {', '.join(self.backend.voices)}"
            )
        return Line(self.clean(text), voice)

    def _usable(self, line: Line, audio: Audio) -> NDArray[np.float32]:
        for attempt in range(1, self.backend.attempts + 1):
            try:
                return finished(*audio, self.config)
            except UnusableAudioError as error:
                reason = str(error)
            if attempt < self.backend.attempts:
                audio = self.backend.speak(replace(line, attempt=attempt))
        tries = f" {self.backend.attempts} times" if self.backend.attempts > 1 else ""
        raise ModelError(
            f"{line.text!r} could not be spoken by voice {line.voice!r} of {self.version}: it "
            f"{reason}{tries}; change the text, or choose another speech.seed or synthesizer"
        )
