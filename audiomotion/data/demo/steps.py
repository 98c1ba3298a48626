"""Gait: feet that stand still between steps, and a body that moves over them."""

from dataclasses import dataclass, field

import numpy as np

from audiomotion.data.demo.timing import Curve, ease, hold, keyed
from audiomotion.data.demo.track import (
    FOOT_PITCH,
    LEFT,
    RIGHT,
    TOE_X,
    TOE_Y,
    TOE_Z,
    Track,
    stance,
)


@dataclass(frozen=True)
class Step:
    """One foot leaves the floor and comes down again; in seconds."""

    side: int
    lift: float
    land: float


@dataclass(frozen=True)
class Gait:
    """How the legs and arms go along with steps."""

    clearance: float = 0.06
    """Height of the toe in mid-swing, in metres."""
    heel_degrees: float = 38.0
    """The sole's pitch as the foot leaves the floor."""
    roll_seconds: float = 0.22
    """How long before that the heel rises."""
    toe_up_degrees: float = 14.0
    """The sole's pitch, toe up, late in the swing."""
    arm_degrees: float = 36.0
    """Swing of each arm for every metre between the feet."""
    elbow_degrees: float = 12.0
    """Extra bend of the elbows."""
    sway: float = 0.022
    """How far the body shifts over the standing foot, in metres."""
    body: dict[str, float] = field(default_factory=dict)
    """Posture while moving, by channel."""


def alternate(start: float, period: float, swing: float, count: int, first: int) -> list[Step]:
    """Step `count` times with alternating feet, one step a period."""
    return [
        Step((first + k) % 2, start + k * period, start + k * period + swing) for k in range(count)
    ]


def travel(times: Curve, start: float, end: float, ramp: float) -> Curve:
    """Progress 0..1 `(T,)` of a body that speeds up, moves on evenly and slows down."""
    ramp = min(ramp, (end - start) / 2)
    speed = ease((times - start) / ramp) * ease((end - times) / ramp)
    way = np.concatenate([[0.0], np.cumsum(0.5 * (speed[1:] + speed[:-1]))])
    return np.asarray(way / way[-1])


def walk_over(track: Track, steps: list[Step], gait: Gait) -> None:
    """Place the feet along `track.ground` and let hips and arms swing with them.

    A foot stands where it is below the body in the middle of its time on the floor.
    """
    for side in (LEFT, RIGHT):
        own = [step for step in steps if step.side == side]
        for step, following in zip(own, [*own[1:], None], strict=True):
            _swing_foot(track, step, following.lift if following else None, gait)
    start, end = steps[0].lift, steps[-1].land
    moving = hold(track.times, start - 0.15, 0.3, max(end - start - 0.35, 0.0), 0.3)
    _move_along(track, gait, moving)


def _swing_foot(track: Track, step: Step, next_lift: float | None, gait: Gait) -> None:
    times, foot = track.times, track.feet[:, step.side]
    middle = times[-1] if next_lift is None else 0.5 * (step.land + next_lift)
    place = np.array([[np.interp(middle, times, column) for column in track.ground.T]])
    before = foot[np.searchsorted(times, step.lift)].copy()
    after = stance(place)[0, step.side]
    moving = times >= step.lift
    progress = np.clip((times[moving] - step.lift) / (step.land - step.lift), 0.0, 1.0)
    # Gentler than a minimum-jerk ease, whose top speed is that of a sprinter's foot.
    smooth = progress**2 * (3.0 - 2.0 * progress)
    foot[moving] = before + (after - before) * smooth[:, None]
    foot[moving, FOOT_PITCH] = 0.0
    foot[moving, TOE_Y] = gait.clearance * np.sin(np.pi * progress)
    swing = step.land - step.lift
    foot[:, FOOT_PITCH] += np.radians(keyed(
        times,
        (step.lift - gait.roll_seconds, step.lift, step.lift + 0.65 * swing, step.land),
        (0.0, gait.heel_degrees, -gait.toe_up_degrees, 0.0),
    ))  # fmt: skip


def _move_along(track: Track, gait: Gait, moving: Curve) -> None:
    sine, cosine = np.sin(track.ground[:, 2]), np.cos(track.ground[:, 2])
    ways = track.feet[:, :, [TOE_X, TOE_Z]] - track.ground[:, None, :2]
    ahead = ways[..., 0] * sine[:, None] + ways[..., 1] * cosine[:, None]
    stride = 0.5 * (ahead[:, RIGHT] - ahead[:, LEFT])
    lifted = track.feet[:, RIGHT, TOE_Y] - track.feet[:, LEFT, TOE_Y]
    track.add(np.clip(lifted / gait.clearance, -1.0, 1.0), sway_x=gait.sway, roll=-1.5)
    track.add(stride, twist=16.0, spine_twist=-34.0)
    track.add(stride, left_flex=2 * gait.arm_degrees, right_flex=-2 * gait.arm_degrees)
    track.add(np.maximum(stride, 0.0), left_bend=gait.arm_degrees)
    track.add(np.maximum(-stride, 0.0), right_bend=gait.arm_degrees)
    track.add(moving, left_bend=gait.elbow_degrees, right_bend=gait.elbow_degrees, **gait.body)
