import json
import logging
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import BertModel

from audiomotion.config.text_encoders import SentenceConfig
from audiomotion.errors import ModelError
from audiomotion.extract.sentence import Sentence
from tests.extract.text_folders import TEXTS, bert_model, bert_tokenizer, write_sentence


@pytest.fixture(scope="module")
def model() -> BertModel:
    return bert_model()


@pytest.fixture
def folder(model: BertModel, tmp_path: Path) -> Path:
    (tmp_path / "sentence").mkdir()
    write_sentence(tmp_path / "sentence", model)
    return tmp_path / "sentence"


def alike(one: list[np.ndarray], other: list[np.ndarray]) -> bool:
    """To rounding: where a tensor starts in memory decides which products are taken first."""
    return all(np.allclose(a, b, atol=1e-6) for a, b in zip(one, other, strict=True))


def load(folder: Path, output: str = "pooled") -> Sentence:
    return Sentence(SentenceConfig(weights=str(folder), output=output))


def hidden_states(model, folder, texts=TEXTS) -> list[torch.Tensor]:
    """The last layer of a padded, masked batch, cut to each text."""
    inputs = bert_tokenizer(folder)(texts, padding=True, return_tensors="pt")
    with torch.no_grad():
        hidden = model(**inputs).last_hidden_state
    return [rows[mask.bool()] for rows, mask in zip(hidden, inputs["attention_mask"], strict=True)]


def without_normalize(folder: Path) -> None:
    modules = json.loads((folder / "modules.json").read_text())
    (folder / "modules.json").write_text(json.dumps(modules[:2]))


def changed(path: Path, **values) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


@pytest.mark.parametrize("normalises", [True, False])
@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_the_folder_decides_pooling_and_normalisation(model, folder, pooling, normalises, caplog):
    write_sentence(folder, model, pooling)
    if not normalises:
        without_normalize(folder)
    rows = hidden_states(model, folder)
    pooled = [text[0] if pooling == "cls" else text.mean(0) for text in rows]
    expected = np.stack([(p / p.norm() if normalises else p).numpy() for p in pooled])
    encoder = load(folder)
    encoded = encoder.encode(TEXTS)
    assert encoder.feature_dim == 32
    assert [text.shape for text in encoded] == [(1, 32)] * 5
    assert np.allclose(np.concatenate(encoded), expected, atol=1e-5)
    assert "no place" not in caplog.text


def test_tokens_are_the_last_layer_with_both_ends(model, folder):
    expected = hidden_states(model, folder)
    encoded = load(folder, "tokens").encode(TEXTS)
    # [CLS] a man walk ##s [SEP]
    assert len(encoded[0]) == 6
    for rows, text in zip(encoded, expected, strict=True):
        assert np.allclose(rows, text.numpy(), atol=1e-5)


def test_padding_written_into_the_tokenizer_is_not_used(model, folder):
    """all-MiniLM-L6-v2's tokenizer.json fills up to 128 tokens."""
    expected = load(folder).encode(TEXTS)
    padding = {
        "strategy": {"Fixed": 20},
        "direction": "Right",
        "pad_to_multiple_of": None,
        "pad_id": 0,
        "pad_type_id": 0,
        "pad_token": "[PAD]",
    }
    cut = {"direction": "Right", "max_length": 4, "strategy": "LongestFirst", "stride": 0}
    changed(folder / "tokenizer.json", padding=padding, truncation=cut)
    assert alike(load(folder).encode(TEXTS), expected)


@pytest.mark.parametrize(("stated", "limit"), [({"max_seq_length": 8}, 8), ({}, 32)])
def test_long_texts_lose_their_end_with_one_warning(model, folder, caplog, stated, limit):
    write_sentence(folder, model, **stated)
    with caplog.at_level(logging.WARNING):
        encoded = load(folder, "tokens").encode(["a man", "turn " * 50, "wave"])
    assert [len(rows) for rows in encoded] == [4, limit, 3]
    assert f"1 of 3 texts have more than {limit} tokens" in caplog.text
    kept = hidden_states(model, folder, ["turn " * (limit - 2)])[0]
    assert np.allclose(encoded[1], kept.numpy(), atol=1e-5)


def test_lower_case_where_the_folder_says_so(model, folder):
    changed(folder / "tokenizer_config.json", do_lower_case=False)
    path = folder / "tokenizer.json"
    changed(path, normalizer={**json.loads(path.read_text())["normalizer"], "lowercase": False})
    assert not np.allclose(*load(folder).encode(["A MAN walks", "a man walks"]), atol=1e-3)
    (folder / "sentence_bert_config.json").write_text('{"do_lower_case": true}')
    assert np.allclose(*load(folder).encode(["A MAN walks", "a man walks"]), atol=1e-6)


@pytest.mark.parametrize(
    ("modes", "named"),
    [
        ({"pooling_mode_max_tokens": True, "pooling_mode_mean_tokens": False}, "pools by max;"),
        ({"pooling_mode_lasttoken": True}, "pools by mean and lasttoken;"),
        ({"pooling_mode_mean_tokens": False}, "pools by nothing;"),
        ({"pooling_mode": "weightedmean"}, "pools by weightedmean;"),
    ],
)
def test_other_poolings_are_refused_by_name(folder, modes, named):
    changed(folder / "1_Pooling" / "config.json", **modes)
    with pytest.raises(ModelError, match=named):
        load(folder)
    assert load(folder, "tokens").feature_dim == 32


def test_a_pooling_named_by_one_word(model, folder):
    expected = load(folder).encode(TEXTS)
    (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode": "mean"}')
    assert alike(load(folder).encode(TEXTS), expected)


def test_other_modules_are_refused_by_name(folder):
    modules = json.loads((folder / "modules.json").read_text())
    dense = {**modules[2], "type": "sentence_transformers.models.Dense"}
    (folder / "modules.json").write_text(json.dumps([*modules[:2], dense]))
    with pytest.raises(ModelError, match="modules Transformer, Pooling, Dense"):
        load(folder)


@pytest.mark.parametrize("name", ["modules.json", "1_Pooling/config.json"])
@pytest.mark.parametrize("text", [None, "", "{", "3"])
def test_missing_or_damaged_descriptions(folder, name, text):
    if text is None:
        (folder / name).unlink()
    else:
        (folder / name).write_text(text)
    with pytest.raises(ModelError, match=r"is missing; get it|cannot be read"):
        load(folder)


def test_code_of_the_folder_is_never_run(folder, tmp_path):
    (folder / "own.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass Own: pass\n")
    auto = {"AutoConfig": "own.Own", "AutoModel": "own.Own", "AutoTokenizer": ["own.Own", None]}
    changed(folder / "tokenizer_config.json", auto_map=auto)
    load(folder)
    for name in ("bert", "own"):
        changed(folder / "config.json", auto_map=auto, model_type=name)
        with pytest.raises(ModelError, match="auto_map"):
            load(folder)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("described", "message"),
    [
        ({"model_type": "no-such-model"}, "cannot be read"),
        ({"model_type": "t5"}, "'t5'; give an encoder"),
        ({"model_type": "clip"}, "'clip'; give an encoder"),
    ],
)
def test_other_architectures_are_refused(folder, described, message):
    (folder / "config.json").write_text(json.dumps(described))
    with pytest.raises(ModelError, match=message):
        load(folder)


def test_missing_tensors_are_named_but_the_unused_pooling_may_be(model, folder):
    expected = load(folder).encode(TEXTS)
    state = load_file(folder / "model.safetensors")
    kept = {key: tensor for key, tensor in state.items() if not key.startswith("pooler.")}
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})
    assert alike(load(folder).encode(TEXTS), expected)
    del kept["embeddings.LayerNorm.bias"]
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"1 missing tensors \(embeddings\.LayerNorm\.bias\)"):
        load(folder)


def test_base_has_the_published_size():
    encoder = Sentence(SentenceConfig(weights="random", random_size="base"))
    assert encoder.feature_dim == 384
    # 22.7 million with the pooling that is not read (148 thousand).
    count = sum(p.numel() for p in encoder._model.parameters())
    assert count == pytest.approx(22.57e6, rel=0.005)
