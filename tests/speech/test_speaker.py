import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from audiomotion.config.speech import EspeakConfig
from audiomotion.errors import ConfigError, DataError, ModelError
from audiomotion.speech.cache import utterance_key
from audiomotion.speech.espeak import Request, start_engine
from audiomotion.speech.espeak_voices import VOICES
from audiomotion.speech.speaker import Speaker
from audiomotion.speech.voices import choose_voice
from tests.speech.speaking import NAMES, espeak

CAPTION = "a person walks forward slowly and then sits down"
ITEMS = [
    (f"{CAPTION} {count} times", choose_voice(0, str(count), NAMES[:24])) for count in range(2, 8)
]


def worker_of(process: int) -> int:
    """Return the eSpeak worker that a process started last."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    command_of = {int(child): Path(f"/proc/{child}/cmdline").read_bytes() for child in children}
    return max(child for child, command in command_of.items() if b"espeak_worker" in command)


def is_gone(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return True
    return state == "Z"


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 20
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


def median_pitch(waveform: np.ndarray) -> float:
    """Return the median over voiced frames of the autocorrelation's pitch, in Hz."""
    pitches = []
    for frame in np.lib.stride_tricks.sliding_window_view(waveform, 1024)[::512]:
        correlation = np.correlate(frame, frame, "full")[1023:]
        lag = 45 + int(correlation[45:266].argmax())
        if frame.std() > 0.05 and correlation[lag] > 0.5 * correlation[0]:
            pitches.append(16000 / lag)
    return float(np.median(pitches))


def test_speech_is_plausible(speaker: Speaker) -> None:
    waveform = speaker.speak(CAPTION, NAMES[0])
    assert waveform.dtype == np.float32
    assert waveform.ndim == 1
    # Nine words at 175 a minute.
    assert 2.5 < len(waveform) / 16000 < 3.7
    assert 0.02 < waveform.std() < 0.3
    assert 0.2 < np.abs(waveform).max() <= 1
    assert abs(waveform.mean()) < 0.01


def test_every_voice_speaks_within_full_scale_and_in_its_own_way(speaker: Speaker) -> None:
    waveforms = list(speaker.speak_many((CAPTION, voice) for voice in NAMES))
    assert len({waveform.tobytes() for waveform in waveforms}) == len(VOICES)
    for waveform in waveforms:
        assert 2 < len(waveform) / 16000 < 4.5
        assert waveform.std() > 0.03
        assert np.abs(waveform).max() <= 1


def test_women_speak_higher_than_men(speaker: Speaker) -> None:
    pitches: dict[str, list[float]] = {"m": [], "f": []}
    for voice in VOICES[:13]:
        pitches[voice.variant[0]].append(median_pitch(speaker.speak(CAPTION, voice.name)))
    assert 70 < min(pitches["m"]) <= max(pitches["m"]) < 130
    assert 150 < min(pitches["f"]) <= max(pitches["f"]) < 260


def test_pitch_and_rate_are_obeyed() -> None:
    engine = start_engine()

    def spoken(pitch: int, rate: int) -> np.ndarray:
        engine.send(Request(CAPTION, "en+m1", pitch, rate))
        return engine.receive(30)[0]

    plain, high, fast = spoken(50, 175), spoken(80, 175), spoken(50, 262)
    engine.close()
    assert median_pitch(high) > 1.15 * median_pitch(plain)
    assert len(plain) / len(fast) == pytest.approx(1.5, rel=0.15)


def test_configured_rate_is_obeyed(speaker: Speaker) -> None:
    with espeak(EspeakConfig(words_per_minute=350)) as hurried:
        ratio = len(speaker.speak(CAPTION, NAMES[0])) / len(hurried.speak(CAPTION, NAMES[0]))
    assert ratio == pytest.approx(2, rel=0.2)


def test_words_differ_and_more_words_take_longer(speaker: Speaker) -> None:
    left, right = (speaker.speak(f"turn {side}", NAMES[0]) for side in ("left", "right"))
    assert left.tobytes() != right.tobytes()
    assert len(speaker.speak(CAPTION, NAMES[0])) > 2 * len(left)


def test_the_same_is_spoken_the_same_whatever_came_before(speaker: Speaker) -> None:
    alone = {item: speaker.speak(*item).tobytes() for item in ITEMS}
    for item, waveform in zip(ITEMS[::-1], espeak().speak_many(ITEMS[::-1]), strict=True):
        assert waveform.tobytes() == alone[item]


def test_white_space_and_control_characters_are_no_words(speaker: Speaker) -> None:
    # eSpeak would take \x01 and what follows for a command, and \0 for the end.
    messy = speaker.speak(" a man\n\x01walks\0 on\ud800\t", NAMES[0])
    np.testing.assert_array_equal(messy, speaker.speak("a man walks on", NAMES[0]))


@pytest.mark.parametrize("text", ["", "  \n", "...", "?!", "\x01", "a" * 2001])
def test_texts_without_words_are_refused(speaker: Speaker, text: str) -> None:
    with pytest.raises(DataError, match=r"no word to speak|2001 characters .* at most 2000"):
        speaker.speak(text, NAMES[0])


def test_long_and_foreign_texts_are_spoken(speaker: Speaker) -> None:
    long, foreign = "walk " * 400, 'der Mann läuft, 走る, "schnell" <b>&amp; 100%'
    waveforms = list(speaker.speak_many([(long, NAMES[0]), (foreign, NAMES[1])] * 2))
    assert len(waveforms[0]) > 60 * 16000
    assert [len(waveform) for waveform in waveforms[2:]] == [len(w) for w in waveforms[:2]]


@pytest.mark.parametrize("voice", ["en-us+f99", "tlh+m1", "en-gb+m1"])
def test_an_unknown_voice_is_no_default_voice(speaker: Speaker, voice: str) -> None:
    with pytest.raises(ModelError, match=f"has no voice '{re.escape(voice)}'"):
        speaker.speak("walk", voice)
    assert len(speaker.speak("walk", NAMES[0]))


def test_version_names_engine_and_number(speaker: Speaker) -> None:
    assert speaker.version.startswith("eSpeak NG 1.")


def test_more_voices_than_there_are() -> None:
    with pytest.raises(ConfigError, match=r"speech\.num_voices"):
        espeak(EspeakConfig(num_voices=1000))


@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGSEGV, signal.SIGSTOP])
def test_a_lost_worker_costs_nothing_but_time(stop: signal.Signals) -> None:
    with espeak(engine="library", timeout_seconds=2) as speaker:
        undisturbed = list(speaker.speak_many(ITEMS))
        spoken = speaker.speak_many(ITEMS)
        disturbed = [next(spoken), next(spoken)]
        os.kill(worker_of(os.getpid()), stop)
        disturbed += spoken
        last = worker_of(os.getpid())
    assert [w.tobytes() for w in disturbed] == [w.tobytes() for w in undisturbed]
    assert is_gone(last)


def test_an_abandoned_iterator_does_not_answer_the_next(speaker: Speaker) -> None:
    expected = speaker.speak(*ITEMS[4])
    for _ in speaker.speak_many(ITEMS):
        break
    np.testing.assert_array_equal(speaker.speak(*ITEMS[4]), expected)


def test_a_bad_item_is_seen_before_anything_is_spoken(speaker: Speaker) -> None:
    spoken = speaker.speak_many([ITEMS[0], ITEMS[1], ("", NAMES[0])])
    with pytest.raises(DataError):
        next(spoken)
    assert len(speaker.speak(*ITEMS[0]))


def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with espeak(engine="library") as speaker:
        speaker.speak("walk", NAMES[0])
        worker = worker_of(os.getpid())
        assert list(tmp_path.iterdir())
    assert not Path(f"/proc/{worker}").exists()
    assert not list(tmp_path.iterdir())
    # The library is GPL: it must never be in this process.
    assert "libespeak" not in Path("/proc/self/maps").read_text()


ORPHAN = """
import os, sys, time
from audiomotion.config.speech import EspeakConfig
from audiomotion.speech.espeak_backend import EspeakBackend
speaker = EspeakBackend(EspeakConfig(), engine="library")
print(speaker.version, "torch" in sys.modules, flush=True)
if os.fork() == 0:
    print(os.getpid(), flush=True)
time.sleep(100)
"""


def test_the_worker_ends_with_its_parent(tmp_path: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", ORPHAN], stdout=subprocess.PIPE, env=environment, text=True
    ) as parent:
        assert parent.stdout
        assert parent.stdout.readline().endswith("False\n"), "speech must not import torch"
        holds_the_pipe = int(parent.stdout.readline())
        worker = worker_of(parent.pid)
        parent.kill()
        assert eventually(lambda: is_gone(worker))
        assert not list(tmp_path.iterdir())
        os.kill(holds_the_pipe, signal.SIGKILL)


def test_key_is_that_of_what_is_heard() -> None:
    config = EspeakConfig()
    key = utterance_key("a man walks", "en+m1", config, "1")
    chosen = EspeakConfig(seed=3, num_voices=9, test_voices="held-out")
    assert key == utterance_key("a man walks", "en+m1", chosen, "1")
    others = [
        utterance_key("a man walk", "en+m1", config, "1"),
        utterance_key("a man walks", "en+m2", config, "1"),
        utterance_key("a man walks", "en+m1", EspeakConfig(words_per_minute=180), "1"),
        utterance_key("a man walks", "en+m1", EspeakConfig(kept_silence_seconds=None), "1"),
        utterance_key("a man walks", "en+m1", config, "2"),
    ]
    assert len({key, *others}) == 6
    assert len(key) == 64
