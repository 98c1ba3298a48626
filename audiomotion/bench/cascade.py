"""From audio to motion in one step, or by way of text: samples a second, and where they go.

Source: table 4. The two share everything but what stands before the transformers.
"""

import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from audiomotion.bench.clock import Clock
from audiomotion.bench.clocked import ClockedSystem
from audiomotion.bench.speaking import write_utterances
from audiomotion.config.experiment import Experiment
from audiomotion.data.utterances import Utterances
from audiomotion.extract.base import build_extractor
from audiomotion.extract.inference import seeded
from audiomotion.extract.recognizer import Recognizer
from audiomotion.extract.text import build_text_encoder
from audiomotion.models.conditioned import FeatureShape
from audiomotion.report.paper.speeds import SystemSpeed
from audiomotion.report.statistics import Figure, mean_with_interval
from audiomotion.speech.wav import read_wav

END_TO_END: Final = "end2end"
CASCADED: Final = "cascaded"

_WHOLE: Final = "whole"
_NOTHING_HEARD: Final = "."
_WORD: Final = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True)
class CascadeSize:
    """How much is measured."""

    rounds: int = 20
    """Measurements of each system at each batch size."""

    batch_sizes: Sequence[int] = (1, 32)

    num_tokens: int = 49
    """Motion tokens of every sample: 49, the longest, are 9.8 s."""


FULL_GPU = CascadeSize()

FULL_CPU = CascadeSize(batch_sizes=(1, 4))
"""A quarter of an hour: on a CPU both encoders hear one utterance after the other anyway."""

QUICK = CascadeSize(rounds=5, batch_sizes=(1, 2), num_tokens=10)
"""Seconds, with tiny encoders: for CI."""


@dataclass(frozen=True)
class Spoken:
    """One instruction."""

    audio: NDArray[np.float32]
    text: str

    @property
    def num_transcript_tokens(self) -> int:
        """Tokens of a right transcript: its words and marks, and the end of text."""
        return len(_WORD.findall(self.text)) + 1


class _Pipeline(ABC):
    """A system with the part that listens; both kinds do the same with the features."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._system: ClockedSystem

    @abstractmethod
    def features(self, spoken: Sequence[Spoken]) -> list[NDArray[Any]]:
        """Return the features of each instruction."""

    def run(self, spoken: Sequence[Spoken], num_tokens: int, seed: int) -> dict[str, float]:
        """Generate a motion for each instruction; return the seconds of all parts and the whole."""
        frames = num_tokens * self._system.tokenizer.frames_per_token
        size = len(spoken)
        seeds = range(seed * size, (seed + 1) * size)
        with self._clock.part(_WHOLE):
            features = self.features(spoken)
            self._system.generate(features, [frames] * size, seeds, batch_size=size)
        return self._clock.take()


class _EndToEnd(_Pipeline):
    def __init__(self, experiment: Experiment, device: str, clock: Clock) -> None:
        super().__init__(clock)
        self._extractor = build_extractor(experiment.extractor, device)
        shape = FeatureShape(self._extractor.feature_dim, self._extractor.num_layers)
        self._system = ClockedSystem(experiment, shape, device, clock)

    def features(self, spoken: Sequence[Spoken]) -> list[NDArray[Any]]:
        with self._clock.part("extracting"):
            return self._extractor.extract([one.audio for one in spoken])


class _Cascade(_Pipeline):
    def __init__(self, experiment: Experiment, device: str, clock: Clock) -> None:
        super().__init__(clock)
        self._recognizer = Recognizer(experiment.recognizer, device)
        self._fixes_tokens = experiment.recognizer.weights == "random"
        self._encoder = build_text_encoder(experiment.text_encoder, device)
        shape = FeatureShape(self._encoder.feature_dim)
        self._system = ClockedSystem(experiment, shape, device, clock)

    def features(self, spoken: Sequence[Spoken]) -> list[NDArray[Any]]:
        counts = [one.num_transcript_tokens for one in spoken] if self._fixes_tokens else None
        with self._clock.part("recognising"):
            heard = self._recognizer.transcribe([one.audio for one in spoken], counts)
        with self._clock.part("encoding text"):
            return self._encoder.encode([text or _NOTHING_HEARD for text in heard])


@dataclass
class CascadeBench:
    """Both systems, ready to be timed on one device.

    Args:
        end_to_end: The system that hears.
        cascade: The one that reads what a recognizer has heard.
        size: How much is measured.
        device: Torch device.
        folder: Where speech is written, and deleted.
    """

    end_to_end: Experiment
    cascade: Experiment
    size: CascadeSize
    device: str
    folder: Path
    loading_seconds: dict[str, float] = field(default_factory=dict)
    """What it took to make each system ready, weights and all."""

    def __post_init__(self) -> None:
        clock = Clock(self.device)
        self._pipelines: dict[str, _Pipeline] = {}
        with seeded(0):
            for name, kind, experiment in (
                (END_TO_END, _EndToEnd, self.end_to_end),
                (CASCADED, _Cascade, self.cascade),
            ):
                started = time.perf_counter()
                self._pipelines[name] = kind(experiment, self.device, clock)
                self.loading_seconds[name] = time.perf_counter() - started
        self._spoken = self._speak()

    def measure(
        self, on_round: Callable[[int, int], None] = lambda batch_size, number: None
    ) -> Iterator[tuple[list[SystemSpeed], Figure]]:
        """Yield for each batch size both speeds, and the ratio of the first to the second.

        Both systems hear the same in a round, each first in every other one. What a round before
        them takes does not count. `on_round` takes the batch size and the number of a round.
        """
        for batch_size in self.size.batch_sizes:
            rounds = []
            for number in range(self.size.rounds + 1):
                rounds.append(self._round(batch_size, number))
                on_round(batch_size, number)
            yield self._speeds(batch_size, rounds[1:])

    def _round(self, batch_size: int, number: int) -> dict[str, dict[str, float]]:
        places = range(number * batch_size, (number + 1) * batch_size)
        spoken = [self._spoken[place % len(self._spoken)] for place in places]
        order = list(self._pipelines)[:: 1 if number % 2 else -1]
        return {
            name: self._pipelines[name].run(spoken, self.size.num_tokens, number) for name in order
        }

    def _speeds(
        self, batch_size: int, rounds: Sequence[Mapping[str, Mapping[str, float]]]
    ) -> tuple[list[SystemSpeed], Figure]:
        speeds = [
            _speed(name, batch_size, [one[name] for one in rounds]) for name in self._pipelines
        ]
        first, second = (speed.values for speed in speeds)
        ratios = [own / other for own, other in zip(first, second, strict=True)]
        return speeds, mean_with_interval(ratios)

    def _speak(self) -> list[Spoken]:
        self.folder.mkdir(parents=True, exist_ok=True)
        number = max(max(self.size.batch_sizes), self.size.rounds + 1)
        with TemporaryDirectory(dir=self.folder, prefix="bench-") as name:
            spoken = write_utterances(self.end_to_end.speech, number, Path(name))
            return [
                Spoken(read_wav(spoken / record.file)[0], record.text)
                for record in Utterances(spoken).records
            ]


def _speed(name: str, batch_size: int, rounds: Sequence[Mapping[str, float]]) -> SystemSpeed:
    # Seconds are averaged, not rates: a mean of rates is above what any run of samples gets.
    taken = mean_with_interval([seconds[_WHOLE] / batch_size for seconds in rounds])
    count = batch_size * len(rounds)
    parts = {
        part: sum(seconds[part] for seconds in rounds) / count
        for part in rounds[0]
        if part != _WHOLE
    }
    return SystemSpeed(
        system=name,
        batch_size=batch_size,
        rounds=len(rounds),
        samples_per_second=1 / taken.mean,
        half_width=(taken.half_width or 0.0) / taken.mean**2,
        parts=parts,
        values=[batch_size / seconds[_WHOLE] for seconds in rounds],
    )
