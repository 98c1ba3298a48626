import numpy as np
import pytest

from audiomotion.data.demo.body import solve
from audiomotion.data.demo.cue import SHORTEST_SECONDS, Cue
from audiomotion.data.demo.move import Move
from audiomotion.data.demo.steps import Gait, alternate, travel, walk_over
from audiomotion.data.demo.timing import ease, frame_times, hold, keyed, repeated
from audiomotion.data.demo.track import LEFT, RIGHT, TOE_Y, Channel, Track, join
from audiomotion.motion.skeleton import HUMANML3D_22

SECOND = frame_times(1.0)


def some_track() -> Track:
    track = Track.standing(SECOND)
    track.ground[:, 0] = 0.5 * ease(SECOND)
    track.ground[:, 2] = 0.8 * ease(SECOND)
    track.move_foot(LEFT, ease(SECOND), x=0.1, y=0.2, z=0.3, pitch=20.0)
    track.add(ease(SECOND), roll=10.0, spine_twist=20.0, left_flex=40.0, right_splay=5.0)
    return track


def test_eases_start_and_end_at_rest():
    values = ease(np.linspace(-0.5, 1.5, 201))
    assert values[0] == 0.0
    assert values[-1] == 1.0
    assert values[100] == pytest.approx(0.5)
    assert (np.diff(values) >= 0).all()


def test_keys_are_met_and_held():
    times = np.array([0.0, 1.0, 2.0, 3.0, 9.0])
    np.testing.assert_allclose(keyed(times, (1.0, 2.0, 3.0), (5.0, -1.0, 2.0)), [5, 5, -1, 2, 2])


def test_holds_rise_stay_and_fall():
    values = hold(np.array([0.0, 1.0, 1.5, 2.0, 2.9, 4.0]), 1.0, 1.0, 0.9, 1.0)
    np.testing.assert_allclose(values, [0, 0, 0.5, 1, 1, 0], atol=1e-9)


def test_cycles_repeat_as_often_as_asked():
    times = frame_times(5.0)
    values = repeated(times, 0.5, 1.0, 3, (0.0, 0.5, 1.0), (0.0, 1.0, 0.0))
    peaks = (values[1:-1] > values[:-2]) & (values[1:-1] > values[2:])
    assert peaks.sum() == 3
    assert values[0] == values[-1] == 0.0


def test_travel_goes_all_the_way_without_turning_back():
    way = travel(frame_times(4.0), 0.5, 3.5, 1.0)
    assert way[0] == 0.0
    assert way[-1] == 1.0
    assert (np.diff(way) >= 0).all()


def test_mirroring_twice_is_the_track_itself():
    track = some_track()
    twice = track.mirrored().mirrored()
    for name in ("ground", "body", "feet"):
        np.testing.assert_array_equal(getattr(twice, name), getattr(track, name))


def test_a_mirrored_track_gives_mirrored_joints():
    joints, mirrored = solve(some_track()), solve(some_track().mirrored())
    swapped = joints.copy()
    for left, right in HUMANML3D_22.mirror_pairs:
        swapped[:, [left, right]] = joints[:, [right, left]]
    # The two sides of the target skeleton differ by some millimetres a bone.
    np.testing.assert_allclose(swapped * (-1, 1, 1), mirrored, atol=0.03)


def test_arms_reach_absolute_angles_from_their_rest():
    track = Track.standing(SECOND)
    track.arm(RIGHT, 1.0, flex=90.0)
    track.arm(RIGHT, 0.0, bend=90.0)
    assert track.body[0, Channel.RIGHT_FLEX] == 87.0
    assert track.body[0, Channel.RIGHT_BEND] == 0.0


def test_joined_tracks_continue_place_and_heading():
    first, second = some_track(), some_track()
    joined = join(first, second, 4)
    assert len(joined.times) == 2 * len(SECOND) - 4
    assert joined.ground[-1, 2] == pytest.approx(1.6)
    way = joined.ground[-1, :2] - first.ground[-1, :2]
    np.testing.assert_allclose(way, [0.5 * np.cos(0.8), -0.5 * np.sin(0.8)], atol=1e-9)
    assert np.abs(np.diff(joined.body, axis=0)).max() < 6.0


def test_feet_stand_still_between_their_steps():
    track = Track.standing(frame_times(4.0))
    steps = alternate(0.5, 0.5, 0.4, 6, LEFT)
    track.ground[:, 1] = 2.0 * travel(track.times, 0.4, steps[-1].land, 0.5)
    walk_over(track, steps, Gait())
    for side in (LEFT, RIGHT):
        moving = np.zeros(len(track.times), bool)
        for step in steps:
            if step.side == side:
                moving |= (track.times > step.lift) & (track.times < step.land)
        ways = np.diff(track.feet[:, side, [0, 2]], axis=0)
        still = ~(moving[1:] | moving[:-1])
        np.testing.assert_allclose(ways[still], 0.0, atol=1e-9)
        assert track.feet[moving, side, TOE_Y].min() > 0.0
    assert track.feet[-1, LEFT, 2] == pytest.approx(track.feet[-1, RIGHT, 2])


def test_short_actions_are_filled_up_unless_another_follows():
    rng = np.random.default_rng(0)
    move = Move("point", "left")
    assert Cue.draw(move, rng, brief=False).times(0.5)[-1] == pytest.approx(SHORTEST_SECONDS)
    assert Cue.draw(move, rng, brief=True).times(0.5)[-1] < 1.2


def test_moves_know_their_name_and_parts():
    move = Move("kick", "left", speed="fast", count=2)
    assert str(move) == "kick/left/fast/2"
    assert move.atoms == {"kick/side=left", "kick/speed=fast", "kick/count=2"}
    assert Move("jump", direction="right").leftward() == Move("jump", direction="left")
