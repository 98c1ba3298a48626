"""Captions as the evaluator reads them: word ids, the 15 published word classes, sos and eos."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from audiomotion.data.tagging import tag_caption, tokenize
from audiomotion.errors import DataError

__all__ = [
    "MAX_TOKENS", "NUM_POS_CLASSES", "POS_CLASSES", "EncodedCaption", "Vocabulary", "encode",
    "out_of_vocabulary_share", "pos_class", "split_tag", "tag_caption", "tokenize",
]  # fmt: skip

MAX_TOKENS = 20
"""Words of a caption that are read; sos and eos come on top."""

VOCABULARY_FILE = "vocabulary.json"
"""Where a part that knows words keeps which."""

UNK, SOS, EOS = "unk", "sos", "eos"

POS_CLASSES = (
    "VERB", "NOUN", "DET", "ADP", "NUM", "AUX", "PRON", "ADJ", "ADV",
    "Loc_VIP", "Body_VIP", "Obj_VIP", "Act_VIP", "Desc_VIP", "OTHER",
)  # fmt: skip
NUM_POS_CLASSES = len(POS_CLASSES)
_CLASS_INDEX = {name: index for index, name in enumerate(POS_CLASSES)}
_OTHER = _CLASS_INDEX["OTHER"]

# Words that matter for motion have a class of their own, whatever their part of speech. The lists
# are those that the released evaluator was trained with.
_VIP_WORDS = {
    "Loc_VIP": "left right clockwise counterclockwise anticlockwise forward back backward up down "
    "straight curve",
    "Body_VIP": "arm chin foot feet face hand mouth leg waist eye knee shoulder thigh",
    "Obj_VIP": "stair dumbbell chair window floor car ball handrail baseball basketball",
    "Act_VIP": "walk run swing pick bring kick put squat throw hop dance jump turn stumble stop "
    "sit lift lower raise wash stand kneel stroll rub bend balance flap jog shuffle lean rotate "
    "spin spread climb",
    "Desc_VIP": "slowly carefully fast careful slow quickly happy angry sad happily angrily sadly",
}
_VIP_CLASS = {
    word: _CLASS_INDEX[name] for name, words in _VIP_WORDS.items() for word in words.split()
}


def pos_class(word: str, pos: str) -> int:
    """Return the published class, 0..14, of `word` with universal part of speech `pos`."""
    return _VIP_CLASS.get(word, _CLASS_INDEX.get(pos, _OTHER))


def split_tag(tag: str) -> tuple[str, str]:
    """Split "word/POS" into the lower-case word and its part of speech.

    Raises:
        DataError: `tag` is not of that form.
    """
    word, slash, pos = tag.rpartition("/")
    if not (word and slash and pos):
        raise DataError(
            f"The tagged word {tag!r} is not of the form word/POS, such as walk/VERB; "
            "fix the text file."
        )
    return word.lower(), pos


class Vocabulary:
    """Words that have a vector, each by its position; every other word is `unk`."""

    def __init__(self, words: Sequence[str]) -> None:
        missing = [word for word in (UNK, SOS, EOS) if word not in words]
        if missing:
            raise DataError(
                f"The vocabulary lacks {', '.join(missing)}; it needs unk, sos and eos besides the "
                "words of the captions."
            )
        self.words = tuple(words)
        self._index = {word: index for index, word in enumerate(self.words)}

    @classmethod
    def build(cls, captions: Iterable[Sequence[str]]) -> "Vocabulary":
        """Collect the words of tagged captions, in alphabetical order behind unk, sos and eos."""
        found = {split_tag(tag)[0] for tags in captions for tag in tags}
        return cls([UNK, SOS, EOS, *sorted(found - {UNK, SOS, EOS})])

    @classmethod
    def load(cls, path: Path) -> "Vocabulary":
        """Read what `save` wrote."""
        return cls(json.loads(path.read_text(encoding="utf-8"))["words"])

    def save(self, path: Path) -> None:
        """Write the words as JSON."""
        path.write_text(json.dumps({"words": self.words}, ensure_ascii=False), encoding="utf-8")

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: str) -> bool:
        return word in self._index

    def index(self, word: str) -> int:
        """Return the id of `word`, or that of unk."""
        return self._index.get(word, self._index[UNK])


@dataclass(frozen=True)
class EncodedCaption:
    """One caption with sos and eos, padded to `MAX_TOKENS` + 2 = T words."""

    word_ids: np.ndarray
    """Ids `(T,)` int64 into the vocabulary, unk in the padding."""

    pos_classes: np.ndarray
    """Classes `(T,)` int64, 0..14, OTHER in the padding."""

    length: int
    """Words that count, sos and eos included."""


def encode(tags: Sequence[str], vocabulary: Vocabulary) -> EncodedCaption:
    """Encode a tagged caption by the published rules.

    The first 20 words are read; a word outside the vocabulary is unk of class OTHER.

    Raises:
        DataError: The caption has no words.
    """
    if not tags:
        raise DataError(
            "A caption has no tagged words; a caption needs at least one. Fix or remove it."
        )
    known = [
        (word, pos) if word in vocabulary else (UNK, "OTHER")
        for word, pos in map(split_tag, tags[:MAX_TOKENS])
    ]
    words = [(SOS, "OTHER"), *known, (EOS, "OTHER")]
    padded = words + [(UNK, "OTHER")] * (MAX_TOKENS + 2 - len(words))
    return EncodedCaption(
        np.array([vocabulary.index(word) for word, _ in padded], np.int64),
        np.array([pos_class(word, pos) for word, pos in padded], np.int64),
        len(words),
    )


def out_of_vocabulary_share(captions: Iterable[Sequence[str]], vocabulary: Vocabulary) -> float:
    """Return the share, 0..1, of the words of tagged captions that `vocabulary` has no vector for.

    Counted are the words that are read, the first 20 of a caption; of no words the share is 0.
    """
    words = [split_tag(tag)[0] for tags in captions for tag in tags[:MAX_TOKENS]]
    unknown = sum(word not in vocabulary for word in words)
    return unknown / max(1, len(words))
