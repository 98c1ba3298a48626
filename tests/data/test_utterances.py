import pytest

from audiomotion.data.utterances import Utterance, Utterances
from audiomotion.errors import DataError


def utterance(clip, number):
    return Utterance(clip, 0, "walk", f"{clip}/0", "voice", f"wav/{number}.wav", 1.5)


def test_the_index_comes_back(tmp_path):
    spoken = [utterance(2, 0), utterance(0, 1), utterance(2, 2)]
    Utterances.write_index(tmp_path, spoken, "eSpeak NG 1.52")
    assert Utterances(tmp_path).records == spoken


def test_a_missing_index_is_named(tmp_path):
    with pytest.raises(DataError, match=r"utterances.json is missing"):
        _ = Utterances(tmp_path).records
