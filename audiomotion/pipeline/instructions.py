"""Instructions as a system takes them: heard or read, and spoken first where only text is given."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from audiomotion.errors import DataError
from audiomotion.extract.base import Extractor, build_extractor
from audiomotion.extract.recognizer import Recognizer
from audiomotion.extract.text import TextEncoder, build_text_encoder
from audiomotion.pipeline.folder import SystemConfig, extractor_config
from audiomotion.pipeline.hearing import Heard, hear_file, hear_samples
from audiomotion.speech.audio_file import FORMATS
from audiomotion.speech.speaker import Speaker

Features: TypeAlias = NDArray[np.generic]


@dataclass(frozen=True, eq=False)
class Instruction:
    """An instruction that the system has understood."""

    name: str
    features: Features
    """Feature frames `(L, F)` of the system's encoder."""
    notes: tuple[str, ...] = ()
    waveform: NDArray[np.float32] | None = None
    """What was heard `(S,)`, 16 kHz."""


@dataclass(frozen=True)
class _Text:
    text: str


class InstructionEncoder:
    """Encodes recordings, waveforms and texts for one system.

    Frozen encoders are loaded with the first use.

    Args:
        config: The system.
        folder: Where it is saved.
        say: Told what a user should know.
    """

    def __init__(self, config: SystemConfig, folder: Path, say: Callable[[str], object]) -> None:
        self.experiment = config.experiment
        self.say = say
        self._extractor_config = extractor_config(config, folder)
        self._device = "cpu"
        self._loaded: dict[str, Any] = {}

    def to(self, device: str) -> None:
        """Compute on `device`; what was loaded for another is loaded again when it is needed."""
        if device != self._device:
            self._device = device
            self._loaded.clear()

    def understand(self, given: Sequence[Any], sample_hz: int = 16_000) -> list[Instruction]:
        """Return each recording (a path), waveform (an array) or text as the system takes it.

        Raises:
            DataError: One cannot be used, or a recording is given to a system that reads.
            ModelError: Weights cannot be loaded, or what speaks is not there.
        """
        inputs = [_input(item, sample_hz, place) for place, item in enumerate(given)]
        if not inputs:
            return []
        if self.experiment.condition == "audio":
            return self._heard(self._spoken(inputs))
        return self._read(inputs)

    def _heard(self, inputs: Sequence[Heard]) -> list[Instruction]:
        frames = self._extractor().extract([heard.waveform for heard in inputs])
        return [
            Instruction(heard.name, features, heard.notes, heard.waveform)
            for heard, features in zip(inputs, frames, strict=True)
        ]

    def _spoken(self, inputs: Sequence[Heard | _Text]) -> list[Heard]:
        """Return all as audio: texts in a voice of the system's own training."""
        if not any(isinstance(item, _Text) for item in inputs):
            return [item for item in inputs if isinstance(item, Heard)]
        with Speaker(self.experiment.speech, self._device) as speaker:
            self.say(f"this system hears: the text is spoken first, by {speaker.version}")
            return [
                self._speak(speaker, item) if isinstance(item, _Text) else item for item in inputs
            ]

    def _speak(self, speaker: Speaker, item: _Text) -> Heard:
        voice = speaker.plan.voice_of(item.text, "test")
        waveform = speaker.speak(item.text, voice)
        return Heard(waveform, item.text, (f"spoken by {speaker.version}, voice {voice}",))

    def _read(self, inputs: Sequence[Heard | _Text]) -> list[Instruction]:
        texts = [item.text if isinstance(item, _Text) else self._recognized(item)
                 for item in inputs]  # fmt: skip
        encoder: TextEncoder = self._once(
            "text", lambda: build_text_encoder(self.experiment.text_encoder, self._device)
        )
        return [
            _read_as(item, text, features)
            for item, text, features in zip(inputs, texts, encoder.encode(texts), strict=True)
        ]

    def _recognized(self, heard: Heard) -> str:
        """Return the words of a recording, for a cascade.

        Raises:
            DataError: The system has no recognizer, or it hears nothing.
        """
        if self.experiment.test_text != "transcripts":
            raise DataError(
                f"{heard.name}: this system reads and does not hear; give it the words (--text), "
                "or take a system trained with condition: audio"
            )
        recognizer: Recognizer = self._once(
            "recognizer", lambda: Recognizer(self.experiment.recognizer, self._device)
        )
        (text,) = recognizer.transcribe([heard.waveform])
        if not text.strip():
            raise DataError(f"{heard.name}: no word is heard in it; record it again")
        return text

    def _extractor(self) -> Extractor:
        found: Extractor = self._once(
            "audio", lambda: build_extractor(self._extractor_config, self._device)
        )
        return found

    def _once(self, name: str, load: Callable[[], Any]) -> Any:
        if name not in self._loaded:
            self._loaded[name] = load()
        return self._loaded[name]


def _read_as(item: Heard | _Text, text: str, features: Features) -> Instruction:
    if isinstance(item, _Text):
        return Instruction(text, features)
    return Instruction(item.name, features, (*item.notes, f"heard: “{text}”"), item.waveform)


def _input(item: Any, sample_hz: int, place: int) -> Heard | _Text:
    if isinstance(item, np.ndarray):
        return hear_samples(item, sample_hz, f"waveform {place}")
    if isinstance(item, Path) or Path(item).suffix.lower() in FORMATS:
        return hear_file(Path(item))
    if not item.strip():
        raise DataError(f"text {place} is {item!r}; give at least one word")
    return _Text(item)
