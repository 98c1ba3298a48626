"""Kicks, knee raises, squats, and getting down: what the legs do on the spot."""

import numpy as np

from audiomotion.data.demo.cue import Cue
from audiomotion.data.demo.timing import Curve, hold, keyed, repeated
from audiomotion.data.demo.track import LEFT, RIGHT, Track


def _over_right_leg(track: Track, cue: Cue, metres: float = 0.085) -> Curve:
    """Shift the weight so that the left leg is free; return the curve of it."""
    end = track.times[-1] - cue.tail
    shift = hold(track.times, cue.lead - 0.05, 0.3, max(end - cue.lead - 0.5, 0.0), 0.3)
    track.add(shift, sway_x=-metres, height=-0.01)
    return shift


def kick(cue: Cue) -> Track:
    """Kick forward with the left leg: knee up, shin out, and back."""
    period, count = 1.25 / cue.pace, cue.move.count
    track = cue.stand(count * period + 0.2)
    _over_right_leg(track, cue)
    cycle = (track.times, cue.lead + 0.1, period, count)
    keys = (0.06, 0.32, 0.5, 0.66, 0.94)
    high, far = 0.85 * cue.size, 0.9
    foot_y = repeated(*cycle, keys, (0.0, 0.42, high, 0.4, 0.0))
    foot_z = repeated(*cycle, keys, (0.0, 0.14, far, 0.16, 0.0))
    pitch = repeated(*cycle, keys, (0.0, 30.0, -30.0, 25.0, 0.0))
    track.move_foot(LEFT, foot_y, y=1.0)
    track.move_foot(LEFT, foot_z, z=1.0, x=-0.06)
    track.move_foot(LEFT, pitch, pitch=1.0)
    out = foot_z / far
    track.add(out, pitch=-14.0, spine_pitch=10.0, twist=-8.0, height=-0.02)
    track.add(out, left_flex=-35.0, left_out=12.0, right_flex=38.0, right_bend=40.0)
    return track


def side_kick(cue: Cue) -> Track:
    """Kick out to the left with the left leg."""
    period, count = 1.35 / cue.pace, cue.move.count
    track = cue.stand(count * period + 0.2)
    _over_right_leg(track, cue)
    cycle = (track.times, cue.lead + 0.1, period, count)
    keys = (0.06, 0.32, 0.52, 0.68, 0.94)
    out = repeated(*cycle, keys, (0.0, 0.08, 1.0, 0.1, 0.0))
    up = repeated(*cycle, keys, (0.0, 0.55, 1.0, 0.5, 0.0))
    track.move_foot(LEFT, out, x=0.66)
    track.move_foot(LEFT, up, y=0.62 * cue.size, pitch=12.0)
    track.add(out, roll=-26.0, spine_roll=6.0, sway_x=-0.05)
    for side in (LEFT, RIGHT):
        track.arm(side, up, out=38.0, flex=20.0, bend=70.0)
    return track


def knee_raise(cue: Cue) -> Track:
    """Lift the left knee to the height of the hip and hold it for a moment."""
    period, count = 1.35 / cue.pace, cue.move.count
    track = cue.stand(count * period + 0.2)
    _over_right_leg(track, cue)
    keys = (0.06, 0.4, 0.58, 0.94)
    up = repeated(track.times, cue.lead + 0.1, period, count, keys, (0.0, 1.0, 1.0, 0.0))
    track.move_foot(LEFT, up, x=-0.03, y=0.46 * cue.size, z=0.26, pitch=22.0)
    track.add(up, pitch=-5.0, right_flex=30.0, right_bend=35.0, left_flex=-15.0)
    return track


def stomp(cue: Cue) -> Track:
    """Lift the left foot a little and slam it down; the body jolts."""
    period, count = 0.95 / cue.pace, cue.move.count
    track = cue.stand(count * period + 0.2)
    _over_right_leg(track, cue, 0.06)
    cycle = (track.times, cue.lead + 0.1, period, count)
    up = repeated(*cycle, (0.05, 0.42, 0.58), (0.0, 1.0, 0.0))
    jolt = repeated(*cycle, (0.5, 0.62, 0.95), (0.0, 1.0, 0.0))
    track.move_foot(LEFT, up, y=0.27 * cue.size, z=0.12, pitch=-6.0)
    track.add(jolt, height=-0.055, spine_pitch=10.0, head_pitch=8.0)
    for side in (LEFT, RIGHT):
        track.arm(side, up, out=22.0, bend=65.0)
    return track


def squat(cue: Cue) -> Track:
    """Squat with the arms stretched out in front, and stand up again."""
    period, count = 1.6 / cue.pace, cue.move.count
    track = cue.stand(count * period)
    keys = (0.02, 0.42, 0.54, 0.98)
    low = repeated(track.times, cue.lead, period, count, keys, (0.0, 1.0, 1.0, 0.0))
    track.add(
        low, height=-0.42 * cue.size, sway_z=-0.2, pitch=26.0, spine_pitch=14.0, head_pitch=-25.0,
        left_splay=14.0, right_splay=14.0,
    )  # fmt: skip
    for side in (LEFT, RIGHT):
        track.arm(side, low, flex=105.0, out=2.0, spin=0.0, bend=6.0)
    return track


def lunge(cue: Cue) -> Track:
    """Step far forward with the left leg, sink down, and step back."""
    period, count = 2.3 / cue.pace, cue.move.count
    track = cue.stand(count * period)
    cycle = (track.times, cue.lead, period, count)
    away = repeated(*cycle, (0.02, 0.24, 0.76, 0.98), (0.0, 1.0, 1.0, 0.0))
    lifted = repeated(*cycle, (0.02, 0.13, 0.24, 0.76, 0.87, 0.98), (0.0, 1.0, 0.0, 0.0, 1.0, 0.0))
    low = repeated(*cycle, (0.16, 0.44, 0.56, 0.84), (0.0, 1.0, 1.0, 0.0))
    track.move_foot(LEFT, away, z=0.68 * cue.size)
    track.move_foot(LEFT, lifted, y=0.09)
    track.move_foot(RIGHT, low, pitch=48.0)
    track.add(away, sway_z=0.24 * cue.size)
    track.add(low, sway_z=0.08, height=-0.3, spine_pitch=6.0)
    for side in (LEFT, RIGHT):
        track.arm(side, away, out=26.0, flex=-12.0, bend=80.0, spin=-35.0)
    return track


def _down(cue: Cue, seconds: float) -> tuple[Track, Curve]:
    """Go down for good: a track and the curve 0..1 of going."""
    track = cue.stand(seconds / cue.pace + 0.8 + 1.2 * cue.length)
    low = keyed(track.times, (cue.lead, cue.lead + seconds / cue.pace), (0.0, 1.0))
    return track, low


def crouch(cue: Cue) -> Track:
    """Crouch down, hands around the knees, and stay."""
    track, low = _down(cue, 1.05)
    track.add(
        low, height=-0.5 * min(cue.size, 1.04), sway_z=-0.1, pitch=30.0, spine_pitch=32.0,
        head_pitch=-20.0,
    )  # fmt: skip
    for side in (LEFT, RIGHT):
        track.move_foot(side, low, pitch=16.0)
        track.arm(side, low, flex=58.0, out=8.0, spin=-20.0, bend=40.0)
    return track


def sit(cue: Cue) -> Track:
    """Sit down as on a chair, hands on the thighs, and stay."""
    track, low = _down(cue, 1.25)
    leaning = 4.0 * low * (1.0 - low)
    track.add(low, height=-0.43, sway_z=-0.4, pitch=-6.0, spine_pitch=4.0)
    track.add(leaning, pitch=26.0, spine_pitch=12.0, left_flex=22.0, right_flex=22.0)
    for side in (LEFT, RIGHT):
        track.arm(side, low, flex=26.0 * cue.size, out=14.0, spin=-18.0, bend=52.0)
    return track


def kneel(cue: Cue) -> Track:
    """Kneel down on the left knee and stay."""
    seconds = 1.45
    track, _ = _down(cue, seconds)
    start, span = cue.lead, seconds / cue.pace
    away = keyed(track.times, (start, start + 0.45 * span), (0.0, 1.0))
    low = keyed(track.times, (start + 0.35 * span, start + span), (0.0, 1.0))
    lifted = hold(track.times, start, 0.22 * span, 0.0, 0.23 * span)
    track.move_foot(RIGHT, away, z=0.66)
    track.move_foot(RIGHT, lifted, y=0.08)
    track.move_foot(LEFT, low, pitch=58.0)
    track.add(away, sway_z=0.22)
    track.add(low, sway_z=0.1, height=-0.44, spine_pitch=4.0)
    track.arm(RIGHT, low, flex=38.0 * cue.size, out=10.0, bend=55.0)
    return track


def balance(cue: Cue) -> Track:
    """Stand on the left leg with the arms out."""
    track = cue.stand(2.4 + 1.4 * cue.length)
    end = track.times[-1] - cue.tail
    up = hold(track.times, cue.lead, 0.7, end - cue.lead - 1.4, 0.7)
    track.move_foot(RIGHT, up, x=0.02, y=0.42 * cue.size, z=0.08, pitch=34.0)
    track.add(up, sway_x=0.09)
    wobble = up * np.sin(2 * np.pi * 0.9 * cue.pace * track.times + 6.0 * cue.length)
    track.add(wobble, sway_x=0.008, spine_roll=2.5, left_out=6.0, right_out=-6.0)
    for side in (LEFT, RIGHT):
        track.arm(side, up, out=84.0, flex=4.0, bend=8.0)
    return track
