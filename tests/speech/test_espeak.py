import re
import shutil
import sys
from pathlib import Path

import espeakng_loader
import numpy as np
import pytest

from audiomotion.config.speech import EspeakConfig
from audiomotion.errors import ModelError
from audiomotion.speech.espeak import PROGRAM, Request, start_engine
from audiomotion.speech.speaker import Speaker
from audiomotion.speech.wav import write_wav
from tests.speech.speaking import NAMES, espeak

VOICE_TABLE = """\
Pty Language       Age/Gender VoiceName          File                 Other Languages
 2  en-gb           --/M      English_(Great_Britain) gmw/en               (en 2)
 2  en-us           --/M      English_(America)  gmw/en-US            (en 3)
 5  en-gb-x-rp      --/M      English_(Received_Pronunciation) gmw/en-GB-x-rp  (en 5)
"""
VARIANT_TABLE = """\
Pty Language       Age/Gender VoiceName          File                 Other Languages
 5  variant         --/M      male1              !v/m1
 5  variant         --/F      female1            !v/f1
 5  variant         --/M      male2              !v/m2
"""


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Hide every installed eSpeak; return an empty folder on the search path of programs."""
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setattr(shutil, "which", lambda name: _present(folder / name))
    return folder


def _present(path: Path) -> str | None:
    return str(path) if path.exists() else None


def program_that(folder: Path, speaks: str) -> None:
    """Install a program that describes itself as espeak-ng does, and runs `speaks` to speak."""
    (folder / "en").write_text(VOICE_TABLE)
    (folder / "variant").write_text(VARIANT_TABLE)
    script = folder / PROGRAM
    script.write_text(f"""#!/bin/sh
cd {folder}
case "$1" in
--version) echo 'eSpeak NG text-to-speech: 1.51  Data at: /usr/lib/espeak-ng-data' ;;
--voices=*) cat "${{1#--voices=}}" ;;
*) {speaks} ;;
esac
""")
    script.chmod(0o755)


def three_voices() -> Speaker:
    return espeak(EspeakConfig(num_voices=3), engine="program")


@pytest.mark.parametrize("kind", [None, "library", "program"])
def test_without_espeak_it_says_what_to_install(bare: Path, kind: str | None) -> None:
    with pytest.raises(ModelError, match=r"pip install 'audiomotion\[speech\]'.* espeak-ng"):
        start_engine(kind)  # type: ignore[arg-type]


def test_the_program_serves_where_the_library_is_not(bare: Path) -> None:
    tone = np.sin(np.arange(22050) / 20).astype(np.float32) / 2
    write_wav(bare / "tone.wav", tone, 22050)
    program_that(bare, 'printf "%s|" "$@" > asked; cat tone.wav')
    with espeak(EspeakConfig(num_voices=3)) as speaker:
        assert speaker.version == "eSpeak NG 1.51 (program)"
        waveform = speaker.speak("-v a man walks", NAMES[2])
    assert len(waveform) == 16000
    assert np.abs(waveform).max() == pytest.approx(0.5, abs=0.01)
    asked = (bare / "asked").read_text()
    assert asked == "-v|en-gb-x-rp+m2|-p|58|-s|175|-b|1|-z|--stdout|--|-v a man walks|"


def test_missing_voices_are_named_before_anything_is_spoken(bare: Path) -> None:
    program_that(bare, "exit 1")
    with pytest.raises(ModelError, match=r"lacks 1 of the 4 voices .*: en-gb-scotland\+f2; "):
        _ = espeak(EspeakConfig(num_voices=4)).version


@pytest.mark.parametrize(
    ("speaks", "complaint"),
    [
        ("kill -9 $$", "ended with status -9"),
        ("echo 'no such voice' >&2; exit 1", "no such voice"),
        ("printf ''", "not a WAV"),
        ("exec sleep 60", "does not answer"),
    ],
)
def test_a_program_that_keeps_failing_is_an_error(bare: Path, speaks: str, complaint: str) -> None:
    program_that(bare, speaks)
    speaker = espeak(EspeakConfig(num_voices=3), timeout_seconds=0.5)
    with pytest.raises(ModelError, match=f"'a man walks' could not be spoken .*{complaint}"):
        speaker.speak("a man walks", NAMES[0])


def test_a_program_that_fails_once_is_asked_again(bare: Path) -> None:
    write_wav(bare / "tone.wav", np.full(4000, 0.5, np.float32), 16000)
    program_that(bare, "if mkdir tried 2>/dev/null; then kill -9 $$; fi; cat tone.wav")
    with three_voices() as speaker:
        spoken = list(speaker.speak_many([("one", NAMES[0]), ("two", NAMES[1])]))
    assert [len(waveform) for waveform in spoken] == [4000, 4000]


def test_a_program_that_does_not_work_is_named(bare: Path) -> None:
    (bare / PROGRAM).write_text("#!/bin/sh\nexit 3\n")
    (bare / PROGRAM).chmod(0o755)
    with pytest.raises(ModelError, match=f"{PROGRAM} does not work: .*--version"):
        start_engine()


def test_silence_is_an_error(bare: Path) -> None:
    program_that(bare, "printf 'RIFF\\044\\0\\0\\0WAVEfmt ' ; printf ''")
    with three_voices() as speaker, pytest.raises(ModelError, match="'hm' could not be spoken"):
        speaker.speak("hm", NAMES[0])


@pytest.mark.skipif(not shutil.which(PROGRAM), reason=f"the program {PROGRAM} is not installed")
def test_the_real_program_speaks() -> None:
    with espeak(engine="program") as speaker:
        words = [("walk", NAMES[0]), ("a person walks forward slowly", NAMES[1])]
        short, long = speaker.speak_many(words)
        assert 0.2 < len(short) / 16000 < 1 < len(long) / 16000 < 3
        np.testing.assert_array_equal(short, speaker.speak(*words[0]))
        for unknown in ("tlh+m1", "en-us+f99"):
            with pytest.raises(ModelError, match="has no voice"):
                speaker.speak("walk", unknown)


def test_the_worker_itself_notices_a_voice_that_was_not_loaded() -> None:
    engine = start_engine("library")
    for voice in ("en-us+f99", "tlh+m1", "en-gb+m1"):
        engine.send(Request("walk", voice, 50, 175))
        with pytest.raises(ModelError, match=f"no voice '{re.escape(voice)}'"):
            engine.receive(10)
    engine.send(Request("walk", "en-us+f1", 50, 175))
    assert len(engine.receive(10)[0]) > 1000
    engine.close()


def installed_as(
    monkeypatch: pytest.MonkeyPatch, folder: Path, library: str, data: Path | str
) -> None:
    """Install an `espeakng_loader` that names other files."""
    (folder / "espeakng_loader.py").write_text(
        f"def get_library_path(): return {library!r}\ndef get_data_path(): return {str(data)!r}\n"
    )
    monkeypatch.delitem(sys.modules, "espeakng_loader", raising=False)
    monkeypatch.syspath_prepend(folder)


def test_a_library_that_does_not_load_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    damaged = tmp_path / "libespeak-ng.so"
    damaged.write_bytes(b"\x7fELF damaged")
    installed_as(monkeypatch, tmp_path, str(damaged), espeakng_loader.get_data_path())
    with pytest.raises(ModelError, match=r"does not start \(.*libespeak-ng.so.*reinstall"):
        start_engine()


def test_a_library_without_its_data_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    installed_as(monkeypatch, tmp_path, espeakng_loader.get_library_path(), tmp_path / "none")
    with pytest.raises(ModelError, match="does not start"):
        start_engine()


def test_a_deep_folder_is_no_problem(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # eSpeak's own buffer for the path holds 160 characters.
    deep = tmp_path.joinpath(*["folder"] * 40)
    deep.mkdir(parents=True)
    (deep / "data").symlink_to(espeakng_loader.get_data_path())
    monkeypatch.setattr("tempfile.tempdir", str(deep))
    installed_as(monkeypatch, tmp_path, espeakng_loader.get_library_path(), deep / "data")
    with espeak(engine="library") as speaker:
        assert len(speaker.speak("walk", NAMES[0])) > 1000


def test_variants_that_the_data_lacks_are_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    for path in Path(espeakng_loader.get_data_path()).iterdir():
        if path.name != "voices":
            (data / path.name).symlink_to(path)
    (data / "voices" / "!v").mkdir(parents=True)
    shutil.copy(
        Path(espeakng_loader.get_data_path()) / "voices" / "!v" / "m1", data / "voices" / "!v"
    )
    installed_as(monkeypatch, tmp_path, espeakng_loader.get_library_path(), data)
    with pytest.raises(ModelError, match="lacks 22 of the 24 voices"):
        _ = espeak().version
