"""The contract of every text encoder, and what all of them share."""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import torch
from torch import Tensor

from audiomotion.config.schema import load_implementation
from audiomotion.config.text_encoders import TextEncoderSchema
from audiomotion.errors import DataError, ModelError
from audiomotion.extract.base import equal_length_batches
from audiomotion.extract.inference import exact_inference

_SURROGATE: Final = re.compile("[\ud800-\udfff]")
"""Half a character: no tokenizer takes it."""

_BATCH_TOKENS: Final = 4096
"""Tokens that share a batch."""


class TextEncoder(ABC):
    """A frozen encoder: a text to condition features `(L, F)`.

    Features are float32 and finite. A text's features are the same (to 1e-4) whatever other texts
    come in the same call.
    """

    feature_dim: int
    """Feature width F."""

    @abstractmethod
    def encode(self, texts: Sequence[str]) -> list[np.ndarray]:
        """Return the features of each text: `(1, F)` pooled, or `(L, F)`, one row a token.

        Raises:
            DataError: A text is no string of characters, or has nothing but white space.
        """


def build_text_encoder(config: TextEncoderSchema, device: str = "cpu") -> TextEncoder:
    """Build the text encoder that `config` names, with its weights on `device`.

    Raises:
        ModelError: The weights cannot be loaded.
    """
    encoder = load_implementation(config)(config, device)
    if not isinstance(encoder, TextEncoder):
        raise ModelError(
            f"text encoder {config.name!r}: {config.implementation} is no TextEncoder; "
            "derive it from audiomotion.extract.text.TextEncoder"
        )
    return encoder


def checked_texts(texts: Sequence[str]) -> list[str]:
    """Return the texts.

    Raises:
        DataError: As `TextEncoder.encode`; the message has the text's place in the call.
    """
    for place, text in enumerate(texts):
        if not isinstance(text, str) or not text.strip() or _SURROGATE.search(text):
            raise DataError(f"text {place} is {text!r}; give at least one word, read as UTF-8")
    return list(texts)


def encode_alike(
    ids: list[list[int]], encode: Callable[[Tensor], Tensor], device: str
) -> list[np.ndarray]:
    """Return what `encode` makes of each text's token ids, `(L, F)` of `(L_i,)`.

    Texts of as many tokens go through together, so that nothing is ever filled up and no mask can
    let a batch shine through.

    Args:
        ids: Token ids of each text.
        encode: Maps ids `(B, L)` to `(B, L, F)` or `(B, 1, F)`.
        device: Where `encode` computes.
    """
    features: list[np.ndarray] = [np.empty(0)] * len(ids)
    with exact_inference():
        for batch in equal_length_batches([len(text) for text in ids], _BATCH_TOKENS):
            stacked = torch.tensor([ids[place] for place in batch], device=device)
            encoded = encode(stacked).cpu().numpy()
            for place, rows in zip(batch, encoded, strict=True):
                features[place] = rows.copy()
    return features
