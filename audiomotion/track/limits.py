"""What MLflow takes, in names and in lengths: past that it cuts silently or refuses a batch."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from audiomotion.config.dotted import flatten

MAX_PARAM: Final = 6000
MAX_TAG: Final = 8000
MAX_KEY: Final = 250
PARAMS_A_BATCH: Final = 100
METRICS_A_BATCH: Final = 1000

CONFIGURATION: Final = "configuration.json"
"""Artifact with the whole configuration, where parameters could not hold all of it."""

_REFUSED: Final = re.compile(r"[^/\w.\- :]")
_REFUSED_IN_A_PART: Final = re.compile(r"[^\w.\- :]")


@dataclass(frozen=True)
class Parameters:
    """A configuration as MLflow's parameters."""

    flat: Mapping[str, str]
    is_whole: bool
    """Whether every name and every value is as it was."""


def parameters(content: Mapping[str, Any]) -> Parameters:
    """Return every leaf of a nested configuration; of one that is too long the beginning."""
    flat: dict[str, str] = {}
    is_whole = True
    for path, value in flatten(content):
        text = value if isinstance(value, str) else _as_text(value)
        key = _unused(fitting_name(path), flat)
        flat[key] = shortened(text, MAX_PARAM, CONFIGURATION)
        is_whole = is_whole and (key, flat[key]) == (path, text)
    return Parameters(flat, is_whole)


def fitting_name(name: str) -> str:
    """Return a name that MLflow takes for a parameter, a metric or a tag."""
    return _REFUSED.sub("_", name)[:MAX_KEY]


def part_of_name(text: str) -> str:
    """Return a text as one part of a metric's name: the slash between parts is MLflow's."""
    return _REFUSED_IN_A_PART.sub(" ", text).strip()


def shortened(text: str, limit: int, whole_in: str) -> str:
    """Return a text of at most `limit` characters, which says where the whole is if it is cut.

    It is cut between lines where that keeps most of it: half a row of a table says nothing.
    """
    if len(text) <= limit:
        return text
    end = f"\n\n… cut here; the whole is in {whole_in}"
    kept = text[: limit - len(end)]
    lines, newline, _ = kept.rpartition("\n")
    return (lines if newline and len(lines) > len(kept) // 2 else kept) + end


def _as_text(value: Any) -> str:
    is_nested = isinstance(value, list | tuple | dict)
    return json.dumps(value, ensure_ascii=False, default=str) if is_nested else str(value)


def _unused(key: str, taken: Iterable[str]) -> str:
    """Return the key, numbered where another became the same."""
    known = set(taken)
    number = 1
    name = key
    while name in known:
        number += 1
        name = f"{key[: MAX_KEY - 5]}-{number}"
    return name
