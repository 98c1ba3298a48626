import numpy as np
import pytest

from audiomotion.data.demo.actions import ACTIONS, may_follow
from audiomotion.data.demo.plan import SMALLEST_TEST, PlannedClip, plan_clips

SIZES = [64, 65, 96, 240, 720, 3000]


def plan(num_clips: int, seed: int = 0) -> list[PlannedClip]:
    return plan_clips(num_clips, np.random.default_rng(seed))


def of(clips: list[PlannedClip], split: str) -> list[PlannedClip]:
    return [clip for clip in clips if clip.split == split]


@pytest.mark.parametrize("num_clips", SIZES)
@pytest.mark.parametrize("seed", range(3))
def test_every_clip_is_planned(num_clips, seed):
    clips = plan(num_clips, seed)
    assert len(clips) == num_clips
    assert len(of(clips, "test")) == max(SMALLEST_TEST, round(0.15 * num_clips))
    assert len(of(clips, "val")) == round(0.05 * num_clips)


@pytest.mark.parametrize("num_clips", SIZES)
@pytest.mark.parametrize("seed", range(3))
def test_no_combination_is_in_two_splits(num_clips, seed):
    clips = plan(num_clips, seed)
    train, val, test = ({clip.group for clip in of(clips, s)} for s in ("train", "val", "test"))
    assert not train & test
    assert not train & val
    assert not val & test


@pytest.mark.parametrize("num_clips", SIZES)
@pytest.mark.parametrize("seed", range(3))
def test_training_has_every_part_of_what_is_tested(num_clips, seed):
    clips = plan(num_clips, seed)
    trained = {atom for clip in of(clips, "train") for move in clip.moves for atom in move.atoms}
    tested = {atom for clip in clips for move in clip.moves for atom in move.atoms}
    assert tested == trained


def test_a_move_kept_from_training_is_in_no_training_sequence():
    clips = plan(720)
    singles = {clip.moves[0] for clip in of(clips, "test") if len(clip.moves) == 1}
    trained = {move for clip in of(clips, "train") for move in clip.moves}
    assert len(singles) > 30
    assert not singles & trained


def test_each_test_combination_comes_once():
    groups = [clip.group for clip in of(plan(720), "test")]
    assert len(set(groups)) == len(groups) >= 96


def test_every_action_is_trained_alone_and_in_sequence():
    train = of(plan(720), "train")
    alone = {clip.moves[0].action for clip in train if len(clip.moves) == 1}
    together = {move.action for clip in train if len(clip.moves) == 2 for move in clip.moves}
    assert alone == set(ACTIONS)
    assert together == {name for name, action in ACTIONS.items() if not action.solo}


def test_sequences_are_ones_that_can_be_told_apart():
    for clip in plan(720):
        assert len(clip.moves) <= 2
        if len(clip.moves) == 2:
            assert may_follow(*clip.moves)
            assert all(ACTIONS[m.action].may_be_in_sequence(m) for m in clip.moves)


def test_groups_name_the_combination():
    moves = of(plan(720), "test")[0].moves
    assert PlannedClip("test", moves).group == ">".join(map(str, moves))


def test_the_plan_depends_on_the_seed_alone():
    assert plan(240, 7) == plan(240, 7)
    assert plan(240, 7) != plan(240, 8)
