"""Captions in the style of HumanML3D and their spoken-style rewrites, from a small grammar."""

import re
from collections.abc import Callable, Sequence

import numpy as np

from audiomotion.data.captions import MAX_TOKENS, tag_caption, tokenize
from audiomotion.data.dataset import Caption
from audiomotion.data.demo.move import Move
from audiomotion.data.demo.wording import (
    ANY_WAY,
    NUMBERS,
    ORAL_FRAMES,
    ORAL_JOINTS,
    QUICKLY,
    SLOWLY,
    SUBJECTS,
    WAYS,
    WORDINGS,
    WRITTEN_JOINTS,
)

REWRITES = 3
"""Spoken-style rewrites of one caption."""

_VERB = re.compile(r"\[(\w+)\]")
_SLOT = re.compile(r"\{(\w+)(?::([\w ]+))?\}")


def write_captions(moves: Sequence[Move], count: int, rng: np.random.Generator) -> list[Caption]:
    """Write `count` different captions, each with three different rewrites.

    All of them name every side, way, speed and count that is not the plain one, in order.
    """
    texts = _different(lambda: _written(moves, rng), count)
    return [
        Caption(text, tuple(_different(lambda: _spoken(moves, rng), REWRITES)), tag_caption(text))
        for text in texts
    ]


def _different(draw: Callable[[], str], count: int) -> list[str]:
    """Draw until there are `count` different texts that the evaluator reads to their end."""
    texts: dict[str, None] = {}
    while len(texts) < count:
        text = draw()
        if len(tokenize(text)) <= MAX_TOKENS:
            texts[text] = None
    return list(texts)


def _pick(options: Sequence[str], rng: np.random.Generator) -> str:
    return options[int(rng.integers(len(options)))]


def _written(moves: Sequence[Move], rng: np.random.Generator) -> str:
    subject, whose = SUBJECTS[int(rng.integers(len(SUBJECTS)))]
    clauses = [_clause(move, whose, rng, third_person) for move in moves]
    return f"{subject} {_joined(clauses, WRITTEN_JOINTS, rng)}."


def _spoken(moves: Sequence[Move], rng: np.random.Generator) -> str:
    clauses = [_clause(move, "your", rng, str) for move in moves]
    text = _pick(ORAL_FRAMES, rng).format(_joined(clauses, ORAL_JOINTS, rng))
    return text[0].upper() + text[1:]


def _joined(clauses: list[str], joints: Sequence[str], rng: np.random.Generator) -> str:
    return clauses[0] if len(clauses) == 1 else _pick(joints, rng).format(*clauses)


def _clause(move: Move, whose: str, rng: np.random.Generator, inflect: Callable[[str], str]) -> str:
    wordings = WORDINGS.get(f"{move.action}/{move.direction}") or WORDINGS[move.action]
    how = _pick({"slow": SLOWLY, "fast": QUICKLY, "": ("",)}[move.speed], rng)
    text = _pick(wordings, rng)
    if how.endswith("ly") and " " not in how and rng.random() < 0.35:
        text, how = f"{how} {text}", ""
    fill = _filler(move, f" {how}" if how else "", rng)
    # Ways may hold slots themselves.
    text = _SLOT.sub(fill, _SLOT.sub(fill, text)).replace("<their>", whose)
    return _VERB.sub(lambda verb: inflect(verb[1]), text)


def _filler(move: Move, how: str, rng: np.random.Generator) -> Callable[[re.Match[str]], str]:
    def fill(slot: re.Match[str]) -> str:
        name, noun = slot[1], slot[2]
        if name == "how":
            return how
        if name == "times":
            return _times(move.count, rng)
        if name == "number":
            return _number(move.count, noun, rng)
        if name == "way":
            return _pick(WAYS.get(move.action, ANY_WAY)[move.direction], rng)
        if name == "dir":
            return move.direction
        if name == "their":
            return "<their>"
        return _limb(move.side, name, rng)

    return fill


def _times(count: int, rng: np.random.Generator) -> str:
    once = ("", "", " once")
    return _pick((once, (" twice", " two times"))[count - 1] if count < 3 else [_often(count)], rng)


def _often(count: int) -> str:
    return f" {NUMBERS[count]} times"


def _number(count: int, noun: str, rng: np.random.Generator) -> str:
    if count == 1:
        return f"{_pick(('a', 'one'), rng)} {noun}"
    return f"{NUMBERS[count]} {noun}{'es' if noun.endswith('ch') else 's'}"


def _limb(side: str, name: str, rng: np.random.Generator) -> str:
    if side == "both":
        return f"both {name}s"
    return f"{_pick(('the', '<their>'), rng)} {side} {name}"


def third_person(verb: str) -> str:
    """Return the verb as one person does it: "walks", "catches", "goes"."""
    if verb.endswith(("s", "sh", "ch", "x", "o")):
        return verb + "es"
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return verb[:-1] + "ies"
    return verb + "s"
