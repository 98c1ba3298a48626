"""Whether a rewrite may be kept: it says the same, in other words, as one spoken line."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from audiomotion.rewrite.meaning import MEANING, words

_QUOTES: Final = "\"'`“”‘’«»„"
_PREAMBLE: Final = re.compile(
    r"(?:sure|certainly|of course|absolutely|got it)\b[,!.]?\s|"
    r"(?:here(?:'s|’s| is| are)|rewrit\w*|rephras\w*|description|instruction|output|answer|spoken)"
    r"\b[^.?!]*:|"
    r"[-*#>•]\s?|<|\[|\(|\d+[.)]\s",
    re.IGNORECASE,
)
_DESCRIBES: Final = re.compile(
    r"(?:(?:an?|the)\s+(?:\w+\s+)?(?:person|man|woman|human|figure|character|individual)|"
    r"someone|somebody|he|she|they)\b",
    re.IGNORECASE,
)


def most_words(caption: str) -> int:
    """Return how many words a rewrite of `caption` may have: twice as many."""
    return 2 * len(caption.split())


def find_fault(caption: str, rewrite: str, others: Sequence[str] = ()) -> str:
    """Return why a rewrite cannot be kept, as a clause to be told to its maker; empty if it can.

    Args:
        caption: What was to be said.
        rewrite: How it is said.
        others: Other rewrites of the same caption, which it must differ from.
    """
    return (
        _fault_of_form(rewrite)
        or _fault_of_wording(caption, rewrite, others)
        or fault_of_meaning(caption, rewrite)
    )


def fault_of_meaning(caption: str, rewrite: str) -> str:
    """Return which side, number, direction or negation was lost, added or swapped."""
    before, after = words(caption), words(rewrite)
    faults = []
    for what, read in MEANING.items():
        wanted, found = read(before), read(after)
        if wanted != found:
            faults.append(
                f"has the {what}s {_listed(found)} where the description has {_listed(wanted)}"
            )
    return " and ".join(faults)


def _fault_of_form(rewrite: str) -> str:
    if not any(character.isalpha() for character in rewrite):
        return "is empty"
    if len(rewrite.splitlines()) != 1 or rewrite != rewrite.strip():
        return "is not one line"
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in rewrite):
        return "has control characters"
    if rewrite[0] in _QUOTES or rewrite[-1] in _QUOTES:
        return "is in quotation marks"
    if _PREAMBLE.match(rewrite):
        return "has an introduction or is a list instead of the sentence alone"
    return ""


def _fault_of_wording(caption: str, rewrite: str, others: Sequence[str]) -> str:
    said = words(rewrite)
    if said == words(caption):
        return "is a copy of the description"
    if any(said == words(other) for other in others):
        return "is the same as an earlier one"
    if _DESCRIBES.match(rewrite):
        return "describes somebody instead of speaking to the character"
    number, limit = len(rewrite.split()), most_words(caption)
    if number > limit:
        return f"has {number} words, more than twice as many as the description ({limit})"
    return ""


def _listed(items: Sequence[str]) -> str:
    return ", ".join(items) if items else "none"
