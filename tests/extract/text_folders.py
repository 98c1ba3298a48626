"""Folders of text weights as published, small and random, with real tokenizers."""

import json
from pathlib import Path

import torch
from transformers import (
    BertConfig,
    BertModel,
    BertTokenizer,
    CLIPConfig,
    CLIPModel,
    CLIPTextConfig,
    CLIPTokenizer,
    CLIPVisionConfig,
)

TEXTS = [
    "a man walks",
    "a person walks in a circle, then waves.",
    "wave",
    "a man walks",
    "jump and turn, turn, turn",
]


def clip_model() -> CLIPModel:
    """A whole CLIP, text and vision, whose end token is named as in the published file (2)."""
    text = CLIPTextConfig(
        vocab_size=600,
        hidden_size=32,
        intermediate_size=64,
        projection_dim=24,
        num_hidden_layers=2,
        num_attention_heads=2,
        eos_token_id=2,
    )
    vision = CLIPVisionConfig(
        hidden_size=32,
        intermediate_size=64,
        projection_dim=24,
        num_hidden_layers=1,
        num_attention_heads=2,
        image_size=32,
        patch_size=16,
    )
    torch.manual_seed(5)
    config = CLIPConfig(
        text_config=text.to_dict(), vision_config=vision.to_dict(), projection_dim=24
    )
    return CLIPModel(config).eval()


def write_clip_vocabulary(folder: Path) -> None:
    """Write vocab.json and merges.txt: letters, their ends of words, a few merges, start, end."""
    letters = [*"abcdefghijklmnopqrstuvwxyz,.!?0123456789"]
    merges = ["w a", "wa l", "wal k", "walk s</w>", "m a", "ma n</w>"]
    merged = [merge.replace(" ", "") for merge in merges]
    tokens = [*letters, *(f"{letter}</w>" for letter in letters), *merged]
    vocabulary = [*tokens, "<|startoftext|>", "<|endoftext|>"]
    places = {token: place for place, token in enumerate(vocabulary)}
    (folder / "vocab.json").write_text(json.dumps(places))
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merges]) + "\n")


def clip_tokenizer(folder: Path) -> CLIPTokenizer:
    """The library's tokenizer of what `write_clip_vocabulary` wrote."""
    return CLIPTokenizer.from_pretrained(folder, model_max_length=77)


def write_clip(folder: Path, model: CLIPModel) -> None:
    """Write weights and tokenizer as the hub has them."""
    model.save_pretrained(folder)
    write_clip_vocabulary(folder)
    clip_tokenizer(folder).save_pretrained(folder)
    write_clip_vocabulary(folder)


def bert_model(**changes) -> BertModel:
    torch.manual_seed(6)
    sizes = {
        "vocab_size": 60,
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "max_position_embeddings": 40,
    }
    return BertModel(BertConfig(**{**sizes, **changes})).eval()


def bert_tokenizer(folder: Path) -> BertTokenizer:
    """Write vocab.txt and return the library's tokenizer of it."""
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "man", "person", "walk", "##s"]
    words += ["in", "circle", "then", "wave", "jump", "and", "turn", ",", "."]
    (folder / "vocab.txt").write_text("\n".join(words) + "\n")
    return BertTokenizer.from_pretrained(folder, model_max_length=32)


def write_sentence(folder: Path, model: BertModel, pooling: str = "mean", **stated) -> None:
    """Write a model in the layout of sentence-transformers, Normalize last."""
    model.save_pretrained(folder)
    bert_tokenizer(folder).save_pretrained(folder)
    kinds = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")]
    modules = [
        {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for i, (path, kind) in enumerate(kinds)
    ]
    (folder / "modules.json").write_text(json.dumps(modules))
    modes = ("cls_token", "mean_tokens", "max_tokens", "mean_sqrt_len_tokens")
    chosen = {f"pooling_mode_{mode}": mode.startswith(f"{pooling}_t") for mode in modes}
    (folder / "1_Pooling").mkdir(exist_ok=True)
    described = {"word_embedding_dimension": 32, **chosen}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(described))
    if stated:
        (folder / "sentence_bert_config.json").write_text(json.dumps(stated))
