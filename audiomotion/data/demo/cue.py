"""What a choreographer is told: the move, and how this person does it this time."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from audiomotion.data.demo.move import Move
from audiomotion.data.demo.timing import Curve, frame_times
from audiomotion.data.demo.track import Track

SHORTEST_SECONDS = 2.2
"""A clip of one short action is filled up with standing: 40 frames are needed."""

_SPEED_FACTORS = {"slow": 0.62, "": 1.0, "fast": 1.6}


@dataclass(frozen=True)
class Cue:
    """A move with the natural variation of one performance."""

    move: Move
    pace: float
    """Tempo; the seconds of an action are divided by it."""
    size: float
    """Amplitude, around 1."""
    length: float
    """0..1: how long something goes on that has no count."""
    lead: float
    """Seconds of standing before."""
    tail: float
    """Seconds of standing (or of the last pose) after."""
    first: int
    """The foot that steps first where the move leaves it open."""
    brief: bool = False
    """One of two actions of a clip."""

    @classmethod
    def draw(cls, move: Move, rng: np.random.Generator, brief: bool) -> "Cue":
        """Draw one performance of `move`."""
        tempo, size = rng.uniform(0.93, 1.07), rng.uniform(0.9, 1.1)
        lead, tail = rng.uniform(0.2, 0.3 if brief else 0.45, size=2).tolist()
        return cls(
            move, tempo * _SPEED_FACTORS[move.speed], size, rng.random(), lead, tail,
            int(rng.integers(2)), brief,
        )  # fmt: skip

    def times(self, seconds: float) -> Curve:
        """Return frame times for an action of `seconds` with the standing around it."""
        total = self.lead + seconds + self.tail
        return frame_times(total if self.brief else max(total, SHORTEST_SECONDS))

    def stand(self, seconds: float) -> Track:
        """Start a standing track that has room for an action of `seconds`."""
        return Track.standing(self.times(seconds))


Choreography = Callable[[Cue], Track]
"""Choreographies act with the left side and to the left; the right is their mirror image."""
