import time

import pytest

from audiomotion.data.utterances import Utterance, Utterances
from audiomotion.errors import DataError


def utterance(clip, number):
    return Utterance(
        clip, 0, "gehe \u2192", f"{clip}/0", "voice", "eSpeak", f"wav/{number}.wav", 1.5, "ab" * 32
    )


def test_the_index_comes_back(tmp_path):
    spoken = [utterance(2, 0), utterance(0, 1), utterance(2, 2)]
    Utterances.write_index(tmp_path, spoken)
    assert Utterances(tmp_path).records == spoken


def test_a_missing_index_is_named(tmp_path):
    with pytest.raises(DataError, match=r"utterances.jsonl is missing"):
        _ = Utterances(tmp_path).records


@pytest.mark.parametrize("line", ["nonsense", "[]", '{"clip": 3}', "[1, 2"])
def test_a_damaged_index_is_named(tmp_path, line):
    (tmp_path / "utterances.jsonl").write_text(line + "\n")
    with pytest.raises(DataError, match=r"utterances.jsonl is damaged"):
        _ = Utterances(tmp_path).records


def test_the_index_of_the_full_size_opens_in_seconds(tmp_path):
    Utterances.write_index(tmp_path, (utterance(number, number) for number in range(87_384)))
    started = time.process_time()
    assert len(Utterances(tmp_path).records) == 87_384
    assert time.process_time() - started < 2  # measured: 0.5
