import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from audiomotion.config.speech import SpeechT5Config, VitsSpeechConfig
from audiomotion.errors import ConfigError, DataError, ModelError
from audiomotion.speech.base import Line
from audiomotion.speech.character_model import CharacterModel
from audiomotion.speech.speaker import Speaker
from audiomotion.speech.speecht5 import SpeechT5Backend
from audiomotion.speech.vits import VitsBackend
from tests.speech.tiny_models import LETTERS, XVECTOR, save_speecht5, save_vits, sentence_pieces


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    save_vits(folder / "vits")
    save_speecht5(folder / "speecht5")
    return folder


@pytest.fixture
def folder(saved: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(saved, tmp_path / "models"))


def vits(folder: Path, **changes) -> VitsSpeechConfig:
    return VitsSpeechConfig(weights=str(folder / "vits"), num_voices=3, **changes)


def speecht5(folder: Path) -> SpeechT5Config:
    names = {"weights": "model", "vocoder": "vocoder", "speakers": "speakers"}
    paths = {key: str(folder / "speecht5" / name) for key, name in names.items()}
    return SpeechT5Config(num_voices=3, **paths)


def test_numbers_are_spoken_as_words(saved: Path) -> None:
    backend = VitsBackend(vits(saved))
    lengths = {}
    for text in ("walk 23 steps", "walk twenty three steps", "walk steps"):
        torch.manual_seed(0)
        lengths[text] = len(backend.speak(Line(text, "speaker-000"))[0])
    assert lengths["walk 23 steps"] > 1.2 * lengths["walk steps"]


def test_noise_comes_from_seed_text_voice_and_attempt(saved: Path) -> None:
    line = Line("walk on", "speaker-000")
    state = torch.random.get_rng_state()
    waveforms = [
        VitsBackend(vits(saved, seed=seed)).speak(Line(line.text, line.voice, attempt))[0].tobytes()
        for seed, attempt in ((0, 0), (0, 0), (1, 0), (0, 1))
    ]
    assert waveforms[0] == waveforms[1]
    assert len(set(waveforms)) == 3
    assert torch.equal(torch.random.get_rng_state(), state)


def test_the_seed_of_the_noise_is_part_of_the_sound(saved: Path) -> None:
    assert vits(saved).sound != vits(saved, seed=1).sound
    assert vits(saved).sound == vits(saved, test_voices="held-out").sound


def test_the_rate_is_obeyed(saved: Path) -> None:
    line = Line("walk on and on and on", "speaker-001")
    slow, fast = (
        VitsBackend(vits(saved, speaking_rate=rate)).speak(line)[0] for rate in (0.5, 2.0)
    )
    assert len(slow) > 2 * len(fast)


def test_the_version_tells_weights_apart(folder: Path) -> None:
    before = Speaker(speecht5(folder)).version
    assert before == Speaker(speecht5(folder)).version
    np.save(folder / "speecht5" / "speakers" / "voice-1.npy", np.ones(XVECTOR, np.float32))
    assert Speaker(speecht5(folder)).version != before


def test_a_voice_of_one_speaker(tmp_path: Path) -> None:
    config = VitsSpeechConfig(weights=str(save_vits(tmp_path / "one", num_speakers=1)))
    with Speaker(config) as speaker:
        assert speaker.voices == ("speaker-000",)
        assert len(speaker.speak("a man walks on and sits", "speaker-000")) > 1600


def test_phonemes_need_a_package_that_is_named(tmp_path: Path) -> None:
    weights = save_vits(tmp_path / "phonemes", phonemize=True)
    config = VitsSpeechConfig(weights=str(weights), num_voices=3)
    with pytest.raises(ModelError, match=r"reads phonemes .*install the package phonemizer"):
        Speaker(config).speak("walk", "speaker-000")


def test_a_text_that_the_model_cannot_read(saved: Path) -> None:
    with pytest.raises(ModelError, match=r"has no letter that .* can read"):
        Speaker(vits(saved)).speak("走る", "speaker-000")


def test_a_text_that_has_no_room(saved: Path) -> None:
    with pytest.raises(DataError, match=r"has 302 tokens and the model takes 200; shorten"):
        Speaker(speecht5(saved)).speak("a" * 300, "voice-0")


@pytest.mark.parametrize("file", ["model.safetensors", "config.json", "vocab.json"])
@pytest.mark.parametrize("damage", ["missing", "cut"])
def test_damaged_weights(folder: Path, file: str, damage: str) -> None:
    path = folder / "vits" / file
    content = path.read_bytes()
    path.unlink()
    if damage == "cut":
        path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ModelError, match=r"is missing|cannot be read|has no config|damaged"):
        Speaker(vits(folder)).speak("walk", "speaker-000")
    if damage == "missing":
        with pytest.raises(ModelError, match=f"{file} is missing"):
            _ = Speaker(vits(folder)).version


@pytest.mark.parametrize(
    ("vector", "complaint"),
    [
        (np.ones(3, np.float32), "holds 3 numbers; an x-vector for .* has 16"),
        (np.full(XVECTOR, np.nan, np.float32), "all finite"),
        (None, "cannot be read as a .npy file"),
    ],
)
def test_a_bad_voice(folder: Path, vector: np.ndarray | None, complaint: str) -> None:
    path = folder / "speecht5" / "speakers" / "voice-0.npy"
    if vector is None:
        path.write_bytes(b"nothing")
    else:
        np.save(path, vector)
    with pytest.raises(DataError, match=complaint):
        Speaker(speecht5(folder)).speak("walk", "voice-0")


def test_no_voice_at_all(folder: Path) -> None:
    shutil.rmtree(folder / "speecht5" / "speakers")
    with pytest.raises(DataError, match=r"speech\.speakers: .* holds no x-vectors"):
        Speaker(speecht5(folder))


def test_another_model_is_no_synthesizer(folder: Path) -> None:
    config = VitsSpeechConfig(weights=str(folder / "speecht5" / "model"))
    with pytest.raises((ModelError, ConfigError), match="type 'speecht5'; needed is 'vits'"):
        Speaker(config).speak("walk", "speaker-000")


def test_a_vocoder_of_another_size(folder: Path) -> None:
    config = folder / "speecht5" / "model" / "config.json"
    assert '"num_mel_bins": 20' in config.read_text()
    config.write_text(config.read_text().replace('"num_mel_bins": 20', '"num_mel_bins": 24'))
    with pytest.raises(ModelError, match=r"24 mel bands and .* takes 20|another shape"):
        Speaker(speecht5(folder)).speak("walk", "voice-0")


def test_characters_have_the_ids_of_their_place(tmp_path: Path) -> None:
    path = tmp_path / "spm_char.model"
    path.write_bytes(sentence_pieces())
    model = CharacterModel(path)
    space, unknown, end = 4, 3, 2
    letters = {letter: 5 + index for index, letter in enumerate(LETTERS)}
    assert model.encode("go  on!") == [
        space, letters["g"], letters["o"], space, letters["o"], letters["n"], unknown, end,
    ]  # fmt: skip


@pytest.mark.parametrize("content", [None, b"", b"\x0a\xff\xff", b"\x0a\x7f", b"\x07", b"no" * 9])
def test_a_damaged_vocabulary(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "spm_char.model"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelError, match=r"spm_char\.model (cannot be read|has no piece)"):
        CharacterModel(path)


def test_backends_are_made_without_weights() -> None:
    """A plan is made on machines that have none."""
    VitsBackend(VitsSpeechConfig())
    SpeechT5Backend(SpeechT5Config(speakers="/nowhere"))
