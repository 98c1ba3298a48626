"""The prompt that language models are asked with: a readable file, filled in for a caption."""

import re
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Final

from audiomotion.errors import ConfigError
from audiomotion.rewrite.base import Request
from audiomotion.rewrite.checks import most_words

Message = dict[str, str]

_PLACES: Final[dict[str, tuple[str, ...]]] = {
    "system": ("limit",),
    "user": ("caption", "limit"),
    "others": ("others",),
    "again": ("reason",),
}
"""The parts of a prompt, and what may be filled in."""

_NEEDED: Final = {"user": "caption", "others": "others", "again": "reason"}
_HEADING: Final = re.compile(r"^\[(\w+)\]\s*$", re.MULTILINE)
_COMMENT: Final = re.compile(r"^#.*\n?", re.MULTILINE)


@dataclass(frozen=True)
class Prompt:
    """A prompt with its parts."""

    parts: dict[str, Template]

    digest: str
    """SHA-256 of what is sent: another wording is another rewriter, another comment is not."""

    @classmethod
    def load(cls, path: str | None) -> "Prompt":
        """Read a prompt file, by default the one that comes with audiomotion.

        Raises:
            ConfigError: The file cannot be read, or lacks a part or a place to fill in.
        """
        name = path or "prompt.txt"
        try:
            own = files("audiomotion.rewrite") / "prompt.txt"
            text = Path(path).expanduser().read_text("utf-8") if path else own.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(
                f"prompt: {name} cannot be read ({error}); give a text file"
            ) from error
        pieces = _HEADING.split(_COMMENT.sub("", text))[1:]
        parts = dict(zip(pieces[::2], (piece.strip() for piece in pieces[1::2]), strict=True))
        if problems := _problems(name, parts):
            raise ConfigError(problems)
        digest = sha256("\0".join(f"{key}\0{parts[key]}" for key in sorted(parts)).encode())
        return cls({key: Template(part) for key, part in parts.items()}, digest.hexdigest())

    def messages(self, request: Request) -> list[Message]:
        """Return the chat that asks for a rewrite, with the refused answer where there was one."""
        limit = most_words(request.caption)
        asked = self.parts["user"].substitute(caption=request.caption, limit=limit)
        if request.others:
            asked += "\n\n" + self.parts["others"].substitute(others=" / ".join(request.others))
        chat = [_message("system", self.parts["system"].substitute(limit=limit))]
        if not request.reason:
            return [*chat, _message("user", asked)]
        again = self.parts["again"].substitute(reason=request.reason)
        if not request.refused:  # nothing to quote; some chat templates refuse empty turns
            return [*chat, _message("user", f"{asked}\n\n{again}")]
        return [
            *chat,
            _message("user", asked),
            _message("assistant", request.refused),
            _message("user", again),
        ]


def _message(role: str, content: str) -> Message:
    return {"role": role, "content": content}


def _problems(name: str, parts: dict[str, str]) -> list[str]:
    problems = [
        f"prompt: {name} has no part [{part}]; it needs {', '.join(f'[{p}]' for p in _PLACES)}"
        for part in _PLACES
        if not parts.get(part)
    ]
    for part, text in parts.items():
        if part not in _PLACES:
            problems.append(f"prompt: {name} has a part [{part}], which is none of {_listed()}")
            continue
        if not Template(text).is_valid():
            problems.append(f"prompt: {name} [{part}] has a lone $; write $$ for a dollar sign")
            continue
        places = Template(text).get_identifiers()
        problems += [
            f"prompt: {name} [{part}] has ${place}; to be filled in there are "
            f"{', '.join(f'${known}' for known in _PLACES[part])}"
            for place in places
            if place not in _PLACES[part]
        ]
        if (needed := _NEEDED.get(part)) and needed not in places:
            problems.append(f"prompt: {name} [{part}] lacks ${needed}")
    return problems


def _listed() -> str:
    return ", ".join(f"[{part}]" for part in _PLACES)
