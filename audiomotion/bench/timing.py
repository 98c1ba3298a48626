"""Timing on machines that are never quiet: warmed up, interleaved, medians with their spread."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

MIN_REPEATS = 5


@dataclass(frozen=True)
class Spread:
    """The median of several measurements, and the smallest and the largest."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: list[float]) -> "Spread":
        """Return the spread of at least `MIN_REPEATS` measurements."""
        assert len(values) >= MIN_REPEATS, f"{len(values)} measurements are too few"
        return cls(median(values), min(values), max(values))


@dataclass(frozen=True)
class Measurement:
    """What one part does in a second."""

    name: str
    """What was measured."""

    unit: str
    """What is counted a second."""

    rate: Spread
    """Units a second."""

    against: str = ""
    """What it is compared with; nothing where empty."""

    against_rate: Spread | None = None
    """Units a second of that."""

    ratio: Spread | None = None
    """Rate over that rate, of measurements made one right after the other."""

    target: float | None = None
    """What the ratio should reach."""

    @property
    def reached(self) -> bool | None:
        """Whether the ratio's median reaches the target; None without one."""
        if self.ratio is None or self.target is None:
            return None
        return self.ratio.median >= self.target


@dataclass(frozen=True)
class Cost:
    """What something takes: the less the better."""

    name: str
    """What was measured."""

    unit: str
    """What is counted."""

    value: Spread

    at_most: float | None = None
    """What the median should stay below."""

    @property
    def reached(self) -> bool | None:
        """Whether the median stays below; None without a target."""
        return None if self.at_most is None else self.value.median <= self.at_most


@dataclass(frozen=True)
class Timed:
    """Something to be timed."""

    name: str

    run: Callable[[], float]
    """Does it once; returns how many units were done."""

    prepare: Callable[[], None] = lambda: None
    """Called before each run, outside of the time."""


def measure(part: Timed, unit: str, repeats: int) -> Measurement:
    """Time `part`, after one run that does not count."""
    _rate(part)
    rates = [_rate(part) for _ in range(repeats)]
    return Measurement(part.name, unit, Spread.of(rates))


def compare(
    part: Timed, best: Timed, unit: str, repeats: int, target: float | None = None
) -> Measurement:
    """Time `part` and `best` in turn, so that what slows the machine slows both.

    Each repeat begins with the other one. One run of each before does not count.
    """
    _rate(part)
    _rate(best)
    pairs = []
    for repeat in range(repeats):
        if repeat % 2:
            theirs, ours = _rate(best), _rate(part)
        else:
            ours, theirs = _rate(part), _rate(best)
        pairs.append((ours, theirs))
    return Measurement(
        name=part.name,
        unit=unit,
        rate=Spread.of([ours for ours, _ in pairs]),
        against=best.name,
        against_rate=Spread.of([theirs for _, theirs in pairs]),
        ratio=Spread.of([ours / theirs for ours, theirs in pairs]),
        target=target,
    )


def _rate(part: Timed) -> float:
    part.prepare()
    started = time.perf_counter()
    units = part.run()
    return units / (time.perf_counter() - started)
