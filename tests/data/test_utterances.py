import pytest

from audiomotion.data.dataset import MotionDataset, write_dataset
from audiomotion.data.utterances import Instruction, Utterance, Utterances, instructions
from audiomotion.errors import DataError
from tests.data.test_dataset import RAW


@pytest.fixture
def dataset(tmp_path):
    write_dataset(RAW, tmp_path)
    return MotionDataset(tmp_path)


def test_every_caption_is_an_instruction(dataset):
    found = instructions(dataset, "original")
    assert len(found) == 8
    assert found[0] == Instruction(0, 0, "a person walks a", "a/0/original/0")
    assert [wish.clip for wish in found] == [0, 0, 1, 1, 2, 2, 3, 3]
    assert [wish.caption for wish in found] == [0, 1] * 4


def test_a_caption_that_nobody_says_is_no_oral_instruction(dataset):
    found = instructions(dataset, "oral")
    assert [(wish.clip, wish.caption, wish.text) for wish in found] == [
        (clip, 0, "walk for me") for clip in range(4)
    ]


def test_keys_name_instructions_whatever_else_is_there(dataset):
    keys = [wish.key for variant in ("original", "oral") for wish in instructions(dataset, variant)]
    assert len(set(keys)) == len(keys)
    assert all(key.split("/")[0] in "abcd" for key in keys)


def utterance(clip, number):
    return Utterance(clip, 0, "walk", f"{clip}/0", "voice", f"wav/{number}.wav", 1.5)


def test_the_index_comes_back_and_finds_the_utterances_of_a_clip(tmp_path):
    spoken = [utterance(2, 0), utterance(0, 1), utterance(2, 2)]
    Utterances.write_index(tmp_path, spoken, "eSpeak NG 1.52")
    found = Utterances(tmp_path)
    assert found.records == spoken
    assert found.of_clip == {2: [0, 2], 0: [1]}


def test_a_missing_index_is_named(tmp_path):
    with pytest.raises(DataError, match=r"utterances.json is missing"):
        _ = Utterances(tmp_path).records
