"""Sentence embeddings in the layout of sentence-transformers, read without that library."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from torch import Tensor
from torch.nn import functional
from transformers import (
    MODEL_MAPPING,
    AutoConfig,
    AutoTokenizer,
    BertConfig,
    BertModel,
    PreTrainedModel,
)

from audiomotion.config.text_encoders import SentenceConfig
from audiomotion.errors import ModelError
from audiomotion.extract.inference import frozen, seeded
from audiomotion.extract.text import TextEncoder, checked_texts, encode_alike
from audiomotion.extract.tokens import HashedWords, PublishedTokenizer, Tokenizer
from audiomotion.pretrained.hub import TEXT_FILES, weights_folder
from audiomotion.pretrained.loading import (
    UNREADABLE,
    damaged,
    json_content,
    json_object,
    load_pretrained,
)

_POOLINGS: Final = {"cls": "the first token's row", "mean": "the mean of all rows"}
_UNUSED_LAYERS: Final = frozenset({"pooler.dense.weight", "pooler.dense.bias"})
"""A second pooling of BERT's, which sentence embeddings do not read."""

_POSITION_COUNTS: Final = ("embeddings.position_ids",)
_MODULES: Final = ("Transformer", "Pooling", "Normalize")


class Sentence(TextEncoder):
    """Embeddings of a sentence-transformers model: one row a text, or one a token.

    `pooled`: the first token's row or the mean of all, as `1_Pooling/config.json` says, of length 1
    where `modules.json` has a Normalize module. `tokens`: the last layer, one row for each token,
    the start and the end token included ([CLS] and [SEP] of BERT).

    A longer text than `sentence_bert_config.json` (or else the model) allows loses its end, with a
    warning. No prompt is put in front. Random weights read hashed words, pool by the mean and
    normalise.
    """

    def __init__(self, config: SentenceConfig, device: str = "cpu") -> None:
        self._pools = config.output == "pooled"
        self._pooling, self._normalises = "mean", True
        if config.weights == "random":
            model, self._tokenizer = _random(config)
        else:
            folder = weights_folder(config, "text_encoder", TEXT_FILES)
            if self._pools:
                self._pooling, self._normalises = _modules(folder)
            model, self._tokenizer = _published(folder)
        self._model = frozen(model, device)
        self._device = device
        self.feature_dim = model.config.hidden_size

    def encode(self, texts: Sequence[str]) -> list[np.ndarray]:
        """Return `(1, F)` pooled, or `(L, F)` of L tokens, of each text."""
        return encode_alike(self._tokenizer(checked_texts(texts)), self._encode, self._device)

    def _encode(self, ids: Tensor) -> Tensor:
        hidden: Tensor = self._model(input_ids=ids).last_hidden_state
        if not self._pools:
            return hidden
        pooled = hidden[:, :1] if self._pooling == "cls" else hidden.mean(dim=1, keepdim=True)
        return functional.normalize(pooled, dim=-1) if self._normalises else pooled


def _random(config: SentenceConfig) -> tuple[PreTrainedModel, Tokenizer]:
    architecture = _tiny() if config.random_size == "tiny" else _mini_lm()
    with seeded(config.random_seed):
        model = BertModel(architecture, add_pooling_layer=False)
    return model, HashedWords(architecture.vocab_size, architecture.max_position_embeddings)


def _tiny() -> BertConfig:
    return BertConfig(
        vocab_size=2048,
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=128,
        max_position_embeddings=256,
    )


def _mini_lm() -> BertConfig:
    """Return the size of all-MiniLM-L6-v2."""
    return BertConfig(
        hidden_size=384, num_hidden_layers=6, num_attention_heads=12, intermediate_size=1536
    )


def _published(folder: Path) -> tuple[PreTrainedModel, Tokenizer]:
    model = load_pretrained(
        _model_class(folder), folder, optional=_UNUSED_LAYERS, unused=_POSITION_COUNTS
    )
    path = folder / "sentence_bert_config.json"
    stated = json_object(path) if path.is_file() else {}
    positions = model.config.max_position_embeddings
    tokenizer = PublishedTokenizer(
        AutoTokenizer,
        folder,
        model.config.vocab_size,
        min(positions, stated.get("max_seq_length") or positions),
        lower_case=bool(stated.get("do_lower_case")),
    )
    return model, tokenizer


def _model_class(folder: Path) -> type[PreTrainedModel]:
    """Return the library's class for the folder's model; code in the folder is never run."""
    path = folder / "config.json"
    described = json_object(path)
    if described.get("auto_map"):
        raise ModelError(
            f"{path} wants code of its own to be run (auto_map), which is never done; give a model "
            "that transformers has a class for"
        )
    try:
        architecture = AutoConfig.from_pretrained(folder, local_files_only=True)
        model_class: Any = MODEL_MAPPING[type(architecture)]
    except UNREADABLE as error:
        raise damaged(path, error) from error
    if architecture.is_encoder_decoder or not hasattr(architecture, "max_position_embeddings"):
        raise ModelError(
            f"{path} describes a model of type {described.get('model_type')!r}; give an encoder "
            "with learned positions, such as BERT, MPNet or XLM-RoBERTa"
        )
    checked: type[PreTrainedModel] = model_class
    return checked


def _modules(folder: Path) -> tuple[str, bool]:
    """Return how the rows are pooled, and whether the result is normalised."""
    path = folder / "modules.json"
    try:
        modules = [
            (module["type"].rpartition(".")[2], str(module["path"]))
            for module in json_content(path)
        ]
    except UNREADABLE as error:
        raise damaged(path, error) from error
    kinds = [kind for kind, _ in modules]
    if kinds not in ([*_MODULES], [*_MODULES[:2]]):
        raise ModelError(
            f"{path} has the modules {', '.join(kinds)}; this encoder takes Transformer, Pooling "
            "and, where wanted, Normalize; give such a model, or choose output: tokens"
        )
    if modules[0][1]:
        raise ModelError(
            f"{path}: the Transformer lies in {modules[0][1]!r}; move its files beside modules.json"
        )
    return _pooling(folder / modules[1][1] / "config.json"), kinds[-1] == "Normalize"


def _pooling(path: Path) -> str:
    stated = json_object(path)
    # Older files have a yes or no for each mode, newer ones may name one.
    modes = [key for key, value in stated.items() if key.startswith("pooling_mode_") and value]
    modes = [key.removeprefix("pooling_mode_").removesuffix("_tokens") for key in modes]
    modes = [mode.removesuffix("_token") for mode in modes]
    if "pooling_mode" in stated:
        modes = [str(stated["pooling_mode"])]
    if len(modes) != 1 or modes[0] not in _POOLINGS:
        known = ", ".join(f"{mode} ({meaning})" for mode, meaning in _POOLINGS.items())
        raise ModelError(
            f"{path} pools by {' and '.join(modes) or 'nothing'}; this encoder knows {known}; "
            "give such a model, or choose output: tokens"
        )
    return modes[0]
