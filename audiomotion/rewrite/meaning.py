"""What in a sentence decides the movement: body sides, numbers, directions, negations.

Each is read as a sequence, since a swap ("left, then right") keeps the words and changes the order.
"""

import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Final


def _in_order(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_WORD: Final = re.compile(r"\d+(?:\.\d+)?(?:st|nd|rd|th)?|[a-z]+(?:'[a-z]+)?")
_JOINED: Final = re.compile(r"\b(counter|anti)[- ]clock", re.IGNORECASE)


def words(text: str) -> list[str]:
    """Return the words and numbers of a text in lower case, hyphens as spaces, "n't" as "not"."""
    text = text.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    text = _JOINED.sub("counterclock", text)
    text = re.sub(r"\bcan't\b|\bcannot\b", "can not", text).replace("won't", "will not")
    return _WORD.findall(text.replace("n't", " not"))


Reader = Callable[[Sequence[str]], list[str]]


def sides(found: Sequence[str]) -> list[str]:
    """Return left, right and both in order; the same side twice in a row counts once."""
    kept = [
        word
        for before, word, after in _neighbours(found)
        if word in ("left", "right", "both")
        and not (word == "right" and (after in _NOT_A_SIDE or before in ("all", "just", "that's")))
        and not (word == "left" and after in ("off", "over", "out"))
    ]
    return _without_repeats(kept)


_NOT_A_SIDE: Final = frozenset(("now", "away", "here", "there"))
"""What follows "right" where it means "just": "right now"."""


def directions(found: Sequence[str]) -> list[str]:
    """Return forward, back, up, down and the two turns in order; repeats in a row count once.

    "Up" and "down" that only complete a verb ("sit down", "lift it up") say nothing more than the
    verb itself and are left out.
    """
    kept = []
    for index, word in enumerate(found):
        kind = _DIRECTIONS.get(word)
        if kind and not _is_no_direction(found, index, kind):
            kept.append(kind)
    return _without_repeats(kept)


_DIRECTIONS: Final = {
    **dict.fromkeys(("forward", "forwards", "ahead", "onward", "onwards"), "forward"),
    **dict.fromkeys(
        ("back", "backs", "backward", "backwards", "return", "returns", "returning", "returned"),
        "back",
    ),
    **dict.fromkeys(("up", "upward", "upwards"), "up"),
    **dict.fromkeys(("down", "downward", "downwards"), "down"),
    "clockwise": "clockwise",
    "counterclockwise": "counterclockwise",
}
_COMPLETES: Final = {
    "down": "squat sit sat seat crouch kneel knelt lie lay lying lower drop bend bent duck slow "
    "stoop put place set fall fell calm hunch",
    "up": "stand stood lift raise rise rose jump leap hop pick speed straighten warm wake put hold "
    "get climb",
}
"""Beginnings of the verbs that "down" and "up" complete."""

_REACH: Final = 5
"""Words between a verb and its "up" or "down": "lift your left arm slowly up"."""

_OWNERS: Final = _set(
    """the a an his her their your its my our bent hunched arched straight lower upper of curved
    stooped aching hurt sore rounded crooked with on"""
)
"""What stands before "back" where it is a part of the body: "a bent back", "on your back"."""


def _is_no_direction(found: Sequence[str], index: int, kind: str) -> bool:
    before = found[index - 1] if index else ""
    after = found[index + 1] if index + 1 < len(found) else ""
    if found[index] == "ahead":
        return before in ("go", "going") and after in ("and", "")
    if found[index] == "back":
        return before in _OWNERS
    if kind not in _COMPLETES or found[index] != kind:
        return False
    for word in reversed(found[max(0, index - _REACH) : index]):
        if word in _DIRECTIONS or word in ("and", "then"):
            return False
        if word.startswith(tuple(_COMPLETES[kind].split())):
            return True
    return False


def numbers(found: Sequence[str]) -> list[str]:
    """Return the numbers in order as digits: "twice" is 2, "ninety" 90, "three sixty" 360.

    Ordinals are left out ("first" mostly means "before that"), and so is "one" where it stands for
    a thing ("the other one").
    """
    read: list[str] = []
    index = 0
    while index < len(found):
        length, value = _number_at(found, index)
        if length and not _is_no_number(found, index):
            read.append(value)
        index += max(1, length)
    return read


_UNITS: Final = {
    word: number
    for number, word in enumerate(
        _in_order(
            """zero one two three four five six seven eight nine ten eleven
            twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"""
        )
    )
}
_TENS: Final = {
    word: 10 * number
    for number, word in enumerate(
        _in_order("twenty thirty forty fifty sixty seventy eighty ninety"), 2
    )
}
_OTHERS: Final = {"once": "1", "twice": "2", "thrice": "3", "half": "1/2", "quarter": "1/4"}


def _number_at(found: Sequence[str], index: int) -> tuple[int, str]:
    """Return how many words the number at `index` has, 0 for none, and its value."""
    word = found[index]
    if word in _OTHERS:
        return 1, _OTHERS[word]
    if word[0].isdigit():
        plain = word[-1].isdigit()
        return 1 if plain else 0, f"{float(word):g}" if plain else ""
    total, length = _below_hundred(found, index)
    if not length:
        return 0, ""
    following = found[index + length] if index + length < len(found) else ""
    if following == "hundred":
        return _after_hundreds(found, index + length + 1, 100 * total, length + 1)
    if total < 10 and (rest := _below_hundred(found, index + length))[1] and rest[0] >= 10:
        return length + rest[1], str(100 * total + rest[0])  # "one eighty"
    return length, str(total)


def _after_hundreds(found: Sequence[str], index: int, total: int, length: int) -> tuple[int, str]:
    skipped = 1 if index < len(found) and found[index] == "and" else 0
    rest, more = _below_hundred(found, index + skipped)
    return (length + skipped + more, str(total + rest)) if more else (length, str(total))


def _below_hundred(found: Sequence[str], index: int) -> tuple[int, int]:
    """Return the value of the number words at `index`, and how many there are."""
    word = found[index] if index < len(found) else ""
    if word in _UNITS:
        return _UNITS[word], 1
    if word not in _TENS:
        return 0, 0
    unit = _UNITS.get(found[index + 1], 0) if index + 1 < len(found) else 0
    return (_TENS[word] + unit, 2) if 0 < unit < 10 else (_TENS[word], 1)


def _is_no_number(found: Sequence[str], index: int) -> bool:
    before = found[index - 1] if index else ""
    after = found[index + 1] if index + 1 < len(found) else ""
    if found[index] == "one":
        return before in _BEFORE_A_THING or after == "another"
    return found[index] == "once" and (before == "at" or after in _AFTER_A_CONJUNCTION)


_BEFORE_A_THING: Final = _set("no this that the other another each which every last")
_AFTER_A_CONJUNCTION: Final = _set(
    """you you're you've your he she they it that this done finished there again"""
)
"""What follows "once" where it means "as soon as", or "again"."""


def negations(found: Sequence[str]) -> list[str]:
    """Return "not" for each negation; those that only ask politely do not count."""
    text = " ".join(found)
    for phrase in _POLITE:
        text = text.replace(phrase, " ")
    text = re.sub(r"\bneither\b(.*?)\bnor\b", r"not\1", text)
    return ["not" for word in text.split() if word in _NEGATIONS]


_NEGATIONS: Final = _set("not never without no neither nor none nothing nobody nowhere")
_POLITE: Final = (
    "why do not you", "why not", "will not you", "can not you", "could not you", "would not you",
    "if you do not mind", "no rush", "no problem", "no worries",
)  # fmt: skip

MEANING: Final[dict[str, Reader]] = {
    "side": sides,
    "number": numbers,
    "direction": directions,
    "negation": negations,
}
"""All that a rewrite must keep."""


def _neighbours(found: Sequence[str]) -> list[tuple[str, str, str]]:
    padded = ["", *found, ""]
    return list(zip(padded, found, padded[2:], strict=False))


def _without_repeats(items: list[str]) -> list[str]:
    return items[:1] + [after for before, after in pairwise(items) if after != before]
