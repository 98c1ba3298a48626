"""What every synthesizer promises, whatever it is."""

import shutil
import sys
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiomotion.config.speech import (
    SPEECH,
    CommandConfig,
    EndpointConfig,
    EspeakConfig,
    FliteConfig,
    SpeechSchema,
    SpeechT5Config,
    TortoiseConfig,
    VitsSpeechConfig,
)
from audiomotion.errors import ConfigError, DataError, ModelError
from audiomotion.speech.cache import SpeechCache
from audiomotion.speech.speaker import Speaker
from tests.speech.speech_server import SpeechServer
from tests.speech.tiny_models import save_speecht5, save_vits

SENTENCE = "a man walks on"
PROGRAM = [sys.executable, str(Path(__file__).parents[1] / "speech" / "toy_synthesizer.py")]
ONE_BY_ONE = (*PROGRAM, "{text_file}", "{voice}", "{out}")


@contextmanager
def endpoint(_folder: Path) -> Iterator[SpeechSchema]:
    with SpeechServer() as server:
        yield EndpointConfig(base_url=server.url, api_key_env="NO_SUCH_KEY", backoff_seconds=0.01)


def plain(make: Callable[[Path], SpeechSchema]) -> Any:
    @contextmanager
    def made(folder: Path) -> Iterator[SpeechSchema]:
        yield make(folder)

    return made


MADE: dict[str, Any] = {
    "espeak": plain(lambda _: EspeakConfig()),
    "flite": plain(lambda _: FliteConfig()),
    "vits": plain(
        lambda folder: VitsSpeechConfig(weights=str(save_vits(folder / "vits")), num_voices=3)
    ),
    "speecht5": plain(lambda folder: SpeechT5Config(num_voices=3, **save_speecht5(folder))),
    "endpoint": endpoint,
    "command": plain(
        lambda _: CommandConfig(command=ONE_BY_ONE, voices=("ann", "bob", "zoe"), num_voices=3)
    ),
    "tortoise": plain(lambda _: TortoiseConfig(command=(*PROGRAM, "{batch_file}"), batch_size=2)),
}


@pytest.fixture(scope="module", params=[name for name in SPEECH.schemas])
def speaker(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    name = request.param
    if name not in MADE:
        pytest.skip(f"{name} is another package's")
    if name == "flite" and not shutil.which("flite"):
        pytest.skip("the program flite is not installed")
    with MADE[name](tmp_path_factory.mktemp(name)) as config, Speaker(config) as started:
        yield started


def test_every_one_of_this_package_is_tested() -> None:
    own = {
        name
        for name, schema in SPEECH.schemas.items()
        if schema.implementation.startswith("audiomotion.")
    }
    assert own == set(MADE)


def test_what_is_published_is_mono_16_khz_16_bit_and_not_clipped(
    speaker: Speaker, tmp_path: Path
) -> None:
    spoken = SpeechCache(tmp_path).get_or_speak(speaker, SENTENCE, speaker.voices[0])
    with wave.open(str(spoken.path)) as file:
        form = (file.getnchannels(), file.getframerate(), file.getsampwidth())
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    assert form == (1, 16_000, 2)
    assert 0.1 < spoken.seconds == len(samples) / 16_000 < 4
    assert 300 < np.abs(samples.astype(int)).max() <= 0.99 * 32768 + 1


def test_silence_at_both_ends_is_as_long_as_is_stated(speaker: Speaker) -> None:
    waveform = speaker.speak(SENTENCE, speaker.voices[0])
    frames = waveform[: len(waveform) // 160 * 160].reshape(-1, 160)
    loudness = np.sqrt((frames.astype(np.float64) ** 2).mean(axis=1))
    (heard,) = np.nonzero(loudness > loudness.max() * 10 ** (speaker.config.silence_db / 20))
    assert heard[0] <= 6
    assert len(loudness) - heard[-1] <= 7


def test_it_says_what_it_is(speaker: Speaker) -> None:
    assert len(speaker.version) > 5
    assert str(Path.cwd()) not in speaker.version


def test_the_same_is_spoken_the_same_whatever_came_before(speaker: Speaker) -> None:
    if not speaker.backend.repeats:
        pytest.skip("a server or a program of others promises nothing")
    items = [
        (f"{SENTENCE} {word}", voice) for word in ("left", "up") for voice in speaker.voices[:2]
    ]
    forward = list(speaker.speak_many(items))
    speaker.close()
    for waveform, again in zip(
        forward, reversed(list(speaker.speak_many(items[::-1]))), strict=True
    ):
        np.testing.assert_array_equal(waveform, again)


def test_voices_sound_different(speaker: Speaker) -> None:
    first, second = speaker.voices[:2]
    spectra = [spectrum(speaker.speak(SENTENCE, voice)) for voice in (first, second)]
    # Decibels; measured: eSpeak 3.8, Flite 7.8, models of random weights 0.8 and 1.0.
    assert np.abs(spectra[0] - spectra[1]).mean() > 0.5


def spectrum(waveform: np.ndarray) -> np.ndarray:
    """Return the long-term loudness of 40 bands, in dB below the loudest."""
    frames = np.lib.stride_tricks.sliding_window_view(waveform, 1024)[::256] * np.hanning(1024)
    power = (np.abs(np.fft.rfft(frames)) ** 2).mean(axis=0)[:480].reshape(40, 12).sum(axis=1)
    return np.maximum(10 * np.log10(power / power.max() + 1e-12), -60)


def test_voices_are_many_and_named_once(speaker: Speaker) -> None:
    assert len(set(speaker.voices)) == len(speaker.voices) == speaker.config.num_voices >= 3
    assert all(speaker.backend.speaker_of(voice) for voice in speaker.voices)
    too_many = speaker.config.model_copy(update={"num_voices": 1000})
    with pytest.raises(ConfigError, match=r"speech\.num_voices: 1000 is not between 1 and"):
        Speaker(too_many)


@pytest.mark.parametrize("text", ["", "  ", "...?!", "\U0001f600", "\x01\x02", "\u200b"])
def test_a_text_without_a_word_is_refused(speaker: Speaker, text: str) -> None:
    with pytest.raises(DataError, match="has no word to speak"):
        speaker.speak(text, speaker.voices[0])


def test_a_text_of_500_words_is_refused(speaker: Speaker) -> None:
    with pytest.raises(DataError, match=r"of 2499 characters .* a caption has at most 2000"):
        speaker.speak(" ".join(["walk"] * 500), speaker.voices[0])


def test_a_smiley_and_control_characters_do_no_harm(speaker: Speaker) -> None:
    waveform = speaker.speak("a man\x00 \x07walks\r\n on \U0001f600", speaker.voices[0])
    assert 0.1 < len(waveform) / 16_000 < 5


def test_an_unknown_voice_is_no_other_voice(speaker: Speaker) -> None:
    with pytest.raises(ModelError, match="has no voice 'nobody'; it has "):
        speaker.speak(SENTENCE, "nobody")


def test_nothing_is_left_behind(speaker: Speaker, tmp_path: Path, monkeypatch: Any) -> None:
    speaker.close()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert len(list(speaker.speak_many([(SENTENCE, voice) for voice in speaker.voices[:3]]))) == 3
    speaker.close()
    assert not list(tmp_path.iterdir())
