"""A rule grammar that turns captions into requests: needs nothing, and always says the same."""

import random
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from audiomotion.config.rewriters import GrammarConfig
from audiomotion.rewrite.base import Answer, Answers, Request, Rewriter
from audiomotion.rewrite.checks import find_fault
from audiomotion.rewrite.imperative import NotUnderstoodError, imperative
from audiomotion.seeds import derive_seed

VERSION: Final = 1
"""Counts changes to what the grammar says."""

_FRAMES: Final = (
    "{0}.", "{0}, please.", "Please {0}.", "Can you {0}?", "Could you {0}?", "Hey, can you {0}?",
    "I want you to {0}.", "I'd like you to {0}.", "I need you to {0}.", "Now {0}.", "Okay, {0}.",
    "Alright, {0}.", "Go ahead and {0}.", "Try to {0}.", "Let me see you {0}.",
    "Let's see you {0}.", "Would you {0} for me?", "Could you please {0}?", "Hey, {0}.",
    "Why don't you {0}?", "Could you try to {0}?", "You should {0}.", "I'd love to see you {0}.",
    "So, {0}.",
)  # fmt: skip
_ORDERS: Final = ("{0}.", "Please {0}.", "Now {0}.", "Okay, {0}.", "Alright, {0}.", "Hey, {0}.")
"""Those that "don't" fits."""

_AFTER_A_SETTING: Final = ("{0}.", "{0}, please.", "Okay, {0}.", "Alright, {0}.", "Hey, {0}.")
"""Those that "with a bent back, ..." fits."""

_TRAILING: Final = ("{0}, please.", "Would you {0} for me?")
"""Those whose end belongs to a short request only."""

_SHORT: Final = 8
"""Words of a short request."""

_SHOWN: Final = ("Show me this: {0}.", "I want to see this: {0}.", "Act this out: {0}.")
"""For what has nobody who acts: "the left arm is raised"."""

_JOINTS: Final = {
    " and then ": (" and then ", ", then ", ", and after that "),
    ", then ": (", then ", " and then ", ", and after that "),
    ", and then ": (", and then ", ", then ", ", and after that "),
}
_CONTRACTIONS: Final = (
    (r"\bdo not\b", "don't"), (r"\bare not\b", "aren't"), (r"\bdoes not\b", "don't"),
    (r"\byou are\b", "you're"), (r"\bthat is\b", "that's"), (r"\bit is\b", "it's"),
    (r"\bcannot\b", "can't"), (r"\bis not\b", "isn't"), (r"\bin order to\b", "to"),
)  # fmt: skip
_SENTENCE_END: Final = re.compile(r"[.!?;]+(?:\s+|$)")


class Grammar(Rewriter):
    """Says captions as requests: third person to second, an opening, contractions, by seed."""

    is_cached = False
    attempts = 1  # it has looked for a wording that passes itself

    def __init__(self, config: GrammarConfig) -> None:
        self._seed = config.seed

    @property
    def identity(self) -> dict[str, object]:
        """Version of the rules, and the seed."""
        return {"name": "grammar", "version": VERSION, "seed": self._seed}

    def rewrite(self, requests: Iterable[Request]) -> Answers:
        """Yield the first wording, in an order drawn for the caption, that passes the checks."""
        for request in requests:
            yield request, self._answer(request)

    def _answer(self, request: Request) -> Answer:
        order = random.Random(derive_seed("grammar", self._seed, request.caption, request.take))
        fault = "is empty"
        for text in _wordings(request.caption, order):
            fault = find_fault(request.caption, text, request.others)
            if not fault:
                return Answer(text)
        return Answer(problem=f"the grammar has no wording for it: the last one {fault}")


def _wordings(caption: str, order: random.Random) -> Iterator[str]:
    """Yield ways to say a caption, the best kinds first."""
    sentences = [text for text in _SENTENCE_END.split(" ".join(caption.split())) if text.strip()]
    try:
        said = [imperative(sentence) for sentence in sentences]
    except NotUnderstoodError:
        said = []
    if said:
        yield from (_framed(said, frame, order) for frame in _frames(said[0], order))
    for frame in order.sample(_SHOWN, len(_SHOWN)):
        yield _finished(frame.format(" ".join(caption.split()).strip(" .,;!?").lower()))


def _frames(first: tuple[str, str], order: random.Random) -> list[str]:
    setting, request = first
    frames: Sequence[str] = _AFTER_A_SETTING if setting else _FRAMES
    if request.startswith("don't"):
        frames = _ORDERS
    if "," in request or len(request.split()) > _SHORT:
        frames = [frame for frame in frames if frame not in _TRAILING]
    return order.sample(frames, len(frames))


def _framed(said: list[tuple[str, str]], frame: str, order: random.Random) -> str:
    first, *rest = [f"{setting}, {request}" if setting else request for setting, request in said]
    following = "".join(f" {_capitalised(_then(text, order))}." for text in rest)
    return _finished(frame.format(_rejoined(first, order)) + _rejoined(following, order))


def _then(text: str, order: random.Random) -> str:
    starts = text.startswith(("then", "after", "next", "finally", "don't"))
    return text if starts else order.choice(("then {0}", "after that, {0}", "{0}")).format(text)


def _rejoined(text: str, order: random.Random) -> str:
    """Say "and then" in another way."""
    for joint, ways in _JOINTS.items():
        if joint in text:
            return text.replace(joint, order.choice(ways), 1)
    return text


def _finished(text: str) -> str:
    for pattern, contraction in _CONTRACTIONS:
        text = re.sub(pattern, contraction, text)
    text = re.sub(r"\bi\b", "I", text)
    return _capitalised(text)


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]
