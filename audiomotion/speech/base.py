"""What a speech synthesizer is, and what all of them are given: clean text and a voice's name."""

import unicodedata
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from audiomotion.config.speech import SpeechSchema
from audiomotion.errors import DataError

SAMPLE_RATE = 16_000
"""Hz, of every utterance."""

MAX_CHARACTERS = 2_000
"""Longest text, two minutes of speech; a request this long still fits into a pipe at once."""

Audio = tuple[NDArray[np.float32], int]
"""A waveform (S,) as the synthesizer gave it, and its rate in Hz."""

ConfigT = TypeVar("ConfigT", bound=SpeechSchema)
Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Line:
    """One utterance to speak."""

    text: str
    """Clean: see `clean_text`."""

    voice: str

    attempt: int = 0
    """How often the answer was unusable before; a synthesizer that draws draws anew."""


class SpeechBackend(ABC, Generic[ConfigT]):
    """One synthesizer. Made in no time; it starts with the first use, and is for one thread.

    Args:
        config: What speaks, and how.
        device: Torch device, for those that are models.
    """

    attempts: ClassVar[int] = 1
    """How often a line is tried before unusable audio is an error; 1 where it would be the same."""

    repeats: ClassVar[bool] = True
    """Whether the same line of the same version is the same audio, whatever came before."""

    max_characters: int = MAX_CHARACTERS

    def __init__(self, config: ConfigT, device: str = "cpu") -> None:
        self.config = config
        self.device = device

    @property
    @abstractmethod
    def voices(self) -> tuple[str, ...]:
        """Every voice, ordered so that the first few are a good mix."""

    def speaker_of(self, voice: str) -> str:
        """Return the person behind a voice."""
        return voice

    @property
    @abstractmethod
    def version(self) -> str:
        """Name and version of what speaks, for records. Starts it.

        Raises:
            ModelError: It is not installed, or lacks what the configuration asks for.
        """

    @abstractmethod
    def speak(self, line: Line) -> Audio:
        """Return the line as it is spoken.

        Raises:
            ModelError: It cannot be spoken; the message says why and what to do.
        """

    def speak_many(self, lines: Iterable[Line]) -> Iterator[Audio]:
        """Yield each line as it is spoken, in order."""
        return map(self.speak, lines)

    def close(self) -> None:
        """End every process; a later use starts another."""


def clean_text(text: str, max_characters: int = MAX_CHARACTERS) -> str:
    """Return a caption as synthesizers take it: one line, without control characters.

    Raises:
        DataError: There is no word in it, or it is too long.
    """
    # Some take control characters for commands.
    printable = "".join(" " if unicodedata.category(c).startswith("C") else c for c in text)
    cleaned = " ".join(printable.split())
    if not any(character.isalnum() for character in cleaned):
        raise DataError(
            f"{text!r} has no word to speak; a caption needs at least one letter or digit"
        )
    if len(cleaned) > max_characters:
        raise DataError(
            f"a text of {len(cleaned)} characters ({cleaned[:40]!r}...) is too long to speak; "
            f"a caption has at most {max_characters}"
        )
    return cleaned


def in_order(
    function: Callable[[Item], Result], items: Iterable[Item], num_at_once: int
) -> Iterator[Result]:
    """Yield `function(item)` of each item, in order, with a few under way at once."""
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(num_at_once) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) >= num_at_once:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
