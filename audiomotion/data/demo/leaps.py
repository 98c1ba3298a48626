"""Jumps, hops and jumping jacks: ballistic flight between a dip and a soft landing."""

from dataclasses import dataclass

import numpy as np

from audiomotion.data.demo.cue import Cue
from audiomotion.data.demo.timing import Curve, ease, hold, keyed
from audiomotion.data.demo.track import LEFT, RIGHT, SIDE_NAMES, Track

_GRAVITY = 9.81


@dataclass(frozen=True)
class Leap:
    """One leap: its phases in seconds and how deep the body dips, in metres."""

    start: float
    dip: float
    push: float
    flight: float
    absorb: float
    recover: float
    depth: float
    landing_depth: float

    @property
    def takeoff(self) -> float:
        """When the feet leave the floor."""
        return self.start + self.dip + self.push

    @property
    def landing(self) -> float:
        """When they are back."""
        return self.takeoff + self.flight

    @property
    def end(self) -> float:
        """When the body stands again."""
        return self.landing + self.absorb + self.recover

    def flown(self, times: Curve) -> Curve:
        """Progress 0..1 through the flight."""
        return np.clip((times - self.takeoff) / self.flight, 0.0, 1.0)

    def air(self, times: Curve) -> Curve:
        """Height above the floor in metres."""
        flown = self.flown(times) * self.flight
        return np.asarray(0.5 * _GRAVITY * flown * (self.flight - flown))

    def dipped(self, times: Curve) -> Curve:
        """Depth of the body before and after the flight in metres.

        Both ends meet the speed of the flight: the push speeds up, the landing slows down.
        """
        down = ease((times - self.start) / self.dip)
        push = np.clip((times - self.start - self.dip) / self.push, 0.0, 1.0)
        absorb = np.clip((times - self.landing) / self.absorb, 0.0, 1.0)
        up = ease((times - self.landing - self.absorb) / self.recover)
        before = self.depth * down * (1.0 - push**2)
        return np.asarray(before + self.landing_depth * (1.0 - (1.0 - absorb) ** 2) * (1.0 - up))

    def tiptoe(self, times: Curve) -> Curve:
        """1 where the heels are up: from the push until the landing is absorbed."""
        push = np.clip((times - self.start - self.dip) / self.push, 0.0, 1.0)
        return np.asarray(push**2 * (1.0 - ease((times - self.landing) / self.absorb)))

    def carried(self, times: Curve) -> Curve:
        """Progress 0..1 of the body, which moves on before the feet and after them."""
        return ease((times - self.takeoff + self.push) / (self.push + self.flight + self.absorb))


def _fly(track: Track, leap: Leap, feet: tuple[int, ...], x: float, z: float) -> None:
    """Take body and feet through one leap that covers `x` and `z` metres."""
    air, flown = leap.air(track.times), leap.flown(track.times)
    track.add(air - leap.dipped(track.times) + 0.05 * leap.tiptoe(track.times), height=1.0)
    track.ground[:, :2] += np.multiply.outer(leap.carried(track.times), (x, z))
    for side in feet:
        track.move_foot(side, flown, x=x, z=z)
        track.move_foot(side, air, y=1.0)
        track.move_foot(side, leap.tiptoe(track.times), pitch=36.0)


_JUMP_WAYS = {
    "up": (0.0, 0.0), "forward": (0.0, 0.55), "backward": (0.0, -0.4), "left": (0.45, 0.0),
}  # fmt: skip


def jump(cue: Cue) -> Track:
    """Jump with both feet, up or some way along."""
    x, z = (cue.size * way for way in _JUMP_WAYS[cue.move.direction])
    pace, start = cue.pace, cue.lead
    flight = (0.44 if cue.move.direction == "up" else 0.38) * cue.size**0.5
    leaps = []
    for _ in range(cue.move.count):
        leap = Leap(start, 0.34 / pace, 0.18, flight, 0.15, 0.34 / pace, 0.24, 0.17)
        leaps.append(leap)
        start = leap.end
    track = cue.stand(start - cue.lead)
    for leap in leaps:
        _fly(track, leap, (LEFT, RIGHT), x, z)
        _swing_jump_arms(track, leap)
    return track


def _swing_jump_arms(track: Track, leap: Leap) -> None:
    times = track.times
    back = keyed(
        times, (leap.start, leap.start + leap.dip, leap.takeoff, leap.end), (0.0, 1.0, 0.0, 0.0)
    )
    up = keyed(
        times, (leap.start + 0.8 * leap.dip, leap.takeoff + 0.1, leap.landing, leap.end),
        (0.0, 1.0, 0.75, 0.0),
    )  # fmt: skip
    for side in SIDE_NAMES:
        track.add(back, **{f"{side}_flex": -42.0})
        track.add(up, **{f"{side}_flex": 115.0, f"{side}_bend": 10.0})
    track.add(leap.dipped(times) / leap.depth, pitch=20.0, spine_pitch=16.0, sway_z=-0.06)


def hop(cue: Cue) -> Track:
    """Hop on the left leg."""
    z = 0.34 * cue.size if cue.move.direction == "forward" else 0.0
    raise_seconds, start = 0.5, cue.lead + 0.45
    leaps = []
    for _ in range(cue.move.count):
        leap = Leap(start, 0.16 / cue.pace, 0.12, 0.27 * cue.size**0.5, 0.11, 0.1, 0.09, 0.09)
        leaps.append(leap)
        start = leap.end + 0.04
    track = cue.stand(start - cue.lead + raise_seconds)
    for leap in leaps:
        _fly(track, leap, (LEFT,), 0.0, z)
        track.move_foot(RIGHT, leap.carried(track.times), z=z)
        track.move_foot(RIGHT, leap.air(track.times), y=1.0)
    up = hold(track.times, cue.lead, raise_seconds, start - cue.lead - raise_seconds, 0.45)
    track.move_foot(RIGHT, up, x=0.04, y=0.24, z=-0.2, pitch=45.0)
    track.add(up, sway_x=0.085, height=-0.03, spine_pitch=8.0)
    for side in (LEFT, RIGHT):
        track.arm(side, up, flex=18.0, out=24.0, bend=62.0)
    return track


def jumping_jack(cue: Cue) -> Track:
    """Jump the feet apart with the arms overhead, and back together."""
    half = 0.56 / cue.pace**0.8
    flight = min(0.24, 0.4 * half)
    rest = half - flight
    track = cue.stand(2 * half * cue.move.count)
    start = cue.lead
    for _ in range(cue.move.count):
        for sign in (1.0, -1.0):
            phases = (0.3 * rest, 0.22 * rest, flight, 0.18 * rest, 0.3 * rest)
            leap = Leap(start, *phases, depth=0.05, landing_depth=0.05)
            _spread(track, leap, sign * cue.size)
            start += half
    return track


def _spread(track: Track, leap: Leap, sign: float) -> None:
    _fly(track, leap, (LEFT, RIGHT), 0.0, 0.0)
    flown = leap.flown(track.times)
    for side, way in ((LEFT, 0.22 * sign), (RIGHT, -0.22 * sign)):
        track.move_foot(side, flown, x=way)
        # The hop is so low that the feet would brush the floor on their way.
        track.move_foot(side, np.sin(np.pi * flown), y=0.025)
    up = ease((track.times - leap.takeoff + 0.1) / (leap.flight + 0.16))
    opening, stretching = 148.0 * sign, -6.0 * sign
    track.add(up, left_out=opening, right_out=opening, left_bend=stretching, right_bend=stretching)
