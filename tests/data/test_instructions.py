import pytest

from audiomotion.data.dataset import MotionDataset, write_dataset
from audiomotion.data.instructions import Instruction, Instructions
from tests.data.test_dataset import RAW


@pytest.fixture
def dataset(tmp_path):
    write_dataset(RAW, tmp_path)
    return MotionDataset(tmp_path)


def test_every_caption_is_an_instruction(dataset):
    found = Instructions(dataset, "original").all
    assert len(found) == 8
    assert found[0] == Instruction(0, 0, "a person walks a", "a/0/original/0")
    assert [wish.clip for wish in found] == [0, 0, 1, 1, 2, 2, 3, 3]
    assert [wish.caption for wish in found] == [0, 1] * 4


def test_a_caption_that_nobody_says_is_no_oral_instruction(dataset):
    found = Instructions(dataset, "oral").all
    assert [(wish.clip, wish.caption, wish.text) for wish in found] == [
        (clip, 0, "walk for me") for clip in range(4)
    ]


def test_keys_name_instructions_whatever_else_is_there(dataset):
    variants = [Instructions(dataset, variant).all for variant in ("original", "oral")]
    keys = [wish.key for wishes in variants for wish in wishes]
    assert len(set(keys)) == len(keys)
    assert all(key.split("/")[0] in "abcd" for key in keys)


def test_every_clip_finds_its_instructions(dataset):
    assert Instructions(dataset, "original").of_clip == {0: [0, 1], 1: [2, 3], 2: [4, 5], 3: [6, 7]}
    assert Instructions(dataset, "oral").of_clip == {clip: [clip] for clip in range(4)}
