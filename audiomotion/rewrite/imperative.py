"""From "a person walks and waves their hand" to "walk and wave your hand"."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from audiomotion.data.lexicon import CLOSED_CLASSES, IRREGULAR_VERBS
from audiomotion.rewrite.vocabulary import (
    ADVERBS,
    ARTICLES,
    BE,
    JOINTS,
    KNOWN,
    LEFT_OUT,
    NOT_AFTER,
    NOT_VERBS_AFTER,
    PARTS,
    PERSON,
    POSSESSIVES,
    QUALIFIERS,
    SUBORDINATORS,
    YOURSELF,
    base_form,
)

_TOKEN: Final = re.compile(r"[\w'/-]+|[^\w\s]")


class NotUnderstoodError(Exception):
    """The rules find nobody in a sentence who does something."""


def _is_finite(word: str) -> bool:
    """Whether a verb's form says "he does" or "he did": "walks", "walked", "ran"."""
    base = base_form(word)
    return base is not None and word != base and not word.endswith("ing")


@dataclass
class _Sentence:
    """Reads a caption's words from left to right and collects what is said instead."""

    words: Sequence[str]
    said: list[str] = field(default_factory=list)
    at: int = 0
    is_progressive: bool = False
    """Whether the verb was "is walking": then "and waving" is one of its verbs too."""
    has_you: bool = False
    """Whether the clause has its own subject: "while you wave"."""

    def peek(self, ahead: int = 0) -> str:
        place = self.at + ahead
        return self.words[place] if place < len(self.words) else ""


def imperative(sentence: str) -> tuple[str, str]:
    """Return what stands before the verb ("with a bent back", mostly nothing), and the request.

    Args:
        sentence: One sentence in the third person, or without a subject.

    Raises:
        NotUnderstoodError: There is no subject that acts, or no verb that the lexicon knows.
    """
    reader = _Sentence([word for word in _TOKEN.findall(sentence.lower())])
    setting = _skip_subject(reader)
    _say_first_verb(reader)
    while reader.at < len(reader.words):
        _say_next(reader)
    return _spaced(_addressed(setting)), _spaced(reader.said)


def _skip_subject(reader: _Sentence) -> list[str]:
    """Go to the first verb; return what qualifies the subject: "with a bent back"."""
    if reader.peek() in ("there", "here") and reader.peek(1) in BE | {"'s"}:
        reader.at += 2
    found = _find_person(reader.words, reader.at)
    if found is None:
        return []
    reader.at = found + 1
    if reader.peek() in ("who", "that", "which"):  # where that clause ends, no rule tells
        raise NotUnderstoodError
    start = reader.at
    if _is_unknown_verb(reader.peek()):
        return []
    while reader.at < len(reader.words) and not _starts_predicate(reader):
        reader.at += 1
    if reader.at == len(reader.words):
        raise NotUnderstoodError
    setting = [word for word in reader.words[start : reader.at] if word != ","]
    if all(_is_adverb(word) for word in setting):
        reader.at = start
        return []
    return ["while", *setting] if base_form(setting[0]) and setting[0].endswith("ing") else setting


def _is_unknown_verb(word: str) -> bool:
    """Whether a word right after the subject, outside the lexicon, can only be what it does."""
    return word.endswith("s") and base_form(word) is None and word not in BE | ADVERBS | {"has"}


def _guessed_base(word: str) -> str:
    if word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-2] if word.endswith(("ches", "shes", "sses", "xes", "zes", "oes")) else word[:-1]


def _is_adverb(word: str) -> bool:
    return word in ADVERBS or word.endswith("ly")


def _find_person(words: Sequence[str], start: int) -> int | None:
    """Return the index of the noun that names who acts, if the sentence starts with one."""
    index = start
    while index < len(words) and words[index] in ADVERBS | {",", "and"}:
        index += 1
    for ahead in range(4):
        word = words[index + ahead] if index + ahead < len(words) else ""
        if word in PERSON:
            return index + ahead
        if ahead == 0 and word not in ARTICLES:
            return None
    return None


def _starts_predicate(reader: _Sentence) -> bool:
    word, before = reader.peek(), reader.words[reader.at - 1]
    if word in BE or word in ("has", "have", "does", "do", "can"):
        return True
    if before in NOT_AFTER and before not in PERSON:
        return False
    if word.endswith("ing"):
        return base_form(word) is not None and not _acts_soon(reader.words[reader.at :][:4])
    if word.endswith("ed") and before not in PERSON and _acts_soon(reader.words[reader.at :][:4]):
        return False  # "with his arms crossed walks"
    return _is_finite(word) or (before in PERSON and word in KNOWN)


def _acts_soon(words: Sequence[str]) -> bool:
    """Whether one of the words behind the first says "he does": "standing still waves"."""
    return any(
        _is_finite(word) and word.endswith("s") and before not in NOT_VERBS_AFTER
        for before, word in pairwise(words)
        if not {",", "and"} & {before, word}
    )


def _say_first_verb(reader: _Sentence) -> None:
    adverbs = _take_adverbs(reader)
    word, following = reader.peek(), reader.peek(1)
    if word in BE and (base_form(following) or _is_adverb(following)):
        reader.at += 1
        adverbs += _take_adverbs(reader)
        word = reader.peek()
        if not word.endswith("ing"):
            if _is_passive(word):
                raise NotUnderstoodError
            reader.said += ["be", *adverbs]
            return
    elif word in ("appears", "seems") and following == "to":
        reader.at += 3 if reader.peek(2) == "be" else 2
        word = reader.peek()
    elif word in ("does", "do", "did") and following == "not":
        reader.said += ["don't"]
        reader.at += 2
        word = reader.peek()
    if "not" in adverbs:
        adverbs.remove("not")
        reader.said += ["don't"]
    base = "be" if word in BE else base_form(word)
    if base is None and reader.at and _is_unknown_verb(word):
        base = _guessed_base(word)
    if base is None:
        raise NotUnderstoodError
    reader.is_progressive = word.endswith("ing")
    reader.said += [*adverbs, base]
    reader.at += 1


def _take_adverbs(reader: _Sentence) -> list[str]:
    """Go to the next word that is no adverb; return the adverbs that are worth saying."""
    start = reader.at
    while _is_adverb(reader.peek()) or (reader.peek() == "," and reader.at > start):
        reader.at += 1
    return [word for word in reader.words[start : reader.at] if word not in LEFT_OUT]


def _is_passive(word: str) -> bool:
    return word.endswith("ed") or (word in IRREGULAR_VERBS and word not in ("sat", "stood"))


def _say_next(reader: _Sentence) -> None:
    """Say the next word, as it is or addressed to the listener."""
    word = reader.peek()
    before = reader.words[reader.at - 1]
    if word in SUBORDINATORS or word == ".":
        reader.has_you = False
        reader.is_progressive = reader.is_progressive and word in ("as", ".")
    if _says_subject(reader) or _says_verb(reader, before):
        return
    reader.said.append(word)
    reader.at += 1


def _says_subject(reader: _Sentence) -> bool:
    """Say "you" for a subject in the middle, or nothing where an order goes on without one."""
    found = _find_person(reader.words, reader.at)
    before = reader.words[reader.at - 1]
    if found is None or reader.peek() in ADVERBS or reader.peek() in (",", "and"):
        return False
    verb = reader.words[found + 1] if found + 1 < len(reader.words) else ""
    if verb == "'s" or reader.words[found].endswith("'s"):
        return False
    they_act = reader.words[found] == "they" and verb.isalpha()
    acts = verb in BE or _is_finite(verb) or _is_unknown_verb(verb) or they_act
    if not acts or reader.words[found] == "it":
        return False
    if before in SUBORDINATORS:
        reader.said.append("you")
        reader.has_you = True
    elif before not in JOINTS | ADVERBS | {"."}:
        return False
    reader.at = found + 1
    _say_verb_of_subject(reader)
    return True


def _say_verb_of_subject(reader: _Sentence) -> None:
    word, following = reader.peek(), reader.peek(1)
    if word in BE and following.endswith("ing") and base_form(following):
        reader.at += 1
        word = following
        reader.is_progressive = True
        reader.said += ["are", word] if reader.has_you else [base_form(word) or word]
    elif word in BE:
        reader.said.append("are" if reader.has_you else "be")
    else:
        guessed = _guessed_base(word) if _is_unknown_verb(word) else word
        reader.said.append(base_form(word) or guessed)
    reader.at += 1


def _says_verb(reader: _Sentence, before: str) -> bool:
    """Say the base form of a further verb of the same subject: "and waves"."""
    word = reader.peek()
    base = base_form(word)
    follows_joint = before in JOINTS or (_is_adverb(before) and _after_joint(reader))
    if base is None or not follows_joint:
        return False
    if word in BE or word in ("is", "are"):
        following = reader.peek(1)
        if following.endswith("ing") and base_form(following):
            reader.at += 2
            reader.said.append(base_form(following) or following)
            return True
        reader.said.append("be")
        reader.at += 1
        return True
    if word.endswith("ing"):
        # "Is walking, swinging the arms and humming": those go with the walk.
        reader.is_progressive = reader.is_progressive and before != ","
        if not reader.is_progressive:
            return False
    elif not _is_finite(word) or _is_noun_list(reader):
        return False
    reader.said.append(base)
    reader.at += 1
    return True


def _after_joint(reader: _Sentence) -> bool:
    place = reader.at - 1
    while place > 0 and _is_adverb(reader.words[place]):
        place -= 1
    return reader.words[place] in JOINTS or place == 0


def _is_noun_list(reader: _Sentence) -> bool:
    """Whether "jumps" in "two kicks and jumps" is a thing: determined nouns go before it."""
    word, following = reader.peek(), reader.peek(1)
    place = reader.at - 1
    while place > 0 and reader.words[place] in JOINTS:
        place -= 1
    plural = reader.words[place]
    owner = reader.words[place - 1] if place else ""
    is_list = plural.endswith("s") and base_form(plural) is not None and plural not in PARTS
    return is_list and word.endswith("s") and owner in NOT_AFTER and following in ("", ".", ",")


def _addressed(words: Sequence[str]) -> list[str]:
    """Return the words with "his", "himself" and "the left hand" said to the listener."""
    padded = ["", *words, "", ""]
    return [
        _said_to_listener(word, padded[index], padded[index + 2], padded[index + 3])
        for index, word in enumerate(words)
    ]


def _said_to_listener(word: str, before: str, following: str, second: str) -> str:
    if word in POSSESSIVES:
        return "your"
    if word == "her":
        is_object = not following[:1].isalpha() or following in _AFTER_OBJECTS
        return "you" if is_object else "your"
    if word in YOURSELF:
        return "yourself"
    if word == "him":
        return "you"
    is_part = following in PARTS or (following in QUALIFIERS and second in PARTS)
    # "At the waist" and "on the right hand side" are idioms.
    return "your" if word == "the" and is_part and before not in ("at", "of", "on") else word


_AFTER_OBJECTS: Final = frozenset(CLOSED_CLASSES["ADP"]) | JOINTS | SUBORDINATORS
_NO_SPACE: Final = re.compile(r"\s+([,.;:!?])")


def _spaced(words: Sequence[str]) -> str:
    return _NO_SPACE.sub(r"\1", " ".join(_addressed(words))).strip(" ,;:")
