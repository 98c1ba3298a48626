import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiomotion.data.demo.body import (
    ANKLES,
    ELBOWS,
    KNEES,
    NECK,
    PELVIS,
    SHOULDERS,
    STANDING_HEIGHT,
    TOES,
    WRISTS,
    bend_limb,
    solve,
)
from audiomotion.data.demo.timing import frame_times
from audiomotion.data.demo.track import LEFT, RIGHT, Track


def pose(**channels: float) -> np.ndarray:
    track = Track.standing(frame_times(0.05))
    track.add(1.0, **channels)
    return solve(track)[0]


def arm(**angles: float) -> np.ndarray:
    track = Track.standing(frame_times(0.05))
    for side in (LEFT, RIGHT):
        track.arm(side, 1.0, **angles)
    return solve(track)[0]


def test_a_standing_body_has_its_toes_on_the_floor_and_its_ankles_above():
    joints = pose()
    np.testing.assert_allclose(joints[list(TOES), 1], 0.0, atol=1e-9)
    np.testing.assert_allclose(joints[list(ANKLES), 1], 0.05, atol=3e-3)
    assert joints[PELVIS, 1] == pytest.approx(STANDING_HEIGHT, abs=0.02)
    assert 1.5 < joints[:, 1].max() < 1.8


def test_a_hip_limb_of_known_lengths_bends_at_a_right_angle():
    root, target = np.zeros((1, 3)), np.array([[0.0, -5.0, 0.0]])
    middle, end = bend_limb(root, target, 3.0, 4.0, np.array([[1.0, 0.0, 0.0]]))
    np.testing.assert_allclose(end, target)
    np.testing.assert_allclose(middle, [[0.0, -1.8, 2.4]], atol=1e-9)


def test_a_limb_points_at_what_it_cannot_reach():
    target = np.array([[0.0, -9.0, 0.0]])
    middle, end = bend_limb(np.zeros((1, 3)), target, 1.0, 1.0, np.array([[1.0, 0.0, 0.0]]))
    np.testing.assert_allclose(middle, [[0.0, -1.0, 0.0]], atol=1e-6)
    np.testing.assert_allclose(end, [[0.0, -2.0, 0.0]], atol=1e-6)


@given(x=st.floats(-0.4, 0.4), y=st.floats(-0.75, -0.2), z=st.floats(-0.4, 0.4))
def test_a_bent_limb_keeps_its_bones(x, y, z):
    target = np.array([[x, y, z]])
    middle, end = bend_limb(np.zeros((1, 3)), target, 0.5, 0.45, np.array([[1.0, 0.0, 0.0]]))
    assert np.linalg.norm(middle) == pytest.approx(0.5, abs=1e-9)
    assert np.linalg.norm(end - middle) == pytest.approx(0.45, abs=1e-9)


def test_flexed_arms_point_ahead_and_spread_arms_sideways():
    ahead = arm(flex=90.0, out=0.0, spin=0.0, bend=0.0)
    aside = arm(flex=0.0, out=90.0, spin=0.0, bend=0.0)
    for side, sign in ((LEFT, 1.0), (RIGHT, -1.0)):
        forward = ahead[WRISTS[side]] - ahead[SHOULDERS[side]]
        np.testing.assert_allclose(forward / np.linalg.norm(forward), [0, 0, 1], atol=1e-6)
        outward = aside[WRISTS[side]] - aside[SHOULDERS[side]]
        np.testing.assert_allclose(outward / np.linalg.norm(outward), [sign, 0, 0], atol=1e-6)


def test_a_spun_arm_bends_upward():
    joints = arm(flex=0.0, out=90.0, spin=90.0, bend=90.0)
    for side in (LEFT, RIGHT):
        up = joints[WRISTS[side]] - joints[ELBOWS[side]]
        np.testing.assert_allclose(up / np.linalg.norm(up), [0, 1, 0], atol=1e-6)


@pytest.mark.parametrize(
    ("channel", "axis", "sign"),
    [("pitch", 2, 1), ("spine_pitch", 2, 1), ("roll", 0, 1), ("spine_roll", 0, 1)],
)
def test_bodies_lean_forward_and_to_the_left(channel, axis, sign):
    moved = pose(**{channel: 30.0})[NECK] - pose()[NECK]
    assert sign * moved[axis] > 0.1


@pytest.mark.parametrize("channel", ["twist", "spine_twist"])
def test_twists_go_to_the_left(channel):
    joints = pose(**{channel: 40.0})
    assert joints[SHOULDERS[RIGHT], 2] > joints[SHOULDERS[LEFT], 2] + 0.1


def test_a_body_too_high_for_its_legs_comes_down_and_keeps_its_feet():
    joints = pose(height=0.3)
    np.testing.assert_allclose(joints[list(TOES)], pose()[list(TOES)], atol=1e-9)
    assert joints[PELVIS, 1] < STANDING_HEIGHT + 0.02


def test_bent_knees_stay_over_the_feet():
    joints = pose(height=-0.3)
    for side in (LEFT, RIGHT):
        assert joints[KNEES[side], 2] > joints[ANKLES[side], 2] + 0.1
