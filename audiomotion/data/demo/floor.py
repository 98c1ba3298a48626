"""Crawling on hands and knees."""

import numpy as np

from audiomotion.data.demo.body import STANDING_HEIGHT
from audiomotion.data.demo.cue import Cue
from audiomotion.data.demo.steps import travel
from audiomotion.data.demo.timing import Curve, ease
from audiomotion.data.demo.track import (
    FOOT_PITCH,
    FOOT_YAW,
    LEFT,
    RIGHT,
    TOE_X,
    TOE_Y,
    TOE_Z,
    Track,
)

_PELVIS_HEIGHT = 0.47
_HAND_Z, _HAND_HEIGHT = 0.46, 0.05
_TOE_Z, _TOE_X = -0.66, 0.1
_INSTEP_PITCH = np.radians(118.0)


def crawl(cue: Cue) -> Track:
    """Crawl forward or backward; each hand moves with the opposite knee."""
    backward = cue.move.direction == "backward"
    period = 0.6 / cue.pace**0.8
    stride = 0.15 * cue.size * cue.pace**0.2 * (-0.85 if backward else 1.0)
    count = max(4, round((2.8 + 2.0 * cue.length) / period))
    track = cue.stand((count + 1) * period)
    way = travel(track.times, cue.lead, cue.lead + (count + 1) * period, period)
    track.ground[:, 1] = way * stride * count
    track.add(
        1.0, height=_PELVIS_HEIGHT - STANDING_HEIGHT, pitch=74.0, spine_pitch=6.0, head_pitch=-45.0
    )
    track.wrists = np.zeros((len(track.times), 2, 3))
    for side in (LEFT, RIGHT):
        _place_limbs(track, cue, side, period, stride * count)
    return track


def _place_limbs(track: Track, cue: Cue, side: int, period: float, distance: float) -> None:
    sign = 1.0 if side == LEFT else -1.0
    knees, lifted = _shuffle(track.times, cue, side, period)
    foot = track.feet[:, side]
    foot[:] = 0.0
    foot[:, TOE_X], foot[:, TOE_Z] = sign * _TOE_X, _TOE_Z + distance * knees
    foot[:, TOE_Y], foot[:, FOOT_PITCH] = 0.03 * lifted, _INSTEP_PITCH
    foot[:, FOOT_YAW] = 0.0
    hands, lifted = _shuffle(track.times, cue, 1 - side, period)
    assert track.wrists is not None
    track.wrists[:, side, 0] = sign * 0.19
    track.wrists[:, side, 1] = _HAND_HEIGHT + 0.09 * lifted
    track.wrists[:, side, 2] = _HAND_Z + distance * hands


def _shuffle(times: Curve, cue: Cue, turn: int, period: float) -> tuple[Curve, Curve]:
    """Progress 0..1 of a limb that moves in every other period, and how much it is lifted."""
    progress, lifted = np.zeros_like(times), np.zeros_like(times)
    count = round((times[-1] - cue.lead - cue.tail) / period)
    own = [k for k in range(count) if k % 2 == turn]
    # Half a way first and last, a whole one in between: limbs start and end level.
    shares = np.array([0.5, *[1.0] * (len(own) - 2), 0.5])
    for k, share in zip(own, shares / shares.sum(), strict=True):
        moved = (times - cue.lead - k * period) / (0.9 * period)
        progress += share * ease(moved)
        lifted += np.sin(np.pi * np.clip(moved, 0.0, 1.0))
    return progress, lifted
