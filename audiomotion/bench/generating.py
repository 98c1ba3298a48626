"""How fast motion is generated from features, against the bare matrix work of the same layers."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from audiomotion.bench.clock import Clock
from audiomotion.bench.clocked import COMPRESSING, DECODING, MASKED, RESIDUAL, ClockedSystem
from audiomotion.bench.products import bare_products
from audiomotion.bench.synthetic import feature_shape
from audiomotion.bench.timing import Spread
from audiomotion.config.experiment import Experiment
from audiomotion.models.conditioned import FeatureShape
from audiomotion.stages.system import SystemStages

_SECONDS = 4.5
"""Of an instruction, as the paper's in the mean."""

PARTS = (COMPRESSING, MASKED, RESIDUAL, DECODING)


@dataclass(frozen=True)
class GenerationSize:
    """How much is measured."""

    rounds: Mapping[int, int]
    """Measurements by batch size."""

    num_tokens: int = 49
    """Motion tokens of every clip: 49, the longest, are 9.8 s."""


FULL_GPU = GenerationSize({1: 200, 32: 100})

FULL_CPU = GenerationSize({1: 100, 32: 10})
"""Some minutes on two cores."""

QUICK = GenerationSize({1: 5, 4: 5})
"""Seconds: for CI."""


@dataclass(frozen=True)
class GenerationSpeed:
    """What generating a batch takes."""

    batch_size: int
    rounds: int
    rate: Spread
    """Samples a second."""
    p50_seconds: float
    """Of a batch, from features to motion."""
    p99_seconds: float
    shares: Mapping[str, float]
    """Of each part, of the median round."""
    floor_rate: Spread
    """Samples a second of the bare products and convolutions alone."""
    ratio: Spread
    """Rate over the floor's, of measurements made one right after the other."""


def bench_generation(
    experiment: Experiment,
    size: GenerationSize,
    device: str,
    on_round: Callable[[int, int], None] = lambda batch_size, number: None,
) -> Iterator[GenerationSpeed]:
    """Yield what each batch size takes, of random weights and features.

    Args:
        experiment: Whose sizes are used.
        size: How much is measured.
        device: Torch device.
        on_round: Takes the batch size and the number of each round, from 0, the warm-up.
    """
    clock = Clock(device)
    shape = feature_shape(SystemStages(experiment).tested_features.config)
    width, frames = shape["feature_dim"], max(1, round(_SECONDS * shape["frame_hz"]))
    system = ClockedSystem(experiment, FeatureShape(width, shape["num_layers"]), device, clock)
    noise = np.random.default_rng(0).standard_normal((frames, width), np.float32)
    for batch_size, rounds in size.rounds.items():
        bench = _Batch(system, clock, noise, batch_size, size.num_tokens)
        yield bench.measured(rounds, on_round)


class _Batch:
    """One batch size, ready to be timed."""

    def __init__(
        self,
        system: ClockedSystem,
        clock: Clock,
        features: NDArray[np.float32],
        batch_size: int,
        num_tokens: int,
    ) -> None:
        self._system, self._clock, self._size = system, clock, batch_size
        self._features = [features] * batch_size
        self._frames = [num_tokens * system.tokenizer.frames_per_token] * batch_size
        modules = (system.masked, system.residual, system.tokenizer.rvq)
        weights = [weight for module in modules for weight in module.parameters()]
        self._floor = bare_products(lambda: self._generate(0), weights)

    def measured(self, rounds: int, on_round: Callable[[int, int], None]) -> GenerationSpeed:
        """Return the speed over some rounds; each begins with the other of the two."""
        found = []
        for number in range(rounds + 1):
            if number % 2:
                bare = self._bare_seconds()
                own = self._seconds(number)
            else:
                own = self._seconds(number)
                bare = self._bare_seconds()
            found.append((own, bare, self._parts))
            on_round(self._size, number)
        return self._speed(found[1:])

    def _generate(self, number: int) -> None:
        seeds = range(number * self._size, (number + 1) * self._size)
        self._system.generate(self._features, self._frames, seeds, batch_size=self._size)

    def _seconds(self, number: int) -> float:
        self._clock.take()
        started = perf_counter()
        self._generate(number)
        seconds = perf_counter() - started
        self._parts = self._clock.take()
        return seconds

    def _bare_seconds(self) -> float:
        with self._clock.part("floor"):
            self._floor()
        return self._clock.take()["floor"]

    def _speed(self, found: Sequence[tuple[float, float, Mapping[str, float]]]) -> GenerationSpeed:
        seconds = [own for own, _, _ in found]
        median = sorted(found, key=lambda one: one[0])[len(found) // 2]
        return GenerationSpeed(
            batch_size=self._size,
            rounds=len(found),
            rate=Spread.of([self._size / own for own in seconds]),
            p50_seconds=float(np.quantile(seconds, 0.5)),
            p99_seconds=float(np.quantile(seconds, 0.99)),
            shares={part: median[2][part] / median[0] for part in PARTS},
            floor_rate=Spread.of([self._size / bare for _, bare, _ in found]),
            ratio=Spread.of([bare / own for own, bare, _ in found]),
        )
