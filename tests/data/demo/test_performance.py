import numpy as np
import pytest

from audiomotion.data.demo.actions import ACTIONS, may_follow
from audiomotion.data.demo.body import (
    ANKLES,
    HEAD,
    HIPS,
    KNEES,
    NECK,
    PELVIS,
    SHOULDERS,
    TOES,
    WRISTS,
)
from audiomotion.data.demo.move import Move
from audiomotion.data.demo.performance import OVERLAP_FRAMES, choreograph, perform
from audiomotion.data.demo.track import LEFT, RIGHT, stance
from audiomotion.motion.kinematics import bone_vectors, facing
from audiomotion.motion.skeleton import HUMANML3D_22

FPS = 20.0
# A toe this near to the floor, in two frames, stands on it.
ON_FLOOR_METRES = 0.01


def planted_speed(joints: np.ndarray) -> float:
    """Mean speed along the floor of toes that stand on it, in metres a second."""
    toes = joints[:, TOES]
    down = toes[..., 1] < ON_FLOOR_METRES
    planted = down[1:] & down[:-1]
    speed = np.linalg.norm(np.diff(toes[..., [0, 2]], axis=0), axis=-1) * FPS
    return float(speed[planted].mean()) if planted.any() else 0.0


def runs_above(signal: np.ndarray, threshold: float) -> int:
    """How often a signal rises above a threshold."""
    above = np.concatenate([[False], signal > threshold])
    return int((above[1:] & ~above[:-1]).sum())


def height(joint: int):
    return lambda joints: joints[:, joint, 1]


def lowest_toe(joints):
    return joints[:, TOES, 1].min(axis=1)


def reach(joint: int):
    return lambda joints: joints[:, joint, 2] - joints[:, PELVIS, 2]


def apart(pair):
    return lambda joints: np.linalg.norm(joints[:, pair[LEFT]] - joints[:, pair[RIGHT]], axis=1)


def depth(joints):
    return joints[0, PELVIS, 1] - joints[:, PELVIS, 1]


def lean(joints):
    return joints[:, HEAD, 0] - joints[:, PELVIS, 0]


def nod(joints):
    return joints[:, NECK, 2] - joints[:, PELVIS, 2]


def twisted(joints):
    across = joints[:, SHOULDERS[LEFT]] - joints[:, SHOULDERS[RIGHT]]
    return -np.arctan2(across[:, 2], across[:, 0])


def overhead(joint: int):
    return lambda joints: joints[:, joint, 1] - joints[:, NECK, 1]


# What rises once for every count, done with or to the left, and above what.
COUNTED = {
    "step": (None, 0.0),
    "side_step": (height(TOES[LEFT]), 0.03),
    "jump": (lowest_toe, 0.04),
    "hop": (height(TOES[LEFT]), 0.04),
    "jumping_jack": (apart(TOES), 0.45),
    "kick": (height(TOES[LEFT]), 0.6),
    "side_kick": (height(TOES[LEFT]), 0.4),
    "knee_raise": (height(TOES[LEFT]), 0.2),
    "stomp": (height(TOES[LEFT]), 0.12),
    "squat": (depth, 0.25),
    "lunge": (depth, 0.18),
    "punch": (reach(WRISTS[LEFT]), 0.42),
    "arm_circle": (overhead(WRISTS[LEFT]), 0.2),
    "clap": (lambda joints: -apart(WRISTS)(joints), -0.25),
    "stretch": (lean, 0.15),
    "bow": (nod, 0.25),
    "twist": (twisted, np.radians(40.0)),
}


@pytest.mark.parametrize("name", ACTIONS)
def test_planted_feet_do_not_slide(name, performed):
    for move in ACTIONS[name].moves():
        assert planted_speed(performed(move)) < 0.05, str(move)


@pytest.mark.parametrize("name", ACTIONS)
def test_bodies_stand_on_the_floor(name, performed):
    for move in ACTIONS[name].moves():
        heights = performed(move)[..., 1].min(axis=1)
        assert heights.min() > -0.01, str(move)
        if name not in ("jump", "hop", "jumping_jack", "run", "run_circle", "jog"):
            assert heights.max() < 0.02, f"{move} leaves the floor"
        assert heights.max() < 0.35, f"{move} flies"


def test_bones_keep_their_lengths(performed):
    for name in ("run", "kick", "crawl", "jumping_jack", "pick_up", "side_kick"):
        joints = performed(next(ACTIONS[name].moves()))
        lengths = np.linalg.norm(bone_vectors(joints, HUMANML3D_22), axis=-1)
        np.testing.assert_allclose(
            lengths, np.broadcast_to(HUMANML3D_22.bone_lengths, lengths.shape), atol=1e-6
        )


@pytest.mark.parametrize("name", ACTIONS)
def test_knees_bend_forward(name, performed):
    """A knee lies before the line from hip to ankle, seen along the hips."""
    for move in ACTIONS[name].moves():
        joints = performed(move)
        left = np.cross([0.0, 1.0, 0.0], facing(joints, HUMANML3D_22))
        for side in (LEFT, RIGHT):
            thigh = joints[:, KNEES[side]] - joints[:, HIPS[side]]
            shin = joints[:, ANKLES[side]] - joints[:, KNEES[side]]
            assert (np.cross(thigh, shin) * left).sum(axis=1).min() > -0.02, str(move)


def test_arms_hang_down_at_rest(performed):
    joints = performed(Move("kick", "left", count=1))[0]
    for side in (LEFT, RIGHT):
        assert joints[WRISTS[side], 1] < joints[PELVIS, 1] + 0.1


def test_clips_face_forward_with_the_left_at_positive_x(performed):
    joints = performed(Move("walk", direction="forward"))
    assert joints[0, HIPS[LEFT], 0] > joints[0, HIPS[RIGHT], 0]
    assert facing(joints, HUMANML3D_22)[0, 2] > 0.95
    assert joints[-1, PELVIS, 2] > 1.5


@pytest.mark.parametrize("name", sorted(COUNTED))
def test_counts_can_be_counted(name, performed):
    for move in ACTIONS[name].moves():
        if move.to_the_right:
            continue
        for seed in range(3):
            joints = performed(move, seed)
            assert count_in(name, joints) == move.count, f"{move}, seed {seed}"


def count_in(name: str, joints: np.ndarray) -> int:
    signal, threshold = COUNTED[name]
    if signal is None:
        # The other foot closes up: one swing more than steps.
        swings = sum(runs_above(joints[:, toe, 1], 0.025) for toe in TOES)
        return swings - 1
    return runs_above(signal(joints), threshold)


def mirrored(joints: np.ndarray) -> np.ndarray:
    swapped = joints.copy()
    for left, right in HUMANML3D_22.mirror_pairs:
        swapped[:, [left, right]] = joints[:, [right, left]]
    return swapped * (-1.0, 1.0, 1.0)


def travelled(joints: np.ndarray, joint: int) -> float:
    way = np.diff(joints[:, joint] - joints[:, PELVIS], axis=0)
    return float(np.linalg.norm(way, axis=1).sum())


@pytest.mark.parametrize(
    ("name", "limb"),
    [
        *((name, WRISTS) for name in ("punch", "wave", "raise_arm", "spread_arm", "arm_circle")),
        *((name, WRISTS) for name in ("throw", "salute", "point", "pick_up")),
        *((name, TOES) for name in ("kick", "side_kick", "knee_raise", "stomp")),
    ],
)
def test_the_named_side_moves_more(name, limb, performed):
    for move in ACTIONS[name].moves():
        if move.side == "both":
            continue
        joints = performed(move)
        acting, other = limb if move.side == "left" else limb[::-1]
        assert travelled(joints, acting) > 1.15 * travelled(joints, other), str(move)


def test_both_arms_move_alike(performed):
    for name in ("wave", "raise_arm", "spread_arm"):
        joints = performed(Move(name, "both"))
        ways = [travelled(joints, wrist) for wrist in WRISTS]
        assert ways[0] == pytest.approx(ways[1], rel=0.15)


def test_right_is_the_mirror_image_of_left(all_moves):
    for move in all_moves:
        if move.to_the_right:
            right = choreograph(move, np.random.default_rng(3), brief=False).body
            left = choreograph(move.leftward(), np.random.default_rng(3), brief=False)
            np.testing.assert_array_equal(left.mirrored().body, right)


def test_standing_legs_are_the_named_ones(performed):
    for side, (standing, raised) in {"left": TOES, "right": TOES[::-1]}.items():
        assert performed(Move("balance", side))[:, raised, 1].max() > 0.3
        assert performed(Move("balance", side))[:, standing, 1].max() < 0.01
        hop = performed(Move("hop", side, "place", count=3))
        assert hop[len(hop) // 2, raised, 1] > hop[len(hop) // 2, standing, 1] + 0.15


def test_kneeling_and_lunging_use_the_named_leg(performed):
    for side, (own, other) in {"left": (LEFT, RIGHT), "right": (RIGHT, LEFT)}.items():
        kneeling = performed(Move("kneel", side))[-1]
        assert kneeling[KNEES[own], 1] < 0.12 < kneeling[KNEES[other], 1]
        lunging = performed(Move("lunge", side, count=1))
        lowest = lunging[depth(lunging).argmax()]
        assert lowest[TOES[own], 2] > lowest[TOES[other], 2] + 0.5


WAYS = {"forward": (2, 1), "backward": (2, -1), "left": (0, 1), "right": (0, -1)}


@pytest.mark.parametrize(
    "name", ["walk", "run", "jog", "march", "sneak", "step", "side_step", "jump", "hop", "crawl"]
)
def test_bodies_go_the_named_way(name, performed):
    for move in ACTIONS[name].moves():
        joints = performed(move)
        way = joints[-1, PELVIS] - joints[0, PELVIS]
        if move.direction in ("place", "up"):
            assert np.abs(way[[0, 2]]).max() < 0.06, str(move)
        else:
            axis, sign = WAYS[move.direction]
            assert sign * way[axis] > 0.2 * max(move.count, 1), str(move)
            assert abs(way[2 - axis]) < 0.1, str(move)


@pytest.mark.parametrize(
    ("name", "degrees"), [("turn", 90), ("turn_around", 180), ("spin", 360), ("walk_circle", 360)]
)
def test_turns_have_their_side_and_size(name, degrees, performed):
    for move in ACTIONS[name].moves():
        ahead = facing(performed(move), HUMANML3D_22)
        turned = np.degrees(np.unwrap(np.arctan2(ahead[:, 0], ahead[:, 2])))
        sign = 1 if move.direction == "left" else -1
        assert sign * (turned[-1] - turned[0]) == pytest.approx(degrees, abs=12), str(move)


def test_fast_is_faster_and_slow_is_slower(all_moves):
    """With the same draws, a counted or finished action takes less time, the others get further."""
    for move in all_moves:
        if move.speed and (move.count > 0 or move.action in ("turn", "throw", "pick_up", "point")):
            plain = Move(move.action, move.side, move.direction, "", move.count)
            seconds, other = (
                choreograph(m, np.random.default_rng(1), brief=True).times[-1]
                for m in (move, plain)
            )
            assert (seconds < 0.9 * other) if move.speed == "fast" else (seconds > 1.1 * other)


def test_fast_walking_covers_more_ground_a_second(performed):
    for name, direction in (("walk", "forward"), ("walk", "backward"), ("march", "forward")):
        speeds = [
            np.linalg.norm(np.diff(performed(Move(name, direction=direction, speed=speed))
                                   [:, PELVIS, [0, 2]], axis=0), axis=1).max()
            for speed in ("slow", "", "fast")
        ]  # fmt: skip
        assert speeds[0] < 0.85 * speeds[1] < 0.85 * 0.85 * speeds[2]


def test_standing_moves_begin_and_end_in_quiet_standing(all_moves):
    for move in all_moves:
        action = ACTIONS[move.action]
        if move.action == "crawl":
            continue
        track = choreograph(move, np.random.default_rng(2), brief=False)
        ends = (0, -1) if action.ends_standing else (0,)
        for frame in ends:
            np.testing.assert_allclose(
                track.feet[frame], stance(track.ground)[frame], atol=1e-3, err_msg=str(move)
            )
            turned = (track.body[frame] + 180.0) % 360.0 - 180.0
            assert np.abs(turned).max() < 0.1, str(move)


def test_lengths_fit_whatever_is_drawn(all_moves):
    shortest = min(len(perform([move], np.random.default_rng(5))) for move in all_moves)
    assert shortest >= 41
    for seed in range(2):
        longest = 0
        for move in all_moves:
            rng = np.random.default_rng(seed)
            assert len(choreograph(move, rng, brief=False).times) <= 196, str(move)
            if ACTIONS[move.action].may_be_in_sequence(move):
                rng = np.random.default_rng(seed)
                longest = max(longest, len(choreograph(move, rng, brief=True).times))
        assert 2 * longest <= 200


def test_two_moves_blend_without_a_jump():
    walk, bow = Move("walk", direction="forward"), Move("bow", count=1)
    joints = perform([walk, bow], np.random.default_rng(0))
    speeds = np.linalg.norm(np.diff(joints, axis=0), axis=-1) * FPS
    rng = np.random.default_rng(0)
    seam = len(choreograph(walk, rng, brief=True).times) - OVERLAP_FRAMES
    assert speeds[seam : seam + 8].max() < 1.0
    assert speeds.max() < 7.0
    assert planted_speed(joints) < 0.05


def test_the_second_move_starts_where_the_first_ends():
    turned = perform(
        [Move("turn", direction="left"), Move("walk", direction="forward")],
        np.random.default_rng(0),
    )
    way = turned[-1, PELVIS] - turned[0, PELVIS]
    assert way[0] > 1.0
    assert abs(way[2]) < 0.1


def test_more_of_the_same_cannot_follow():
    kick = Move("kick", "left", count=1)
    assert not may_follow(kick, Move("kick", "left", count=2))
    assert may_follow(kick, Move("kick", "right", count=1))
    assert not may_follow(Move("sit"), kick)
    assert not may_follow(Move("walk", direction="forward"), Move("run", direction="forward"))


def test_performances_of_one_move_differ_but_little(performed):
    move = Move("wave", "left")
    one, other = performed(move, 1), performed(move, 2)
    frames = min(len(one), len(other))
    assert 0.001 < np.abs(one[:frames] - other[:frames]).mean() < 0.2
