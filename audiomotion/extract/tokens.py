"""Texts to token ids: the tokenizer beside published weights, or hashed words."""

import hashlib
import logging
import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from transformers import AutoTokenizer, CLIPTokenizer

from audiomotion.errors import ModelError
from audiomotion.pretrained.loading import damaged, quietly

logger = logging.getLogger(__name__)

_WORD: Final = re.compile(r"\w+|[^\w\s]")
_VOCABULARIES: Final = ("tokenizer.json", "vocab.json", "vocab.txt")
"""Without one of these the library would make up an empty tokenizer."""


class Tokenizer(ABC):
    """Texts to ids, a start and an end token about each text where the model has them."""

    max_tokens: int
    """Tokens of the longest text, start and end included."""

    def __call__(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the ids of each text; longer ones lose their end, which one warning counts."""
        ids = self._ids(texts, cut=False)
        num_long = sum(len(text) > self.max_tokens for text in ids)
        if not num_long:
            return ids
        logger.warning(
            "%d of %d texts have more than %d tokens: their end is cut off",
            num_long,
            len(ids),
            self.max_tokens,
        )
        return self._ids(texts, cut=True)

    @abstractmethod
    def _ids(self, texts: Sequence[str], *, cut: bool) -> list[list[int]]: ...


class PublishedTokenizer(Tokenizer):
    """The tokenizer in a folder of weights.

    Raises:
        ModelError: Its files are missing or damaged, or it has more ids than the model.
    """

    def __init__(
        self,
        kind: type[CLIPTokenizer | AutoTokenizer],
        folder: Path,
        num_ids: int,
        max_tokens: int,
        *,
        lower_case: bool = False,
    ) -> None:
        self._tokenizer = _loaded(kind, folder)
        if len(self._tokenizer) > num_ids:
            raise ModelError(
                f"{folder}: its tokenizer has {len(self._tokenizer)} tokens, its model {num_ids}; "
                "give both of the same published weights"
            )
        self.max_tokens = min(max_tokens, self._tokenizer.model_max_length)
        self._lower_case = lower_case

    def _ids(self, texts: Sequence[str], *, cut: bool) -> list[list[int]]:
        if not texts:
            return []
        written = [text.lower() if self._lower_case else text for text in texts]
        limit = {"truncation": True, "max_length": self.max_tokens} if cut else {}
        ids: list[list[int]] = self._tokenizer(written, verbose=False, **limit)["input_ids"]
        return ids


class HashedWords(Tokenizer):
    """Words and marks of lower-cased text to ids by their SHA-256: for random weights only.

    Needs no files and is the same everywhere; two words may share an id. The last two ids are the
    start and the end token; id 0, which some models read as filling, is never used.
    """

    def __init__(self, num_ids: int, max_tokens: int) -> None:
        self._num_words = num_ids - 3
        self._start, self._end = num_ids - 2, num_ids - 1
        self.max_tokens = max_tokens

    def _ids(self, texts: Sequence[str], *, cut: bool) -> list[list[int]]:
        limit = self.max_tokens - 2 if cut else None
        words = [_WORD.findall(text.lower())[:limit] for text in texts]
        return [[self._start, *map(self._id, found), self._end] for found in words]

    def _id(self, word: str) -> int:
        digest = hashlib.sha256(word.encode()).digest()
        return 1 + int.from_bytes(digest[:8], "little") % self._num_words


def _loaded(kind: type[CLIPTokenizer | AutoTokenizer], folder: Path) -> Any:
    if not any((folder / name).is_file() for name in _VOCABULARIES):
        raise ModelError(
            f"{folder} has no tokenizer ({', '.join(_VOCABULARIES)}); get its files from the same "
            "place as the weights"
        )
    try:
        with quietly():
            return kind.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception as error:  # The tokenizers library raises bare exceptions.
        raise damaged(folder, error) from error
