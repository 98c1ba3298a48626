import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from audiomotion.config.speech import CommandConfig, TortoiseConfig
from audiomotion.errors import DataError, ModelError
from audiomotion.speech.cache import SpeechCache
from audiomotion.speech.speaker import Speaker

PROGRAM = (sys.executable, str(Path(__file__).with_name("toy_synthesizer.py")))
VOICES = ("ann", "bob")
ITEMS = [("walk" + " on" * count, VOICES[count % 2]) for count in range(5)]


def one_by_one(**changes) -> CommandConfig:
    command = (*PROGRAM, "{text_file}", "{voice}", "{out}")
    return CommandConfig(command=command, voices=VOICES, num_voices=2, version="1.2", **changes)


def batched(**changes) -> TortoiseConfig:
    return TortoiseConfig(
        command=(*PROGRAM, "{batch_file}"), voices=VOICES, num_voices=2, **changes
    )


def test_a_batch_says_the_same_as_one_by_one() -> None:
    alone = list(Speaker(one_by_one()).speak_many(ITEMS))
    together = list(Speaker(batched(batch_size=2)).speak_many(ITEMS))
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other)
    assert len({waveform.tobytes() for waveform in alone}) == 5


def test_its_version_is_what_the_user_says() -> None:
    assert Speaker(one_by_one()).version == "command 1.2"
    assert Speaker(batched()).version == "tortoise unspecified version"


@pytest.mark.parametrize("make", [one_by_one, batched])
@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            "fail now",
            r"by voice 'ann' of .*status 3; its last lines: .*Traceback: it is broken \| "
            "cannot say 'fail now'|cannot say 'fail now' .* it is broken",
        ),
        ("hang now", r"took more than 2\.?0? s \(speech\.timeout_seconds\)"),
        ("forget it", "the command ended well, but left no WAV file"),
        ("hush now", "could not be spoken by voice 'ann' of .*gave silence.* 3 times"),
    ],
)
def test_a_command_that_does_not_speak(make, text: str, complaint: str, tmp_path: Path) -> None:
    speaker = Speaker(make(timeout_seconds=2.0))
    with pytest.raises(ModelError, match=complaint) as caught:
        SpeechCache(tmp_path).get_or_speak(speaker, text, "ann")
    assert repr(text) in str(caught.value)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_what_hangs_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    mark = f"sleep {3000 + int(time.time()) % 1000}.5"
    config = CommandConfig(
        command=("sh", "-c", f"{mark} & wait", "{text_file}", "{out}"), timeout_seconds=0.3
    )
    with pytest.raises(ModelError, match=r"took more than 0\.3 s"):
        Speaker(config).speak("walk", "default")
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
    assert mark not in listed.stdout.splitlines()


def test_a_program_that_is_not_there() -> None:
    config = CommandConfig(command=("/no/such/program", "{text_file}", "{out}"))
    with pytest.raises(ModelError, match=r"speech.command: '/no/such/program' cannot be run"):
        Speaker(config).speak("walk", "default")


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        (("tts",), "lacks {text_file} and {out}"),
        (("tts", "{out}"), "lacks {text_file};"),
        (("tts", "{text_file}", "{out}"), "its 2 voices would be one"),
    ],
)
def test_a_command_without_its_places(command: tuple[str, ...], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        CommandConfig(command=command, voices=VOICES, num_voices=2)


def test_a_text_reaches_it_by_file_alone(tmp_path: Path) -> None:
    """What a caption says is never part of a command line."""
    text = "a man $(touch /tmp/x) `walks`; {out} \"on\" 'n' -v"
    log = tmp_path / "log"
    config = CommandConfig(
        command=("sh", "-c", f'cat "$1" > {log}; exit 7', "sh", "{text_file}", "{out}")
    )
    with pytest.raises(ModelError, match="status 7; its last lines: none"):
        Speaker(config).speak(text, "default")
    assert log.read_text() == text + "\n"


def test_a_text_that_cannot_be_spoken_starts_nothing(tmp_path: Path) -> None:
    config = CommandConfig(command=("touch", f"{tmp_path}/x", "{text_file}", "{out}"))
    with pytest.raises(DataError, match="no word"):
        Speaker(config).speak("?", "default")
    assert not list(tmp_path.iterdir())
