from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiomotion.config.experiment import SpeechConfig
from audiomotion.errors import ConfigError
from audiomotion.speech.voices import VOICES, choose_voice, first_voices


def test_all_voices_differ() -> None:
    assert len({voice.name for voice in VOICES}) == len(VOICES) >= 24


@pytest.mark.parametrize("num_voices", [8, 13, 24])
def test_any_first_few_are_mixed(num_voices: int) -> None:
    voices = first_voices(num_voices)
    accents = Counter(voice.language for voice in voices)
    sexes = Counter(voice.variant[0] for voice in voices)
    assert max(accents.values()) - min(accents.values()) <= 1
    assert len(accents) == 8
    assert sexes["f"] >= num_voices // 3
    assert sexes["m"] >= num_voices // 3


def test_chosen_once_chosen_for_ever() -> None:
    chosen = [
        choose_voice(seed, key, 24).name for seed in (0, 1) for key in ("000001/0", "000002/0")
    ]
    assert chosen == ["en-gb-x-rp+f3", "en-gb-x-gbclan+m5", "en-gb-x-rp+m2", "en+m3"]


def test_every_voice_is_used_about_equally() -> None:
    counts = Counter(choose_voice(0, str(index), 24) for index in range(2400))
    assert set(counts) == set(VOICES[:24])
    assert 60 < min(counts.values()) <= max(counts.values()) < 145


@given(st.integers(), st.text(st.characters(codec="utf-8")), st.integers(1, len(VOICES)))
def test_the_choice_is_among_the_first(seed: int, key: str, num_voices: int) -> None:
    assert choose_voice(seed, key, num_voices) in VOICES[:num_voices]


def test_the_default_number_exists() -> None:
    assert len(first_voices(SpeechConfig().num_voices)) == 24


@pytest.mark.parametrize("num_voices", [0, len(VOICES) + 1])
def test_no_more_voices_than_there_are(num_voices: int) -> None:
    with pytest.raises(ConfigError, match=f"{num_voices} is not between 1 and {len(VOICES)}"):
        choose_voice(0, "", num_voices)
