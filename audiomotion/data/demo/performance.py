"""One clip's motion: its moves performed one after the other by one body."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from audiomotion.data.demo.actions import ACTIONS
from audiomotion.data.demo.body import solve
from audiomotion.data.demo.cue import Cue
from audiomotion.data.demo.move import Move
from audiomotion.data.demo.track import Track, join

OVERLAP_FRAMES = 4
"""Two moves blend into each other over this long; it is shorter than the standing around them."""

_POSTURE = {
    "spine_pitch": 2.0, "head_pitch": 4.0, "left_flex": 3.0, "right_flex": 3.0, "left_out": 2.0,
    "right_out": 2.0, "left_bend": 6.0, "right_bend": 6.0,
}  # fmt: skip


def perform(moves: Sequence[Move], rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Return the joints `(T, 22, 3)` of a clip in metres, Y up, facing +z at the start."""
    track = choreograph(moves[0], rng, brief=len(moves) > 1)
    for move in moves[1:]:
        track = join(track, choreograph(move, rng, brief=True), OVERLAP_FRAMES)
    _live(track, rng)
    return solve(track)


def choreograph(move: Move, rng: np.random.Generator, brief: bool) -> Track:
    """Draw one performance of one move."""
    cue = Cue.draw(move, rng, brief)
    track = ACTIONS[move.action].choreography(replace(cue, move=move.leftward()))
    return track.mirrored() if move.to_the_right else track


def _live(track: Track, rng: np.random.Generator) -> None:
    """Give the body a posture of its own and let it breathe and sway."""
    for channel, degrees in _POSTURE.items():
        track.add(1.0, **{channel: degrees * rng.uniform(-1.0, 1.0)})
    phases = rng.uniform(0.0, 2 * np.pi, size=3)
    breath, sway, drift = (
        np.sin(2 * np.pi * hertz * track.times + phase)
        for hertz, phase in zip((0.27, 0.21, 0.13), phases, strict=True)
    )
    track.add(breath, spine_pitch=0.7, left_out=0.6, right_out=0.6)
    track.add(sway, sway_x=0.004, spine_roll=0.5)
    track.add(drift, sway_z=0.004, head_twist=2.5)
