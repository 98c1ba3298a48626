import multiprocessing
import os
import struct
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from audiomotion.config.speech import EspeakConfig
from audiomotion.errors import DataError
from audiomotion.speech.cache import SpeechCache, Spoken, utterance_key
from audiomotion.speech.speaker import Speaker
from audiomotion.speech.wav import read_wav, wav_seconds, write_wav
from tests.speech.speaking import NAMES, espeak

ITEMS = [(f"walk {count} steps", NAMES[count]) for count in range(5)]


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def speak_all(folder: Path) -> list[Spoken]:
    with espeak() as speaker:
        return list(SpeechCache(folder).get_or_speak_many(speaker, ITEMS))


def test_an_utterance_lies_at_its_key(speaker: Speaker, tmp_path: Path) -> None:
    spoken = SpeechCache(tmp_path).get_or_speak(speaker, *ITEMS[0])
    key = utterance_key(*ITEMS[0], speaker.config, speaker.version)
    assert spoken.path == tmp_path / key[:2] / f"{key}.wav"
    waveform, rate = read_wav(spoken.path)
    assert rate == 16000
    np.testing.assert_allclose(waveform, speaker.speak(*ITEMS[0]), atol=1 / 32768)
    assert spoken.seconds == wav_seconds(spoken.path) == len(waveform) / 16000
    assert spoken.sha256 == sha256(spoken.path.read_bytes()).hexdigest()
    assert files(tmp_path) == [spoken.path]


def test_the_file_is_mono_16_bit_for_others_too(speaker: Speaker, tmp_path: Path) -> None:
    path = SpeechCache(tmp_path).get_or_speak(speaker, *ITEMS[0]).path
    content = path.read_bytes()
    assert struct.unpack_from("<4sI4s", content) == (b"RIFF", len(content) - 8, b"WAVE")
    assert struct.unpack_from("<HHIIHH", content, 20) == (1, 1, 16000, 32000, 2, 16)
    data = content.index(b"data")
    assert struct.unpack_from("<I", content, data + 4)[0] == len(content) - data - 8


def test_what_was_spoken_is_not_spoken_again(speaker: Speaker, tmp_path: Path) -> None:
    cache = SpeechCache(tmp_path)
    first = cache.get_or_speak(speaker, *ITEMS[0])
    before = first.path.stat()
    assert cache.get_or_speak(speaker, f"  {ITEMS[0][0]}\n", ITEMS[0][1]) == first
    assert first.path.stat() == before


@pytest.mark.parametrize("damage", ["empty", "cut", "bit", "other", "longer"])
def test_a_damaged_file_is_spoken_again(speaker: Speaker, tmp_path: Path, damage: str) -> None:
    """Damage reaches the cache by way of an artifact, which shares the file's bytes."""
    cache = SpeechCache(tmp_path / "cache")
    first = cache.get_or_speak(speaker, *ITEMS[0])
    spoken = first.path.read_bytes()
    artifact = tmp_path / "artifact.wav"
    os.link(first.path, artifact)
    if damage == "other":
        write_wav(artifact, np.zeros(len(spoken) // 2 - 22, np.float32), 16000)
    else:
        middle = len(spoken) // 2
        artifact.write_bytes(
            {
                "empty": b"",
                "cut": spoken[:-2],
                "bit": spoken[:middle] + bytes([spoken[middle] ^ 1]) + spoken[middle + 1 :],
                "longer": spoken + b"\0\0",
            }[damage]
        )
    assert first.path.samefile(artifact)
    assert cache.get_or_speak(speaker, *ITEMS[0]) == first
    assert first.path.read_bytes() == spoken
    assert files(tmp_path / "cache") == [first.path]


def test_many_come_in_order_each_spoken_once(speaker: Speaker, tmp_path: Path) -> None:
    cache = SpeechCache(tmp_path)
    one = cache.get_or_speak(speaker, *ITEMS[2])
    wanted = [ITEMS[1], ITEMS[0], ITEMS[2], ITEMS[1], ITEMS[3]]
    spoken = list(cache.get_or_speak_many(speaker, iter(wanted)))
    assert spoken[0] == spoken[3]
    assert spoken[2] == one
    assert files(tmp_path) == sorted({item.path for item in spoken})
    for (text, voice), item in zip(wanted, spoken, strict=True):
        waveform = speaker.speak(text, voice)
        np.testing.assert_allclose(read_wav(item.path)[0], waveform, atol=1 / 32768)


def test_an_abandoned_iterator_keeps_what_it_spoke(speaker: Speaker, tmp_path: Path) -> None:
    for _ in SpeechCache(tmp_path).get_or_speak_many(speaker, ITEMS):
        break
    assert len(files(tmp_path)) == 1
    assert len(speaker.speak("walk", NAMES[0]))


def test_processes_may_share_it(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        first, second = pool.map(speak_all, [tmp_path, tmp_path], chunksize=1)
    assert first == second
    assert files(tmp_path) == sorted(item.path for item in first)


def test_of_two_that_speak_the_same_the_first_stays(
    speaker: Speaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A synthesizer that draws says it in two ways; one of them is the utterance."""
    slow, quick = SpeechCache(tmp_path), SpeechCache(tmp_path)
    speak_many = speaker.speak_many
    won: list[Spoken] = []

    def overtaken(items):
        for waveform in speak_many(items):
            monkeypatch.undo()
            won.append(quick.get_or_speak(speaker, *ITEMS[0]))
            yield waveform / 2

    monkeypatch.setattr(speaker, "speak_many", overtaken)
    assert slow.get_or_speak(speaker, *ITEMS[0]) == won[0]
    assert files(tmp_path) == [won[0].path]
    assert sha256(won[0].path.read_bytes()).hexdigest() == won[0].sha256


def test_a_text_that_cannot_be_spoken_leaves_nothing(speaker: Speaker, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no word"):
        SpeechCache(tmp_path).get_or_speak(speaker, "!", "en+m1")
    assert not files(tmp_path)


def test_a_recording_becomes_what_utterances_are(tmp_path: Path) -> None:
    rate = 44_100
    seconds = np.arange(2 * rate) / rate
    voice = np.where(abs(seconds - 1) < 0.5, 1.0, 0.0) * np.sin(440 * 2 * np.pi * seconds)
    write_wav(tmp_path / "take.wav", voice.astype(np.float32), rate)
    cache = SpeechCache(tmp_path / "cache")
    spoken = cache.get_or_convert(tmp_path / "take.wav", EspeakConfig())
    waveform, sample_rate = read_wav(spoken.path)
    assert sample_rate == 16000
    assert spoken.seconds == pytest.approx(1.1, abs=0.02)
    assert np.abs(waveform).max() == pytest.approx(0.99, abs=0.001)
    assert cache.get_or_convert(tmp_path / "take.wav", EspeakConfig()) == spoken
    write_wav(tmp_path / "silent.wav", np.zeros(9000, np.float32), rate)
    with pytest.raises(DataError, match=r"silent.wav: the recording gave silence.*record it again"):
        cache.get_or_convert(tmp_path / "silent.wav", EspeakConfig())
