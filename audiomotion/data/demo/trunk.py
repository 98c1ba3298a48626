"""Bowing, twisting, stretching and bending down."""

from audiomotion.data.demo.cue import Cue
from audiomotion.data.demo.timing import repeated
from audiomotion.data.demo.track import LEFT, RIGHT, Track


def bow(cue: Cue) -> Track:
    """Bow from the waist, arms at the sides."""
    period, count = 1.6 / cue.pace, cue.move.count
    track = cue.stand(count * period)
    keys = (0.02, 0.4, 0.58, 0.98)
    low = repeated(track.times, cue.lead, period, count, keys, (0.0, 1.0, 1.0, 0.0))
    track.add(low, pitch=32.0 * cue.size, spine_pitch=30.0, head_pitch=12.0, sway_z=-0.09)
    track.add(low, left_bend=-8.0, right_bend=-8.0)
    return track


def twist(cue: Cue) -> Track:
    """Twist the upper body to the left with the arms out, and come back."""
    period, count = 1.4 / cue.pace, cue.move.count
    track = cue.stand(count * period + 0.8)
    keys = (0.04, 0.42, 0.56, 0.96)
    turned = repeated(track.times, cue.lead + 0.4, period, count, keys, (0.0, 1.0, 1.0, 0.0))
    out = repeated(
        track.times, cue.lead, count * period + 0.8, 1,
        (0.0, 0.4 / (count * period), 1.0 - 0.4 / (count * period), 1.0), (0.0, 1.0, 1.0, 0.0),
    )  # fmt: skip
    track.add(turned, spine_twist=48.0 * cue.size, twist=16.0, head_twist=14.0)
    for side in (LEFT, RIGHT):
        track.arm(side, out, out=84.0, flex=4.0, spin=0.0, bend=10.0)
    return track


def stretch(cue: Cue) -> Track:
    """Bend to the left side with the right arm overhead."""
    period, count = 1.8 / cue.pace, cue.move.count
    track = cue.stand(count * period)
    keys = (0.02, 0.42, 0.6, 0.98)
    over = repeated(track.times, cue.lead, period, count, keys, (0.0, 1.0, 1.0, 0.0))
    track.add(over, spine_roll=36.0 * cue.size, roll=10.0, sway_x=-0.07)
    track.arm(RIGHT, over, out=162.0, flex=4.0, bend=18.0)
    track.arm(LEFT, over, out=16.0, flex=0.0, bend=8.0)
    return track


def pick_up(cue: Cue) -> Track:
    """Bend down, reach to the floor with the left hand, and come up again."""
    seconds = 2.4 / cue.pace
    track = cue.stand(seconds)
    keys = (0.02, 0.42, 0.54, 0.96)
    low = repeated(track.times, cue.lead, seconds, 1, keys, (0.0, 1.0, 1.0, 0.0))
    track.add(
        low, height=-0.36, sway_z=-0.2, pitch=66.0, spine_pitch=46.0, spine_roll=10.0,
        left_splay=10.0, right_splay=10.0,
    )  # fmt: skip
    track.arm(LEFT, low, flex=84.0 * cue.size, out=2.0, spin=0.0, bend=6.0)
    track.arm(RIGHT, low, flex=34.0, out=16.0, bend=70.0)
    lifted = repeated(track.times, cue.lead, seconds, 1, (0.6, 0.92, 1.0), (0.0, 1.0, 0.0))
    track.add(lifted, left_flex=24.0, left_bend=62.0)
    return track
