"""`amx export` and `amx generate`: from a finished launch to an animation file."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audiomotion.motion.bvh import length_unit, read_bvh
from tests.cli.command_line import amx


@pytest.fixture(scope="module")
def model(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder that `amx export` makes of the finished launch."""
    folder = tmp_path_factory.mktemp("export") / "system"
    ended = amx("export", "tiny", folder, "--store", finished)
    assert (ended.code, ended.out) == (0, f"{folder}\n"), ended.err
    return folder


@pytest.fixture
def voice(finished: Path, tmp_path: Path) -> Path:
    """Return a recording of one's own."""
    spoken = sorted(finished.rglob("artifacts/speak/*/wav/*/*.wav"))[0]
    return Path(shutil.copyfile(spoken, tmp_path / "voice.wav"))


def test_a_voice_becomes_a_bvh(model: Path, voice: Path, tmp_path: Path) -> None:
    ended = amx("generate", voice, "--model", model, "-o", tmp_path / "out.bvh", "--seconds", 2,
                "--unit", "cm", "--clean-feet", "--json")  # fmt: skip
    assert ended.code == 0, ended.err
    (record,) = json.loads(ended.out)
    clip = read_bvh(Path(record["files"][0]))
    assert length_unit(clip).name == "cm"
    assert (len(clip.positions), record["frames"], record["length"]) == (40, 40, "given")
    skating = record["skating_m_per_s"]
    assert 0 <= skating["after"] < skating["before"]


def test_folders_texts_and_samples_get_a_file_each(
    finished: Path, voice: Path, tmp_path: Path
) -> None:
    recordings = tmp_path / "recordings"
    recordings.mkdir()
    samples, rate = soundfile.read(voice)
    soundfile.write(recordings / "b.flac", samples, rate)
    shutil.copyfile(voice, recordings / "a.wav")
    ended = amx("generate", recordings, "--text", "a person walks", "--run", "tiny", "--store",
                finished, "-o", tmp_path / "out", "--format", "npy", "--samples", 2,
                "--seconds", 1)  # fmt: skip
    assert ended.code == 0, ended.err
    names = [Path(line).name for line in ended.out.splitlines()]
    assert names == [f"{stem}-seed{seed}.npy" for stem in ("a", "b", "text-2") for seed in (0, 1)]
    assert "the text is spoken first" in ended.err
    first = [np.load(tmp_path / "out" / f"{stem}-seed0.npy") for stem in ("a", "b")]
    np.testing.assert_array_equal(*first)


def test_one_bad_recording_does_not_stop_the_others(
    model: Path, voice: Path, tmp_path: Path
) -> None:
    silent = tmp_path / "silent.wav"
    soundfile.write(silent, np.zeros(16_000), 16_000)
    ended = amx("generate", silent, voice, "--model", model, "-o", tmp_path / "out")
    assert ended.code == 3
    assert ended.problem == f"{silent}: is silent (not a single sound; at least -60 dB are " \
        "needed); check the microphone and record it again"  # fmt: skip
    assert "1 instruction of 2 not answered" in ended.err
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["voice.bvh"]


def test_a_warning_is_said_and_recorded(model: Path, tmp_path: Path) -> None:
    noise = tmp_path / "noise.wav"
    soundfile.write(noise, 0.1 * np.random.default_rng(0).standard_normal(16_000), 16_000)
    ended = amx("generate", noise, "--model", model, "-o", tmp_path / "n.bvh", "--json")
    assert ended.code == 0
    assert f"{noise}: is as steady as noise" in ended.err
    assert json.loads(ended.out)[0]["warnings"]


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["-o", "out.bvh"], 2, "nothing to answer"),
        (["--text", "walk", "-o", "out.bvh"], 2, "--model DIR"),
        (["--text", "walk", "-o", "out.fbx", "--model", "M"], 2, ".fbx is no format"),
        (["--text", "walk", "-o", "out.bvh", "--format", "glb", "--model", "M"], 2, "two formats"),
        (["--text", "walk", "-o", "out.glb", "--unit", "cm", "--model", "M"], 2, "unit"),
        (["--text", "walk", "--samples", "2", "-o", "out.bvh", "--model", "M"], 2, "give a folder"),
        (["--text", "walk", "--seconds", "0", "-o", "out.bvh", "--model", "M"], 2, "no length"),
        (["gone.wav", "-o", "out.bvh", "--model", "M"], 3, "cannot be read"),
        (["--text", "walk", "-o", "out.bvh", "--model", "nowhere"], 2, "nowhere"),
    ],
)
def test_what_is_wrong_is_a_sentence(model: Path, args: list[str], code: int, said: str) -> None:
    ended = amx("generate", *[str(model) if arg == "M" else arg for arg in args])
    assert ended.code == code
    assert said in ended.problem
    assert not Path("out.bvh").exists()


def test_an_export_never_overwrites(finished: Path, model: Path) -> None:
    ended = amx("export", "tiny", model, "--store", finished)
    assert ended.code == 3 and "exists; choose another folder" in ended.problem


def test_without_an_estimator_the_length_is_asked_for(
    model: Path, voice: Path, tmp_path: Path
) -> None:
    own = Path(shutil.copytree(model, tmp_path / "system"))
    config = json.loads((own / "config.json").read_text())
    (own / "config.json").write_text(json.dumps(config | {"num_length_classes": 0}))
    ended = amx("generate", voice, "--model", own, "-o", tmp_path / "out.bvh")
    assert ended.code == 2 and "give --seconds" in ended.problem
