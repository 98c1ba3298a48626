import multiprocessing
from pathlib import Path

import numpy as np
import pytest

from audiomotion.config.experiment import SpeechConfig
from audiomotion.errors import DataError
from audiomotion.speech.speaker import EspeakSpeaker, SpeechCache, utterance_key
from audiomotion.speech.voices import VOICES, Voice
from audiomotion.speech.wav import read_wav

ITEMS = [(f"walk {count} steps", VOICES[count]) for count in range(5)]


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def speak_all(folder: Path) -> list[Path]:
    with EspeakSpeaker(SpeechConfig()) as speaker:
        return list(SpeechCache(folder).get_or_speak_many(speaker, ITEMS))


def test_an_utterance_lies_at_its_key(speaker: EspeakSpeaker, tmp_path: Path) -> None:
    path = SpeechCache(tmp_path).get_or_speak(speaker, *ITEMS[0])
    key = utterance_key(*ITEMS[0], speaker.config, speaker.version)
    assert path == tmp_path / key[:2] / f"{key}.wav"
    waveform, rate = read_wav(path)
    assert rate == 16000
    np.testing.assert_allclose(waveform, speaker.speak(*ITEMS[0]), atol=1 / 32768)
    assert files(tmp_path) == [path]


def test_what_was_spoken_is_not_spoken_again(speaker: EspeakSpeaker, tmp_path: Path) -> None:
    cache = SpeechCache(tmp_path)
    path = cache.get_or_speak(speaker, *ITEMS[0])
    path.write_bytes(b"kept as it is, whatever it is" * 10)
    before = path.stat()
    assert cache.get_or_speak(speaker, *ITEMS[0]) == path
    assert path.stat() == before


def test_an_empty_file_is_spoken_again(speaker: EspeakSpeaker, tmp_path: Path) -> None:
    cache = SpeechCache(tmp_path)
    path = cache.get_or_speak(speaker, *ITEMS[0])
    spoken = path.read_bytes()
    path.write_bytes(b"")
    cache.get_or_speak(speaker, *ITEMS[0])
    assert path.read_bytes() == spoken


def test_many_come_in_order_each_spoken_once(speaker: EspeakSpeaker, tmp_path: Path) -> None:
    cache = SpeechCache(tmp_path)
    one = cache.get_or_speak(speaker, *ITEMS[2])
    wanted = [ITEMS[1], ITEMS[0], ITEMS[2], ITEMS[1], ITEMS[3]]
    paths = list(cache.get_or_speak_many(speaker, iter(wanted)))
    assert paths[0] == paths[3]
    assert paths[2] == one
    assert files(tmp_path) == sorted(set(paths))
    for (text, voice), path in zip(wanted, paths, strict=True):
        waveform = speaker.speak(text, voice)
        np.testing.assert_allclose(read_wav(path)[0], waveform, atol=1 / 32768)


def test_an_abandoned_iterator_keeps_what_it_spoke(speaker: EspeakSpeaker, tmp_path: Path) -> None:
    for _ in SpeechCache(tmp_path).get_or_speak_many(speaker, ITEMS):
        break
    assert len(files(tmp_path)) == 1
    assert len(speaker.speak("walk", VOICES[0]))


def test_processes_may_share_it(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        first, second = pool.map(speak_all, [tmp_path, tmp_path], chunksize=1)
    assert first == second
    assert files(tmp_path) == sorted(first)


def test_a_text_that_cannot_be_spoken_leaves_nothing(
    speaker: EspeakSpeaker, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match="no word"):
        SpeechCache(tmp_path).get_or_speak(speaker, "!", Voice("en", "m1"))
    assert not files(tmp_path)
