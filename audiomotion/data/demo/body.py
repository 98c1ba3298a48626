"""Forward kinematics of torso and arms, and inverse kinematics of the legs: tracks to joints."""

import numpy as np

from audiomotion.data.demo.timing import Curve, ease
from audiomotion.data.demo.track import (
    ARMS,
    FOOT_PITCH,
    FOOT_YAW,
    LEFT,
    REST_ARM,
    RIGHT,
    TOE_X,
    TOE_Z,
    Channel,
    Track,
)
from audiomotion.motion.skeleton import HUMANML3D_22

PELVIS = HUMANML3D_22.joint_names.index("pelvis")
SPINE = tuple(HUMANML3D_22.joint_names.index(name) for name in ("spine1", "spine2", "spine3"))
NECK, HEAD = (HUMANML3D_22.joint_names.index(name) for name in ("neck", "head"))


def _sides(part: str) -> tuple[int, int]:
    names = HUMANML3D_22.joint_names
    return names.index(f"left_{part}"), names.index(f"right_{part}")


HIPS, KNEES, ANKLES, TOES = (_sides(part) for part in ("hip", "knee", "ankle", "foot"))
COLLARS, SHOULDERS, ELBOWS, WRISTS = (
    _sides(part) for part in ("collar", "shoulder", "elbow", "wrist")
)

_LENGTHS = np.linalg.norm(HUMANML3D_22.target_offsets.astype(np.float64), axis=1)


def _bone(joint: int, *direction: float) -> Curve:
    """Lay the bone that ends at `joint` along `direction`: how it lies in an upright body."""
    along = np.array(direction)
    return np.asarray(along * (_LENGTHS[joint] / np.linalg.norm(along)))


_HIP_BONES = [_bone(HIPS[LEFT], 0.6, -0.8, 0.0), _bone(HIPS[RIGHT], -0.6, -0.8, 0.0)]
_SPINE_BONES = [
    _bone(SPINE[0], 0.0, 1.0, -0.15),
    _bone(SPINE[1], 0.0, 1.0, 0.12),
    _bone(SPINE[2], 0.0, 1.0, 0.12),
]
_NECK_BONE, _HEAD_BONE = _bone(NECK, 0.0, 1.0, 0.0), _bone(HEAD, 0.0, 0.8, 0.6)
_COLLAR_BONES = [_bone(COLLARS[LEFT], 0.5, 0.87, 0.0), _bone(COLLARS[RIGHT], -0.5, 0.87, 0.0)]

SOLE_PITCH = np.arcsin(0.05 / _LENGTHS[TOES[LEFT]])
"""The ankle of a flat foot lies 5 cm above the toe."""

_LEG_REACH = 0.993
_STANDING_REACH = 0.985
_MEAN_LEG = float(np.mean([_LENGTHS[KNEES[s]] + _LENGTHS[ANKLES[s]] for s in (LEFT, RIGHT)]))
STANDING_HEIGHT = 0.05 + _STANDING_REACH * _MEAN_LEG + 0.8 * _LENGTHS[HIPS[LEFT]]
_HEIGHT_BLEND_METRES = 0.008


def solve(track: Track) -> Curve:
    """Place the joints `(T, 22, 3)` of a track, in metres; planted toes stay exactly put."""
    joints = np.empty((len(track.times), HUMANML3D_22.num_joints, 3))
    pelvis = _pelvis_rotation(track)
    ankles = _place_feet(track, joints)
    hips = [pelvis @ bone for bone in _HIP_BONES]
    joints[:, PELVIS] = _pelvis_place(track, hips, ankles)
    for side in (LEFT, RIGHT):
        _place_leg(track, joints, side, joints[:, PELVIS] + hips[side], ankles[side])
    _place_upper_body(track, joints, pelvis)
    return joints


def _pelvis_rotation(track: Track) -> Curve:
    pitch, roll, twist = np.radians(track.body[:, Channel.PITCH : Channel.TWIST + 1]).T
    return _yaw(track.ground[:, 2] + twist) @ _lean(pitch, roll)


def _place_feet(track: Track, joints: Curve) -> list[Curve]:
    """Set the toes and return where the ankles have to be; the sole turns about the toe."""
    ankles = []
    for side in (LEFT, RIGHT):
        foot = track.feet[:, side]
        pitch, yaw = foot[:, FOOT_PITCH] + SOLE_PITCH, foot[:, FOOT_YAW]
        ahead = np.cos(pitch)
        sole = np.stack([np.sin(yaw) * ahead, -np.sin(pitch), np.cos(yaw) * ahead], axis=1)
        joints[:, TOES[side]] = foot[:, TOE_X : TOE_Z + 1]
        ankles.append(foot[:, TOE_X : TOE_Z + 1] - _LENGTHS[TOES[side]] * sole)
    return ankles


def _pelvis_place(track: Track, hips: list[Curve], ankles: list[Curve]) -> Curve:
    """Put the pelvis at its height, or lower where a leg would not reach its foot."""
    x, z, yaw = track.ground.T
    sway_x, sway_z = track.body[:, Channel.SWAY_X], track.body[:, Channel.SWAY_Z]
    place = np.stack([
        x + sway_x * np.cos(yaw) + sway_z * np.sin(yaw),
        STANDING_HEIGHT + track.body[:, Channel.HEIGHT],
        z + sway_z * np.cos(yaw) - sway_x * np.sin(yaw),
    ], axis=1)  # fmt: skip
    heights = [place[:, 1]]
    for side in (LEFT, RIGHT):
        way = place + hips[side] - ankles[side]
        reach = _LEG_REACH * (_LENGTHS[KNEES[side]] + _LENGTHS[ANKLES[side]])
        upright = np.sqrt(np.maximum(reach**2 - way[:, 0] ** 2 - way[:, 2] ** 2, 0.0))
        heights.append(ankles[side][:, 1] + upright - hips[side][:, 1])
    # A smooth minimum: a hard one would jerk the body whenever the other leg becomes the limit.
    lowest = np.min(heights, axis=0)
    above = np.exp((lowest - np.stack(heights)) / _HEIGHT_BLEND_METRES).sum(axis=0)
    place[:, 1] = lowest - _HEIGHT_BLEND_METRES * np.log(above)
    return place


def _place_leg(track: Track, joints: Curve, side: int, hip: Curve, ankle: Curve) -> None:
    outward = 1.0 if side == LEFT else -1.0
    splay = outward * np.radians(track.body[:, Channel.LEFT_SPLAY + side])
    body_yaw = track.ground[:, 2] + np.radians(track.body[:, Channel.TWIST])
    yaw = 0.5 * (body_yaw + track.feet[:, side, FOOT_YAW]) + splay
    joints[:, HIPS[side]] = hip
    joints[:, KNEES[side]], joints[:, ANKLES[side]] = bend_limb(
        hip, ankle, _LENGTHS[KNEES[side]], _LENGTHS[ANKLES[side]], _leftward(yaw)
    )
    # Where even a stretched leg falls short, the foot comes along.
    joints[:, TOES[side]] += joints[:, ANKLES[side]] - ankle


def bend_limb(
    root: Curve, target: Curve, upper: float, lower: float, hinge: Curve
) -> tuple[Curve, Curve]:
    """Bend a limb of two bones so that its end reaches `target`: the middle and end joints.

    All points are `(T, 3)`. The middle joint bends towards `limb x hinge`. Beyond reach the limb
    points at the target.
    """
    way = target - root
    distance = np.linalg.norm(way, axis=1, keepdims=True)
    direction = way / distance
    span = np.minimum(distance, upper + lower)
    along = (upper**2 - lower**2 + span**2) / (2 * span)
    aside = np.sqrt(np.maximum(upper**2 - along**2, 0.0))
    normal = np.cross(direction, hinge)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    return root + along * direction + aside * normal, root + span * direction


def _place_upper_body(track: Track, joints: Curve, pelvis: Curve) -> None:
    pitch, roll, twist = np.radians(track.body[:, Channel.SPINE_PITCH : Channel.SPINE_TWIST + 1]).T
    bend = _yaw(twist / 3) @ _lean(pitch / 3, roll / 3)
    chest, below = pelvis, PELVIS
    for joint, bone in zip(SPINE, _SPINE_BONES, strict=True):
        joints[:, joint] = joints[:, below] + chest @ bone
        chest, below = chest @ bend, joint
    joints[:, NECK] = joints[:, below] + chest @ _NECK_BONE
    nod, look = np.radians(track.body[:, [Channel.HEAD_PITCH, Channel.HEAD_TWIST]]).T
    face = chest @ _yaw(look) @ _lean(nod, np.zeros_like(nod))
    joints[:, HEAD] = joints[:, NECK] + face @ _HEAD_BONE
    for side in (LEFT, RIGHT):
        joints[:, COLLARS[side]] = joints[:, below] + chest @ _COLLAR_BONES[side]
        _place_arm(track, joints, side, chest)


def _place_arm(track: Track, joints: Curve, side: int, chest: Curve) -> None:
    upper, lower = _arm_directions(track.body[:, ARMS[side]])
    # The shoulder follows an arm that rises above it.
    shrug = ease((upper[:, 1] + 0.2) / 1.2)
    across = np.stack([np.ones_like(shrug), 0.55 * shrug - 0.08, np.zeros_like(shrug)], axis=1)
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    mirror = np.array([1.0 if side == LEFT else -1.0, 1.0, 1.0])
    shoulder, elbow, wrist = SHOULDERS[side], ELBOWS[side], WRISTS[side]
    bones = np.stack(
        [across * _LENGTHS[shoulder], upper * _LENGTHS[elbow], lower * _LENGTHS[wrist]], axis=1
    )
    ways = (bones * mirror) @ np.swapaxes(chest, 1, 2)
    joints[:, [shoulder, elbow, wrist]] = joints[:, COLLARS[side], None] + np.cumsum(ways, axis=1)
    if track.wrists is not None:
        joints[:, elbow], joints[:, wrist] = bend_limb(
            joints[:, shoulder],
            track.wrists[:, side],
            _LENGTHS[elbow],
            _LENGTHS[wrist],
            -_leftward(track.ground[:, 2]),
        )


def _arm_directions(angles: Curve) -> tuple[Curve, Curve]:
    """Unit directions `(T, 3)` of upper arm and forearm of the left arm in the chest's frame."""
    flex, out, spin, bend = np.radians(angles + np.array(list(REST_ARM.values()))).T
    zero = np.zeros_like(flex)
    upper = _swing(flex, out, zero, -np.ones_like(flex), zero)
    lower = _swing(
        flex, out, np.sin(bend) * np.sin(spin), -np.cos(bend), np.sin(bend) * np.cos(spin)
    )
    return upper, lower


def _swing(flex: Curve, out: Curve, x: Curve, y: Curve, z: Curve) -> Curve:
    """Turn vectors backward about x by `flex`, which lifts a hanging arm forward, then by `out`."""
    lifted = y * np.cos(flex) + z * np.sin(flex)
    return np.stack(
        [
            x * np.cos(out) - lifted * np.sin(out),
            x * np.sin(out) + lifted * np.cos(out),
            z * np.cos(flex) - y * np.sin(flex),
        ],
        axis=1,
    )


def _leftward(yaw: Curve) -> Curve:
    return np.stack([np.cos(yaw), np.zeros_like(yaw), -np.sin(yaw)], axis=1)


def _yaw(angle: Curve) -> Curve:
    """Turn to the left about the vertical: `(T, 3, 3)`."""
    matrix = np.zeros((len(angle), 3, 3))
    matrix[:, 0, 0] = matrix[:, 2, 2] = np.cos(angle)
    matrix[:, 0, 2] = np.sin(angle)
    matrix[:, 2, 0] = -matrix[:, 0, 2]
    matrix[:, 1, 1] = 1.0
    return matrix


def _lean(pitch: Curve, roll: Curve) -> Curve:
    """Lean to the left by `roll`, then forward by `pitch`: `(T, 3, 3)`."""
    cp, sp, cr, sr = np.cos(pitch), np.sin(pitch), np.cos(roll), np.sin(roll)
    zero = np.zeros_like(pitch)
    # The columns are where the body's left, up and front go.
    return np.stack([
        np.stack([cr, -sr * cp, -sr * sp], axis=1),
        np.stack([sr, cr * cp, cr * sp], axis=1),
        np.stack([zero, -sp, cp], axis=1),
    ], axis=2)  # fmt: skip
