"""Punches, waves, claps, throws: what the arms do while the feet stand."""

import numpy as np

from audiomotion.data.demo.cue import Cue
from audiomotion.data.demo.timing import Curve, ease, hold, keyed, repeated
from audiomotion.data.demo.track import LEFT, REST_ARM, RIGHT, SIDE_NAMES, SIDES, Track


def _arms(cue: Cue) -> tuple[int, ...]:
    """Which arms act: the left one stands for either side, as the right is its mirror image."""
    return SIDES["both"] if cue.move.side == "both" else (LEFT,)


def punch(cue: Cue) -> Track:
    """Punch forward with the left fist out of a guard."""
    period, count = 0.85 / cue.pace, cue.move.count
    raise_seconds = 0.4 / cue.pace**0.5
    track = cue.stand(2 * raise_seconds + count * period)
    guard = hold(track.times, cue.lead, raise_seconds, count * period, raise_seconds)
    for side in (LEFT, RIGHT):
        track.arm(side, guard, flex=42.0, out=12.0, spin=-22.0, bend=122.0)
    out = repeated(
        track.times, cue.lead + raise_seconds, period, count, (0.12, 0.4, 0.52, 0.9),
        (0.0, 1.0, 1.0, 0.0),
    )  # fmt: skip
    track.add(out, left_flex=48.0, left_out=-14.0, left_bend=-112.0)
    track.add(out, spine_twist=-32.0 * cue.size, twist=-10.0, spine_pitch=8.0, head_twist=30.0)
    track.add(guard, height=-0.05, left_splay=6.0, right_splay=6.0)
    return track


def wave(cue: Cue) -> Track:
    """Wave with the forearm up."""
    seconds = 1.6 + 1.4 * cue.length
    rise = 0.45 / cue.pace**0.5
    track = cue.stand(seconds + 2 * rise)
    up = hold(track.times, cue.lead, rise, seconds, rise)
    rhythm = 2 * np.pi * 1.5 * cue.pace * (track.times - cue.lead - rise)
    swing = hold(track.times, cue.lead + rise, 0.15, seconds - 0.3, 0.15) * np.sin(rhythm)
    for side in _arms(cue):
        track.arm(side, up, flex=12.0, out=82.0, spin=84.0, bend=82.0)
        track.add(swing, **{f"{('left', 'right')[side]}_bend": 34.0 * cue.size})
    return track


def _lift(cue: Cue) -> tuple[Track, Curve]:
    rise = 0.75 / cue.pace
    stay = (0.35 + 0.5 * cue.length) / cue.pace**0.5
    track = cue.stand(2 * rise + stay)
    return track, hold(track.times, cue.lead, rise, stay, rise)


def raise_arm(cue: Cue) -> Track:
    """Raise the arm forward and overhead, and lower it."""
    track, up = _lift(cue)
    for side in _arms(cue):
        track.arm(side, up, flex=168.0, out=-5.0, spin=0.0, bend=8.0)
    return track


def spread_arm(cue: Cue) -> Track:
    """Raise the arm sideways to the height of the shoulder, and lower it."""
    track, up = _lift(cue)
    for side in _arms(cue):
        track.arm(side, up, out=90.0, flex=0.0, spin=0.0, bend=4.0)
    return track


def point(cue: Cue) -> Track:
    """Point straight ahead, and lower the arm."""
    track, up = _lift(cue)
    track.arm(LEFT, up, flex=90.0, out=0.0, spin=0.0, bend=2.0)
    track.add(up, spine_twist=-10.0, head_twist=8.0)
    return track


def salute(cue: Cue) -> Track:
    """Put the hand to the brow, and take it down."""
    track, up = _lift(cue)
    track.arm(LEFT, up, flex=54.0, out=113.0, spin=75.0, bend=118.0)
    track.add(up, spine_pitch=-4.0, height=0.005)
    return track


def arm_circle(cue: Cue) -> Track:
    """Swing the straight arm round: up in front and down behind is backward."""
    period = 0.95 / cue.pace
    track = cue.stand(period * (cue.move.count + 0.5))
    start, end = cue.lead + 0.25 * period, cue.lead + period * (cue.move.count + 0.25)
    turned = ease((track.times - start) / (end - start))
    # Mostly even speed, so that every turn looks alike.
    even = np.clip((track.times - start) / (end - start), 0.0, 1.0)
    turned = 0.3 * turned + 0.7 * even
    sign = 1.0 if cue.move.direction == "backward" else -1.0
    aside = hold(track.times, cue.lead, 0.3 * period, end - start, 0.3 * period)
    for side in _arms(cue):
        track.arm(side, aside, bend=5.0)
        name = SIDE_NAMES[side]
        # "Out" leads an arm that points up to the inside: it changes sign as the arm goes round.
        aside_degrees = 18.0 * np.cos(2 * np.pi * cue.move.count * turned) - REST_ARM["out"]
        track.add(aside * aside_degrees, **{f"{name}_out": 1.0})
        track.add(turned, **{f"{name}_flex": sign * 360.0 * cue.move.count})
    return track


def clap(cue: Cue) -> Track:
    """Clap in front of the chest or overhead."""
    period, count = 0.56 / cue.pace, cue.move.count
    rise = 0.5 / cue.pace**0.5
    track = cue.stand(2 * rise + count * period)
    ready = hold(track.times, cue.lead, rise, count * period, rise)
    closed = repeated(
        track.times, cue.lead + rise, period, count, (0.05, 0.5, 0.6, 0.95), (0.0, 1.0, 1.0, 0.0)
    )
    overhead = cue.move.direction == "overhead"
    for side in (LEFT, RIGHT):
        name = SIDE_NAMES[side]
        if overhead:
            track.arm(side, ready, flex=165.0, out=-24.0, spin=-60.0, bend=18.0)
            track.add(closed, **{f"{name}_out": 22.0, f"{name}_spin": -22.0, f"{name}_bend": 23.0})
        else:
            track.arm(side, ready, flex=18.0, out=20.0, spin=3.0, bend=89.0)
            track.add(closed, **{f"{name}_flex": 15.0, f"{name}_out": -13.0, f"{name}_spin": -49.0})
    return track


def throw(cue: Cue) -> Track:
    """Throw with the left arm, over the shoulder or from below."""
    seconds = 1.7 / cue.pace
    track = cue.stand(seconds)
    at = (cue.lead, cue.lead + 0.36 * seconds, cue.lead + 0.6 * seconds, cue.lead + seconds)
    back = keyed(track.times, at, (0.0, 1.0, 0.0, 0.0))
    forth = keyed(track.times, at, (0.0, 0.0, 1.0, 0.0))
    if cue.move.direction == "overhand":
        track.arm(LEFT, back, flex=-5.0, out=102.0, spin=88.0, bend=98.0)
        track.arm(LEFT, forth, flex=98.0, out=0.0, spin=0.0, bend=12.0)
        track.add(back, spine_twist=34.0 * cue.size, spine_pitch=-10.0, twist=12.0)
        track.add(back, right_flex=58.0, right_bend=12.0)
    else:
        track.arm(LEFT, back, flex=-58.0, out=12.0, bend=6.0)
        track.arm(LEFT, forth, flex=92.0 * cue.size, out=2.0, bend=8.0)
        track.add(back, spine_twist=12.0, height=-0.06, spine_pitch=16.0)
    track.add(forth, spine_twist=-26.0, twist=-8.0, spine_pitch=14.0, height=-0.05)
    return track
