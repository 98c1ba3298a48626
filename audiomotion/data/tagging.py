"""Parts of speech for captions that come without them: a lexicon, suffixes and neighbouring words.

The published text files carry tags of spaCy. Ours follow their conventions so that both kinds share
one vocabulary: hyphens vanish, clitics are dropped, nouns and verbs are given by their base form,
possessives are DET.
"""

import re

from audiomotion.data.lexicon import (
    ADJECTIVE_SUFFIXES,
    CLOSED_CLASSES,
    IRREGULAR_NOUNS,
    IRREGULAR_VERBS,
    NOUNS_IN_ING,
    NOUNS_IN_LY,
    VERBS,
)
from audiomotion.errors import DataError

_TAG_OF = {word: tag for tag, words in CLOSED_CLASSES.items() for word in words}
_VERB_ENDINGS = (
    ("ies", "y"), ("es", ""), ("s", ""), ("ied", "y"), ("ed", ""), ("ed", "e"), ("ing", ""),
    ("ing", "e"),
)  # fmt: skip

_NEGATIONS = (("can't", "can not"), ("won't", "will not"), ("n't", " not"))
_CLITIC = re.compile(r"'(?:s|ll|d|re|ve|m)\b")
_WORD = re.compile(r"\d+(?:[.,]\d+)?(?:st|nd|rd|th)?|[^\W\d_]+")


def tokenize(text: str) -> list[str]:
    """Split `text` into lower-case words and numbers.

    As in the published text files hyphens vanish ("counter-clockwise" is one word) and clitics are
    dropped ("person's", "I'll"). Deviation: "n't" becomes "not", and numbers in digits are kept.
    """
    text = text.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").replace("-", "")
    for contraction, words in _NEGATIONS:
        text = text.replace(contraction, words)
    return _WORD.findall(_CLITIC.sub("", text))


def tag_caption(text: str) -> tuple[str, ...]:
    """Return "word/POS" for each word of `text`, nouns and verbs by their base form.

    Raises:
        DataError: The caption has no words.
    """
    words = tokenize(text)
    if not words:
        raise DataError(
            f"The caption {text!r} has no words; a caption needs at least one. Fix or remove it."
        )
    tags: list[str] = []
    for i in range(len(words)):
        tags.append(_tag(words, i, tags[-1] if tags else ""))
    return tuple(f"{_base_form(word, tag)}/{tag}" for word, tag in zip(words, tags, strict=True))


def _tag(words: list[str], i: int, previous: str) -> str:
    word, following = words[i], words[i + 1] if i + 1 < len(words) else ""
    if word[0].isdigit():
        return "NUM"
    if word == "to":
        return "PART" if following in VERBS or following == "be" else "ADP"
    if word in ("left", "right", "back"):
        return _direction_tag(word, following, previous)
    if word == "like" and previous in ("PRON", "AUX"):
        return "VERB"
    if word in _TAG_OF and not (word in VERBS and previous in ("", "PART", "CCONJ", "PRON")):
        return _TAG_OF[word]
    return _open_class_tag(word, following, previous)


def _direction_tag(word: str, following: str, previous: str) -> str:
    """Tag "left", "right" and "back": "the left leg", "on his left", "turn left"."""
    if word != "back" and following and following not in _TAG_OF and _verb_base(following) is None:
        return "ADJ"
    return "NOUN" if previous in ("DET", "ADJ") else "ADV"


def _open_class_tag(word: str, following: str, previous: str) -> str:
    if _is_verb_form(word):
        return "NOUN" if _is_noun_here(word, following, previous) else "VERB"
    if word.endswith("ly") and word not in NOUNS_IN_LY:
        return "ADV"
    return "ADJ" if word.endswith(ADJECTIVE_SUFFIXES) and len(word) > 5 else "NOUN"


def _is_verb_form(word: str) -> bool:
    if _verb_base(word) is not None:
        return True
    return len(word) > 4 and word.endswith(("ing", "ed")) and word not in NOUNS_IN_ING


def _is_noun_here(word: str, following: str, previous: str) -> bool:
    """Decide for a verb's form that can be a noun: "a step", "two jumps", "in place"."""
    if word.endswith("ing"):
        return previous == "DET" and (not following or following in _TAG_OF)
    if word.endswith("ed") or word in IRREGULAR_VERBS:
        return False
    if previous in ("DET", "ADJ", "NUM", "ADP"):
        return True
    return previous in ("VERB", "AUX") and word not in VERBS


def _base_form(word: str, tag: str) -> str:
    # The published files leave "left" alone, which would otherwise become "leave".
    if word == "left":
        return word
    if tag == "VERB":
        return _verb_base(word) or _guess_verb_base(word)
    return _noun_base(word) if tag == "NOUN" else word


def _verb_base(word: str) -> str | None:
    """Return the known verb of which `word` is a form, or None."""
    if word in VERBS:
        return word
    if word in IRREGULAR_VERBS:
        return IRREGULAR_VERBS[word]
    for suffix, ending in _VERB_ENDINGS:
        if word.endswith(suffix):
            stem = word.removesuffix(suffix) + ending
            if stem in VERBS:
                return stem
            if not ending and stem[-2:-1] == stem[-1:] and stem[:-1] in VERBS:
                return stem[:-1]
    return None


def _guess_verb_base(word: str) -> str:
    """Strip -ing or -ed of a verb outside the lexicon; wrong now and then, but always the same."""
    stem = word.removesuffix("ing").removesuffix("ed")
    if len(stem) > 2 and stem[-1] == stem[-2] and stem[-1] not in "lsz":
        return stem[:-1]
    return stem + "e" if re.search(r"(?:[vcu]|[^aeiou]l|[aeiou]z|[^aeiou]at)$", stem) else stem


def _noun_base(word: str) -> str:
    if word in IRREGULAR_NOUNS:
        return IRREGULAR_NOUNS[word]
    if len(word) < 4 or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "sses", "xes", "zes")):
        return word[:-2]
    return word.removesuffix("s")
