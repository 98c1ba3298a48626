"""Walking, running, stepping and turning."""

import math

import numpy as np

from audiomotion.data.demo.cue import Cue
from audiomotion.data.demo.steps import Gait, Step, alternate, travel, walk_over
from audiomotion.data.demo.timing import Curve, ease, hold, keyed
from audiomotion.data.demo.track import LEFT, RIGHT, Track

_BACKWARD = Gait(clearance=0.05, heel_degrees=8.0, toe_up_degrees=-22.0, arm_degrees=24.0)
_IN_PLACE = Gait(clearance=0.07, heel_degrees=20.0, toe_up_degrees=0.0, arm_degrees=0.0)
_SIDEWAYS = Gait(clearance=0.07, heel_degrees=10.0, toe_up_degrees=0.0, arm_degrees=0.0)


def _num_steps(cue: Cue, period: float, shortest: float, longest: float) -> int:
    """Choose how many steps of `period` seconds an uncounted movement takes."""
    if cue.brief:
        shortest, longest = 0.55 * shortest, 0.6 * longest
    return max(3, round((shortest + cue.length * (longest - shortest)) / period))


def walk(cue: Cue) -> Track:
    """Walk forward or backward."""
    backward = cue.move.direction == "backward"
    period = 0.55 / cue.pace**0.65
    stride = (0.42 if backward else 0.58) * cue.pace**0.25 * cue.size
    count = _num_steps(cue, period, 3.0, 5.2)
    swing = 0.82 * period
    track = cue.stand((count - 1) * period + swing)
    steps = alternate(cue.lead, period, swing, count, cue.first)
    way = travel(track.times, cue.lead - 0.1, steps[-1].land, 1.2 * period)
    track.ground[:, 1] = (-1 if backward else 1) * way * stride * (count - 1)
    walk_over(track, steps, _BACKWARD if backward else Gait(body={"spine_pitch": 2.0 * cue.pace}))
    return track


def _circle(cue: Cue, seconds: float, radius: float) -> tuple[Track, Curve]:
    """Lay a full circle to the left that takes `seconds`; return the angle as well."""
    track = cue.stand(seconds)
    angle = 2 * np.pi * travel(track.times, cue.lead - 0.1, cue.lead + seconds, 0.6)
    track.ground[:, 0] = radius * (1 - np.cos(angle))
    track.ground[:, 1] = radius * np.sin(angle)
    track.ground[:, 2] = angle
    return track, angle


def walk_circle(cue: Cue) -> Track:
    """Walk once round a circle."""
    period, radius = 0.53 / cue.pace**0.65, 0.62 * cue.size
    stride = 0.52 * cue.pace**0.35
    count = math.ceil(2 * np.pi * radius / stride) + 1
    track, _ = _circle(cue, (count - 0.2) * period, radius)
    walk_over(track, alternate(cue.lead, period, 0.8 * period, count, RIGHT), Gait())
    return track


_RUN = Gait(
    clearance=0.2, heel_degrees=60.0, roll_seconds=0.1, toe_up_degrees=10.0, arm_degrees=44.0,
    elbow_degrees=62.0, body={"pitch": 5.0, "spine_pitch": 9.0, "height": -0.03},
)  # fmt: skip
_JOG = Gait(
    clearance=0.14, heel_degrees=45.0, roll_seconds=0.1, toe_up_degrees=8.0, arm_degrees=45.0,
    elbow_degrees=55.0, body={"pitch": 2.0, "spine_pitch": 4.0, "height": -0.02},
)  # fmt: skip


def _bounce(track: Track, steps: list[Step], metres: float) -> None:
    """Lift the body between the steps, when a runner has both feet in the air."""
    period = steps[1].lift - steps[0].lift
    start, end = steps[0].land, steps[-1].land
    going = hold(track.times, start - period, period, max(end - start - 0.5 * period, 0.0), period)
    # Each foot stands from its landing until the other one lands: the low point is in between.
    standing = (track.times - start) / period - 0.3
    track.add(going * 0.5 * (1 - np.cos(2 * np.pi * standing)), height=metres)


def run(cue: Cue) -> Track:
    """Run forward."""
    period = 0.36 / cue.pace**0.3
    count = _num_steps(cue, period, 2.2, 3.4) + 1
    stride = 0.92 * cue.pace**0.5 * cue.size
    swing = 1.3 * period
    track = cue.stand((count - 1) * period + swing)
    steps = alternate(cue.lead, period, swing, count, cue.first)
    way = travel(track.times, cue.lead - 0.1, steps[-1].land, 1.0)
    track.ground[:, 1] = way * stride * (count - 2.5)
    walk_over(track, steps, _RUN)
    _bounce(track, steps, 0.07)
    return track


def run_circle(cue: Cue) -> Track:
    """Run once round a circle."""
    period, radius = 0.34 / cue.pace**0.4, 1.25 * cue.size
    stride = 0.72 * cue.pace**0.4
    count = math.ceil(2 * np.pi * radius / stride) + 2
    track, _ = _circle(cue, (count - 1) * period + 1.25 * period, radius)
    steps = alternate(cue.lead, period, 1.25 * period, count, RIGHT)
    walk_over(track, steps, _RUN)
    _bounce(track, steps, 0.06)
    track.add(hold(track.times, cue.lead, 0.5, steps[-1].land - cue.lead - 1.0, 0.5), roll=8.0)
    return track


def jog(cue: Cue) -> Track:
    """Jog on the spot or forward."""
    period = 0.38 / cue.pace**0.75
    count = _num_steps(cue, period, 2.4, 4.2)
    forward = cue.move.direction == "forward"
    swing = 1.15 * period
    track = cue.stand((count - 1) * period + swing)
    steps = alternate(cue.lead, period, swing, count, cue.first)
    if forward:
        way = travel(track.times, cue.lead - 0.1, steps[-1].land, 0.7)
        track.ground[:, 1] = way * 0.5 * cue.pace**0.2 * cue.size * (count - 1)
    walk_over(track, steps, _JOG)
    _bounce(track, steps, 0.045)
    if not forward:
        _jog_arms_and_heels(track, steps, cue)
    return track


def _jog_arms_and_heels(track: Track, steps: list[Step], cue: Cue) -> None:
    """Kick the heels back and swing the arms, which no stride does on the spot."""
    for step in steps:
        up = _in_swing(track.times, step)
        track.move_foot(step.side, up, z=-0.16, y=0.08 * cue.size, pitch=35.0)
        _swing_arms(track, step, up, 24.0)


def _in_swing(times: Curve, step: Step) -> Curve:
    progress = np.clip((times - step.lift) / (step.land - step.lift), 0.0, 1.0)
    return np.asarray(np.sin(np.pi * progress) ** 2)


def _swing_arms(track: Track, step: Step, up: Curve, degrees: float) -> None:
    """Swing the other side's arm forward with a leg."""
    forward, back = ("right", "left") if step.side == LEFT else ("left", "right")
    track.add(up, **{f"{forward}_flex": degrees, f"{back}_flex": -degrees})


def march(cue: Cue) -> Track:
    """March on the spot or forward, knees high."""
    period = 0.56 / cue.pace**0.85
    count = _num_steps(cue, period, 2.8, 4.6)
    swing = 0.82 * period
    track = cue.stand((count - 1) * period + swing)
    steps = alternate(cue.lead, period, swing, count, cue.first)
    if cue.move.direction == "forward":
        way = travel(track.times, cue.lead - 0.1, steps[-1].land, period)
        track.ground[:, 1] = way * 0.42 * cue.size * (count - 1)
    gait = Gait(clearance=0.05, heel_degrees=25.0, toe_up_degrees=-10.0, arm_degrees=20.0)
    walk_over(track, steps, gait)
    for step in steps:
        up = _in_swing(track.times, step)
        track.move_foot(step.side, up, y=0.3 * cue.size, z=0.2, pitch=10.0)
        _swing_arms(track, step, up, 38.0)
    return track


def sneak(cue: Cue) -> Track:
    """Creep forward, crouched."""
    period = 0.72 / cue.pace**0.8
    count = _num_steps(cue, period, 3.2, 4.6)
    swing = 0.72 * period
    track = cue.stand(1.2 + (count - 1) * period + swing)
    start = cue.lead + 0.6
    steps = alternate(start, period, swing, count, cue.first)
    track.ground[:, 1] = travel(track.times, start - 0.1, steps[-1].land, period) * (
        0.38 * cue.size * (count - 1)
    )
    walk_over(track, steps, Gait(clearance=0.12, heel_degrees=30.0, arm_degrees=25.0))
    low = hold(track.times, cue.lead, 0.7, steps[-1].land - cue.lead - 0.7, 0.6)
    track.add(low, height=-0.27, sway_z=-0.1, pitch=22.0, spine_pitch=26.0, head_pitch=-35.0)
    for side in (LEFT, RIGHT):
        track.arm(side, low, flex=28.0, out=16.0, spin=-15.0, bend=85.0)
    return track


def take_steps(cue: Cue) -> Track:
    """Take a counted number of steps; the other foot then closes up."""
    backward = cue.move.direction == "backward"
    period, count = 0.68 / cue.pace, cue.move.count
    swing = 0.72 * period
    track = cue.stand(count * period + swing)
    steps = alternate(cue.lead, period, swing, count + 1, cue.first)
    way = travel(track.times, cue.lead - 0.1, steps[-1].land, 0.9 * period)
    track.ground[:, 1] = (-0.4 if backward else 0.52) * cue.size * count * way
    walk_over(track, steps, _BACKWARD if backward else Gait())
    return track


def side_step(cue: Cue) -> Track:
    """Step sideways: one foot goes, the other closes up, as often as counted."""
    period, count = 0.92 / cue.pace**0.9, cue.move.count
    track = cue.stand(count * period)
    track.ground[:, 0] = _sideways(track.times, cue, period)
    steps: list[Step] = []
    for k in range(count):
        start = cue.lead + k * period
        steps.append(Step(LEFT, start, start + 0.42 * period))
        steps.append(Step(RIGHT, start + 0.5 * period, start + 0.92 * period))
    walk_over(track, steps, _SIDEWAYS)
    _place_side_steps(track, steps, cue)
    return track


_SIDE_STRIDE = 0.42


def _sideways(times: Curve, cue: Cue, period: float) -> Curve:
    ways = [
        ease((times - cue.lead - k * period - 0.1 * period) / (0.8 * period))
        for k in range(cue.move.count)
    ]
    return np.asarray(_SIDE_STRIDE * cue.size * np.sum(ways, axis=0))


def _place_side_steps(track: Track, steps: list[Step], cue: Cue) -> None:
    """Put each foot on its own mark: in side steps the body is never between two marks."""
    for side in (LEFT, RIGHT):
        x = np.full(len(track.times), track.feet[0, side, 0])
        for step in steps:
            if step.side == side:
                progress = (track.times - step.lift) / (step.land - step.lift)
                x += _SIDE_STRIDE * cue.size * ease(progress)
        track.feet[:, side, 0] = x


def _turn(cue: Cue, angle: float, count: int, period: float) -> Track:
    swing = 0.78 * period
    track = cue.stand((count - 1) * period + swing)
    steps = alternate(cue.lead + 0.05, period, swing, count, LEFT)
    progress = travel(track.times, cue.lead, steps[-1].land, 1.2 * period)
    track.ground[:, 2] = angle * progress
    walk_over(track, steps, _IN_PLACE)
    looking = keyed(
        track.times, (cue.lead - 0.1, cue.lead + 0.3 * period, steps[-1].land), (0.0, 1.0, 0.0)
    )
    track.add(looking, head_twist=22.0, spine_twist=8.0)
    return track


def turn(cue: Cue) -> Track:
    """Turn by a quarter."""
    return _turn(cue, np.pi / 2, 4, 0.46 / cue.pace)


def turn_around(cue: Cue) -> Track:
    """Turn by a half."""
    return _turn(cue, np.pi, 6, 0.42 / cue.pace)


def spin(cue: Cue) -> Track:
    """Turn once all the way round, arms lifted."""
    track = _turn(cue, 2 * np.pi, 8, 0.36 / cue.pace)
    end = track.times[-1] - cue.tail
    out = hold(track.times, cue.lead - 0.1, 0.4, max(end - cue.lead - 0.7, 0.0), 0.4)
    for side in (LEFT, RIGHT):
        track.arm(side, out, out=70.0 * cue.size, flex=10.0, bend=20.0)
    return track
