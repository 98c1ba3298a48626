"""The HIERARCHY section of a BVH file."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

import numpy as np

from audiomotion.errors import DataError

POSITION_CHANNELS = ("xposition", "yposition", "zposition")
ROTATION_CHANNELS = ("xrotation", "yrotation", "zrotation")


@dataclass
class BvhJoint:
    """One joint and the columns of the motion that move it."""

    name: str
    parent: int
    first_column: int
    offset: tuple[float, ...] | None = None
    channels: tuple[str, ...] = ()


def fail_at(source: str, line_number: int, problem: str) -> NoReturn:
    """Raise a `DataError` that names file and line."""
    raise DataError(f"{source}:{line_number}: {problem}")


class HierarchyReader:
    """Reads the HIERARCHY section line by line."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._line_number = 0
        self._joints: list[BvhJoint] = []
        self._open_blocks: list[int | None] = []
        """Joint of each open brace; None for an end site."""
        self._announced: list[int | None] = []
        """Joint or end site whose brace is still to come."""

    def read(self, lines: Sequence[str]) -> list[BvhJoint]:
        """Return the joints in file order."""
        seen_header = False
        for self._line_number, line in enumerate(lines, 1):
            words = line.replace("{", " { ").replace("}", " } ").split()
            if not seen_header and words:
                if words != ["HIERARCHY"]:
                    self._fail("the first line is not HIERARCHY; this is not a BVH file")
                seen_header = True
            elif words:
                self._read_words(words)
        self._check_complete()
        return self._joints

    def _fail(self, problem: str) -> NoReturn:
        fail_at(self._source, self._line_number, problem)

    def _read_words(self, words: list[str]) -> None:
        """Read one line, whose braces may stand on lines of their own or not."""
        while words and words[0] in "{}":
            self._brace(words.pop(0))
        end = next((i for i, word in enumerate(words) if word in "{}"), len(words))
        if end:
            self._statement(words[0].upper(), words[1:end])
        if end < len(words):
            self._read_words(words[end:])

    def _brace(self, brace: str) -> None:
        if brace == "{":
            if not self._announced:
                self._fail("'{' without a ROOT, JOINT or End Site before it")
            self._open_blocks.append(self._announced.pop())
        elif not self._open_blocks:
            self._fail("'}' without a '{'")
        else:
            self._open_blocks.pop()

    def _statement(self, keyword: str, arguments: list[str]) -> None:
        if keyword in ("ROOT", "JOINT"):
            self._add_joint(keyword, " ".join(arguments))
        elif keyword == "END":
            self._announced.append(None)
        elif keyword in ("OFFSET", "CHANNELS") and self._open_blocks:
            joint = self._open_blocks[-1]
            if joint is not None:
                self._describe(self._joints[joint], keyword, arguments)
        else:
            self._fail(f"'{keyword}' is not allowed here; ROOT, JOINT, End, OFFSET, CHANNELS are")

    def _add_joint(self, keyword: str, name: str) -> None:
        if bool(self._open_blocks) != (keyword == "JOINT"):
            self._fail(
                f"{keyword} '{name}' stands {'inside' if self._open_blocks else 'outside'} a joint"
            )
        parent = self._open_blocks[-1] if self._open_blocks else -1
        if parent is None or not name or name in (joint.name for joint in self._joints):
            self._fail(f"joint '{name}' is nameless, named twice or inside an End Site")
        first_column = sum(len(joint.channels) for joint in self._joints)
        self._joints.append(BvhJoint(name, parent, first_column))
        self._announced.append(len(self._joints) - 1)

    def _describe(self, joint: BvhJoint, keyword: str, arguments: list[str]) -> None:
        if keyword == "OFFSET":
            joint.offset = self._offset(arguments)
        elif joint is not self._joints[-1]:
            # Columns of the motion follow the order of these lines.
            self._fail(f"CHANNELS of '{joint.name}' stands after its children; move it before them")
        else:
            joint.channels = self._channels(arguments)

    def _offset(self, arguments: list[str]) -> tuple[float, ...]:
        try:
            offset = tuple(float(word) for word in arguments)
        except ValueError:
            offset = ()
        if len(offset) != 3 or not np.isfinite(offset).all():
            self._fail(f"OFFSET needs three numbers, not '{' '.join(arguments)}'")
        return offset

    def _channels(self, arguments: list[str]) -> tuple[str, ...]:
        names = tuple(word.lower() for word in arguments[1:])
        if not arguments or arguments[0] != str(len(names)):
            self._fail(f"CHANNELS announces {' '.join(arguments[:1])} names and gives {len(names)}")
        unknown = set(names) - {*POSITION_CHANNELS, *ROTATION_CHANNELS}
        if unknown or len(set(names)) != len(names):
            self._fail(
                f"CHANNELS '{' '.join(arguments[1:])}': each of Xposition .. Zrotation once at most"
            )
        return names

    def _check_complete(self) -> None:
        if not self._joints:
            self._fail("the hierarchy has no joint")
        if self._open_blocks or self._announced:
            self._fail("the hierarchy ends before all its '}'; cut off, copy the file again")
        for joint in self._joints:
            if joint.offset is None:
                self._fail(f"joint '{joint.name}' has no OFFSET")
