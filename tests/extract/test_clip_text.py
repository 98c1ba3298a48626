import json
import logging
from pathlib import Path

import huggingface_hub.constants
import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import CLIPModel, CLIPTextModel, CLIPTextModelWithProjection

from audiomotion.config.text_encoders import ClipTextConfig
from audiomotion.errors import ModelError
from audiomotion.extract.clip_text import ClipText
from tests.extract.text_folders import TEXTS, clip_model, clip_tokenizer, write_clip


@pytest.fixture(scope="module")
def model() -> CLIPModel:
    return clip_model()


@pytest.fixture
def folder(model: CLIPModel, tmp_path: Path) -> Path:
    (tmp_path / "clip").mkdir()
    write_clip(tmp_path / "clip", model)
    return tmp_path / "clip"


def alike(one: list[np.ndarray], other: list[np.ndarray]) -> bool:
    """To rounding: where a tensor starts in memory decides which products are taken first."""
    return all(np.allclose(a, b, atol=1e-6) for a, b in zip(one, other, strict=True))


def load(folder: Path, output: str = "pooled") -> ClipText:
    return ClipText(ClipTextConfig(weights=str(folder), output=output))


def tokenized(folder: Path, texts: list[str]):
    return clip_tokenizer(folder)(
        texts, padding=True, truncation=True, max_length=77, return_tensors="pt"
    )


def test_pooled_is_the_projected_embedding_not_normalised(model, folder, caplog):
    encoder = load(folder)
    with torch.no_grad():
        expected = model.get_text_features(**tokenized(folder, TEXTS)).pooler_output.numpy()
    assert encoder.feature_dim == 24
    encoded = encoder.encode(TEXTS)
    assert [rows.shape for rows in encoded] == [(1, 24)] * 5
    assert np.allclose(np.concatenate(encoded), expected, atol=1e-5)
    assert not np.allclose(np.linalg.norm(expected, axis=-1), 1, atol=0.05)
    assert "no place" not in caplog.text


def test_tokens_are_the_last_layer_from_start_to_end(model, folder):
    encoder = load(folder, "tokens")
    inputs = tokenized(folder, TEXTS)
    with torch.no_grad():
        hidden = model.text_model(**inputs).last_hidden_state.numpy()
    assert encoder.feature_dim == 32
    lengths = inputs.attention_mask.sum(1).tolist()
    for rows, expected, length in zip(encoder.encode(TEXTS), hidden, lengths, strict=True):
        assert rows.shape == (length, 32)
        assert np.allclose(rows, expected[:length], atol=1e-5)
    # start, "a", "man", "walks", end.
    assert lengths[0] == 5


def test_a_text_only_file_loads(folder):
    pooled, tokens = load(folder).encode(TEXTS), load(folder, "tokens").encode(TEXTS)
    CLIPTextModelWithProjection.from_pretrained(folder).save_pretrained(folder)
    assert json.loads((folder / "config.json").read_text())["model_type"] == "clip_text_model"
    assert alike(load(folder).encode(TEXTS), pooled)
    CLIPTextModel.from_pretrained(folder).save_pretrained(folder)
    assert alike(load(folder, "tokens").encode(TEXTS), tokens)
    with pytest.raises(ModelError, match=r"1 missing tensors \(text_projection\.weight\)"):
        load(folder)


def test_a_pickle_of_the_whole_model_loads_and_vision_is_left_behind(model, folder, caplog):
    expected = load(folder).encode(TEXTS)
    (folder / "model.safetensors").unlink()
    positions = {"text_model.embeddings.position_ids": torch.arange(77)[None]}
    torch.save({**model.state_dict(), **positions}, folder / "pytorch_model.bin")
    encoder = load(folder)
    assert alike(encoder.encode(TEXTS), expected)
    assert not any("vision" in name for name, _ in encoder._model.named_parameters())
    assert "no place" not in caplog.text


def test_long_texts_lose_their_end_with_one_warning(model, folder, caplog):
    texts = ["turn " * 100, "a man walks", "wave and jump " * 50]
    with caplog.at_level(logging.WARNING):
        encoded = load(folder, "tokens").encode(texts)
    assert [len(rows) for rows in encoded] == [77, 5, 77]
    (record,) = (r for r in caplog.records if r.name.startswith("audiomotion"))
    assert "2 of 3 texts have more than 77 tokens" in record.getMessage()
    with torch.no_grad():
        features = model.get_text_features(**tokenized(folder, texts)).pooler_output.numpy()
    assert np.allclose(np.concatenate(load(folder).encode(texts)), features, atol=1e-5)


def test_missing_and_misshapen_tensors_are_named(folder):
    state = load_file(folder / "model.safetensors")
    del state["text_model.final_layer_norm.bias"]
    state["text_projection.weight"] = torch.zeros(3, 3)
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError) as error:
        load(folder)
    assert "1 missing tensors (text_model.final_layer_norm.bias)" in str(error.value)
    assert "1 tensors of another shape (text_projection.weight)" in str(error.value)


def test_a_folder_without_tokenizer_is_refused(folder):
    for name in ("tokenizer.json", "vocab.json"):
        (folder / name).unlink()
    with pytest.raises(ModelError, match=r"has no tokenizer \(tokenizer\.json, vocab\.json"):
        load(folder)


@pytest.mark.parametrize("text", ["", "{", "[1]"])
def test_a_damaged_tokenizer(folder, text):
    (folder / "tokenizer.json").write_text(text)
    with pytest.raises(ModelError, match="cannot be read"):
        load(folder)


def test_the_vocabulary_alone_is_a_tokenizer(folder):
    """Older files on the hub have no tokenizer.json."""
    expected = load(folder).encode(TEXTS)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).unlink()
    assert alike(load(folder).encode(TEXTS), expected)


def test_a_tokenizer_of_another_model_is_refused(folder):
    vocabulary = {f"w{place}": place for place in range(700)}
    (folder / "tokenizer.json").unlink()
    ends = {"<|startoftext|>": 700, "<|endoftext|>": 701}
    (folder / "vocab.json").write_text(json.dumps({**vocabulary, **ends}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    with pytest.raises(ModelError, match="tokenizer has 702 tokens, its model 600"):
        load(folder)


def test_another_model_type_is_refused(folder):
    described = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**described, "model_type": "siglip"}))
    with pytest.raises(ModelError, match="'siglip'; needed is 'clip_text_model' or 'clip'"):
        load(folder)


def test_an_unreachable_hub_says_how_to_give_a_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ModelError, match=r"text_encoder\.weights: 'somebody/clip' .*give the fol"):
        load(Path("somebody/clip"))


def test_base_has_the_published_size():
    config = ClipTextConfig(weights="random", random_size="base")
    encoder = ClipText(config)
    assert config.weights_label == "random (base)"
    assert encoder.feature_dim == 512
    # 63.4 million of ViT-B/32's 151 million.
    count = sum(p.numel() for p in encoder._model.parameters())
    assert count == pytest.approx(63.4e6, rel=0.005)
