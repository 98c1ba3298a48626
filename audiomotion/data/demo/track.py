"""A choreographed movement: where the body goes, how it bends, and where the feet stand."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from audiomotion.data.demo.timing import Curve

LEFT, RIGHT = 0, 1
SIDE_NAMES = ("left", "right")
SIDES = {"left": (LEFT,), "right": (RIGHT,), "both": (LEFT, RIGHT)}


class Channel(IntEnum):
    """Columns of `Track.body`: metres and degrees, as deviations from quiet standing.

    Pitch leans forward, roll and twist go to the body's left.
    """

    SWAY_X = 0
    SWAY_Z = 1
    HEIGHT = 2
    PITCH = 3
    ROLL = 4
    TWIST = 5
    SPINE_PITCH = 6
    SPINE_ROLL = 7
    SPINE_TWIST = 8
    HEAD_PITCH = 9
    HEAD_TWIST = 10
    LEFT_FLEX = 11
    """Upper arm forward and up; 90 points ahead."""
    LEFT_OUT = 12
    """Upper arm away from the body; 90 points sideways."""
    LEFT_SPIN = 13
    """Turn of the elbow's hinge: 0 bends the forearm forward, 90 with the arm out bends it up."""
    LEFT_BEND = 14
    """Elbow; 0 is straight."""
    RIGHT_FLEX = 15
    RIGHT_OUT = 16
    RIGHT_SPIN = 17
    RIGHT_BEND = 18
    LEFT_SPLAY = 19
    """Knee turned outward."""
    RIGHT_SPLAY = 20


ARMS = (slice(11, 15), slice(15, 19))
_ARM_ORDER = ("flex", "out", "spin", "bend")
REST_ARM = {"flex": 3.0, "out": 9.0, "spin": -10.0, "bend": 16.0}

STANCE_X = 0.105
"""Half the distance of the toes in quiet standing, in metres."""
STANCE_Z = 0.08
"""How far the toes stand in front of the pelvis."""
TOE_OUT = np.radians(7.0)

TOE_X, TOE_Y, TOE_Z, FOOT_PITCH, FOOT_YAW = range(5)

_LATERAL = [
    Channel.SWAY_X, Channel.ROLL, Channel.TWIST, Channel.SPINE_ROLL, Channel.SPINE_TWIST,
    Channel.HEAD_TWIST,
]  # fmt: skip
_SWAPPED = [*range(11), *range(15, 19), *range(11, 15), 20, 19]


@dataclass
class Track:
    """A movement of T frames in the frame of its own start: at the origin, facing +z."""

    times: Curve
    ground: Curve
    """`(T, 3)`: x and z of the body's place on the floor in metres, and its heading in radians."""
    body: Curve
    """`(T, 21)` by `Channel`."""
    feet: Curve
    """`(T, 2, 5)`: the toe's place, the pitch of the sole (heel up) and the yaw of the foot."""
    wrists: Curve | None = None
    """`(T, 2, 3)` where the hands are put on the floor, else None: the arms follow `body`."""

    @classmethod
    def standing(cls, times: Curve) -> "Track":
        """Start with a body that stands still with hanging arms."""
        ground = np.zeros((len(times), 3))
        return cls(times, ground, np.zeros((len(times), len(Channel))), stance(ground))

    def add(self, curve: Curve | float, **amounts: float) -> None:
        """Add `curve` times each amount to the channels of that name."""
        for name, amount in amounts.items():
            self.body[:, Channel[name.upper()]] += curve * amount

    def arm(self, side: int, curve: Curve | float, **angles: float) -> None:
        """Move one arm from hanging towards absolute angles `flex`, `out`, `spin`, `bend`."""
        for name, angle in angles.items():
            column = ARMS[side].start + _ARM_ORDER.index(name)
            self.body[:, column] += curve * (angle - REST_ARM[name])

    def move_foot(
        self, side: int, curve: Curve | float, *, x: float = 0.0, y: float = 0.0, z: float = 0.0,
        pitch: float = 0.0,
    ) -> None:  # fmt: skip
        """Add `curve` times a way in metres and a pitch in degrees to one foot."""
        amounts = np.array([x, y, z, np.radians(pitch), 0.0])
        self.feet[:, side] += np.multiply.outer(np.broadcast_to(curve, len(self.times)), amounts)

    def mirrored(self) -> "Track":
        """Swap left and right."""
        body = self.body[:, _SWAPPED].copy()
        body[:, _LATERAL] *= -1
        feet = self.feet[:, ::-1] * (-1, 1, 1, 1, -1)
        wrists = None if self.wrists is None else self.wrists[:, ::-1] * (-1, 1, 1)
        return Track(self.times, self.ground * (-1, 1, -1), body, feet, wrists)


def stance(ground: Curve) -> Curve:
    """Put both feet `(T, 2, 5)` where they stand quietly below each body place `(T, 3)`."""
    feet = np.zeros((len(ground), 2, 5))
    for side, sign in ((LEFT, 1.0), (RIGHT, -1.0)):
        feet[:, side, [TOE_X, TOE_Z]] = _ahead(ground, sign * STANCE_X, STANCE_Z)
        feet[:, side, FOOT_YAW] = ground[:, 2] + sign * TOE_OUT
    return feet


def _ahead(ground: Curve, x: float, z: float) -> Curve:
    sine, cosine = np.sin(ground[:, 2]), np.cos(ground[:, 2])
    return ground[:, :2] + np.stack([x * cosine + z * sine, z * cosine - x * sine], axis=1)


def join(first: Track, second: Track, overlap: int) -> Track:
    """Continue `first` with `second`, which starts where `first` ends.

    Both move during the `overlap` frames, where each of them must be close to standing.
    """
    assert second.wrists is None and first.wrists is None, "only standing movements are joined"
    ground, feet = _moved(second, first.ground[-1])
    length = len(first.times) + len(second.times) - overlap
    return Track(
        np.arange(length) * (first.times[1] - first.times[0]),
        _overlapped(first.ground, ground, overlap),
        _overlapped(first.body, second.body, overlap),
        _overlapped(first.feet, feet, overlap),
    )


def _overlapped(first: Curve, second: Curve, overlap: int) -> Curve:
    """Go on from the end of `first` with the changes of `second`."""
    changes = second - second[0]
    return np.concatenate(
        [
            first[:-overlap],
            first[-overlap:] + changes[:overlap],
            first[-1] + changes[overlap:],
        ]
    )


def _moved(track: Track, start: Curve) -> tuple[Curve, Curve]:
    feet = track.feet.copy()
    sine, cosine = np.sin(start[2]), np.cos(start[2])
    turn = np.array([[cosine, -sine], [sine, cosine]])
    feet[..., [TOE_X, TOE_Z]] = feet[..., [TOE_X, TOE_Z]] @ turn + start[:2]
    feet[..., FOOT_YAW] += start[2]
    ground = track.ground + start
    ground[:, :2] = track.ground[:, :2] @ turn + start[:2]
    return ground, feet
