from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import (
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
    WhisperTokenizer,
)

from audiomotion.config.recognizers import RecognizerConfig
from audiomotion.errors import ModelError
from audiomotion.extract.recognizer import Recognizer

RNG = np.random.default_rng(0)
WAVES = [(RNG.standard_normal(size) * 0.1).astype(np.float32) for size in (16_000, 30_000, 80_000)]
"""The last is two windows and a half of the 2 s that the model has."""

WORDS = ["walk", "jump", "turn", "left", "right", "back", "fast", "slow"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights in the published layout, with a vocabulary of a few words."""
    place = tmp_path_factory.mktemp("whisper")
    torch.manual_seed(3)
    sizes = {
        f"{part}_{name}": value
        for part in ("encoder", "decoder")
        for name, value in (("layers", 1), ("attention_heads", 2), ("ffn_dim", 64))
    }
    architecture = WhisperConfig(
        d_model=32, vocab_size=len(WORDS) + 2, max_source_positions=100, pad_token_id=0,
        bos_token_id=0, eos_token_id=0, decoder_start_token_id=1, begin_suppress_tokens=None,
        suppress_tokens=None, init_std=0.5, **sizes,
    )  # fmt: skip
    WhisperForConditionalGeneration(architecture).save_pretrained(place)
    WhisperFeatureExtractor(chunk_length=2).save_pretrained(place)
    vocabulary = ["<|endoftext|>", "<|startoftranscript|>", *(f"\u0120{word}" for word in WORDS)]
    numbered = {word: number for number, word in enumerate(vocabulary)}
    WhisperTokenizer(
        vocab=numbered, merges=[], additional_special_tokens=["<|startoftranscript|>"]
    ).save_pretrained(place)
    return place


def recognizer(folder: Path, **changes) -> Recognizer:
    return Recognizer(RecognizerConfig(weights=str(folder), **{"max_tokens": 5, **changes}))


def likeliest(folder: Path, wave: np.ndarray, max_tokens: int) -> list[str]:
    """The words of one window, token after token, without the library's loop."""
    model = WhisperForConditionalGeneration.from_pretrained(folder).eval()
    prepare = WhisperFeatureExtractor(chunk_length=2)
    mel = prepare(wave, sampling_rate=16_000, return_tensors="pt").input_features
    ids = [1]
    with torch.no_grad():
        for _ in range(max_tokens):
            logits = model(input_features=mel, decoder_input_ids=torch.tensor([ids])).logits
            ids.append(int(logits[0, -1].argmax()))
            if ids[-1] == 0:
                break
    return [WORDS[number - 2] for number in ids[1:] if number > 1]


def test_the_likeliest_words_are_heard(folder: Path) -> None:
    heard = recognizer(folder).transcribe(WAVES[:2])
    assert [text.split() for text in heard] == [likeliest(folder, wave, 5) for wave in WAVES[:2]]
    assert any(heard)


def test_long_audio_is_heard_in_windows(folder: Path) -> None:
    (heard,) = recognizer(folder).transcribe(WAVES[2:])
    windows = [WAVES[2][start : start + 32_000] for start in (0, 32_000, 64_000)]
    assert heard.split() == [word for window in windows for word in likeliest(folder, window, 5)]


def test_words_do_not_depend_on_what_else_is_heard(folder: Path) -> None:
    model = recognizer(folder)
    together = model.transcribe(WAVES)
    assert together == [model.transcribe([wave])[0] for wave in WAVES]


def test_without_a_tokenizer_nothing_is_heard(folder: Path, tmp_path: Path) -> None:
    for path in folder.iterdir():
        if not path.name.startswith(("tokenizer", "vocab")):
            (tmp_path / path.name).write_bytes(path.read_bytes())
    with pytest.raises(ModelError, match=r"has no tokenizer \(tokenizer.json, vocab.json\)"):
        recognizer(tmp_path)


def test_weights_that_are_nowhere_are_named() -> None:
    with pytest.raises(ModelError, match=r"recognizer\.weights: './nowhere' is neither"):
        Recognizer(RecognizerConfig(weights="./nowhere"))


def test_random_weights_have_words_of_their_own_and_an_end() -> None:
    config = RecognizerConfig(weights="random", random_size="tiny")
    first, again = (Recognizer(config).transcribe(WAVES[:1])[0] for _ in range(2))
    assert first == again
    assert len(first.split()) == 12
    assert all(word[0] == "w" and word[1:].isdecimal() for word in first.split())


def test_random_weights_decode_as_many_tokens_as_asked_of_each_waveform() -> None:
    heard = Recognizer(RecognizerConfig(weights="random", random_size="tiny"))
    texts = heard.transcribe([WAVES[0], WAVES[1]], [3, 7])
    lengths = [len(text.split()) for text in texts]
    assert lengths[1] - lengths[0] == 4
