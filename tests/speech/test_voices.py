from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiomotion.config.speech import EspeakConfig
from audiomotion.errors import ConfigError
from audiomotion.speech.espeak_voices import VOICES
from audiomotion.speech.voices import VoicePlan, choose_voice, first_voices
from tests.speech.speaking import NAMES, espeak


def test_all_voices_differ() -> None:
    assert len({voice.name for voice in VOICES}) == len(VOICES) >= 24


@pytest.mark.parametrize("num_voices", [8, 13, 24])
def test_any_first_few_are_mixed(num_voices: int) -> None:
    voices = VOICES[:num_voices]
    accents = Counter(voice.language for voice in voices)
    sexes = Counter(voice.variant[0] for voice in voices)
    assert max(accents.values()) - min(accents.values()) <= 1
    assert len(accents) == 8
    assert sexes["f"] >= num_voices // 3
    assert sexes["m"] >= num_voices // 3


def test_chosen_once_chosen_for_ever() -> None:
    chosen = [
        choose_voice(seed, key, NAMES[:24]) for seed in (0, 1) for key in ("000001/0", "000002/0")
    ]
    assert chosen == ["en-gb-x-rp+f3", "en-gb-x-gbclan+m5", "en-gb-x-rp+m2", "en+m3"]


def test_every_voice_is_used_about_equally() -> None:
    counts = Counter(choose_voice(0, str(index), NAMES[:24]) for index in range(2400))
    assert set(counts) == set(NAMES[:24])
    assert 60 < min(counts.values()) <= max(counts.values()) < 145


@given(st.integers(), st.text(st.characters(codec="utf-8")), st.integers(1, len(VOICES)))
def test_the_choice_is_among_the_first(seed: int, key: str, num_voices: int) -> None:
    assert choose_voice(seed, key, NAMES[:num_voices]) in NAMES[:num_voices]


def test_the_default_number_exists() -> None:
    assert len(first_voices(NAMES, EspeakConfig().num_voices)) == 24


@pytest.mark.parametrize("num_voices", [0, len(VOICES) + 1])
def test_no_more_voices_than_there_are(num_voices: int) -> None:
    with pytest.raises(ConfigError, match=f"{num_voices} is not between 1 and {len(VOICES)}"):
        first_voices(NAMES, num_voices)


HELD_OUT = EspeakConfig(test_voices="held-out")


def test_shared_voices_speak_every_split() -> None:
    plan = espeak().plan
    assert plan.train == plan.test == NAMES[:24]
    assert plan.voice_of("000001/0", "test") == plan.voice_of("000001/0", "train")


@pytest.mark.parametrize("seed", range(8))
def test_held_out_speakers_never_speak_a_training_clip(seed: int) -> None:
    speaker = espeak(HELD_OUT.model_copy(update={"seed": seed}))
    plan = speaker.plan
    people = {
        split: {speaker.backend.speaker_of(plan.voice_of(str(key), split)) for key in range(300)}
        for split in ("train", "val", "test")
    }
    # Thirteen variants: an accent makes no new speaker.
    assert len(people["train"]) == 9
    assert people["val"] == people["test"]
    assert len(people["test"]) == 4
    assert not people["train"] & people["test"]
    assert sorted(plan.train + plan.test) == sorted(NAMES[:24])
    again = espeak(HELD_OUT.model_copy(update={"seed": seed})).plan
    assert (again.train, again.test) == (plan.train, plan.test)


def test_the_seed_decides_who_is_held_out() -> None:
    plans = [espeak(HELD_OUT.model_copy(update={"seed": seed})).plan for seed in range(8)]
    assert len({plan.test for plan in plans}) > 4


def test_too_few_speakers_to_hold_some_out() -> None:
    assert espeak(HELD_OUT.model_copy(update={"num_voices": 2})).plan.train
    with pytest.raises(ConfigError, match=r"held-out needs at least 2 speakers.*are of 1;"):
        _ = espeak(HELD_OUT.model_copy(update={"num_voices": 1})).plan
    with pytest.raises(ConfigError, match=r"the 2 voices of speech\.num_voices are of 1"):
        VoicePlan(HELD_OUT, ("slt/1", "slt/1.2"), ("slt", "slt"))
