"""The character vocabulary of a SentencePiece file, read without the library of that name."""

from collections.abc import Iterator
from pathlib import Path

from audiomotion.errors import ModelError

SPACE = "\u2581"
"""How SentencePiece writes a space."""

_PIECES = 1
_PIECE_TEXT = 1


class CharacterModel:
    """Text to the ids of its characters, for a vocabulary that has nothing longer.

    Args:
        path: A SentencePiece model (a protocol buffer of its pieces, in the order of their ids).

    Raises:
        ModelError: The file is missing or damaged.
    """

    def __init__(self, path: Path) -> None:
        try:
            content = path.read_bytes()
            pieces = [
                piece.decode()
                for entry in _fields(content, _PIECES)
                for piece in _fields(entry, _PIECE_TEXT)
            ]
        except (OSError, ValueError, IndexError) as error:
            raise ModelError(
                f"{path} cannot be read as a SentencePiece model ({error}); get it from the same "
                "place as the weights"
            ) from error
        self._ids = {piece: index for index, piece in enumerate(pieces)}
        missing = [piece for piece in ("<unk>", "</s>", SPACE, "e") if piece not in self._ids]
        if missing:
            raise ModelError(
                f"{path} has no piece {missing[0]!r}; a vocabulary of characters is needed"
            )

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text, which begins with a space, and of the end."""
        unknown = self._ids["<unk>"]
        spaced = SPACE + SPACE.join(text.split())
        return [*(self._ids.get(letter, unknown) for letter in spaced), self._ids["</s>"]]


def _fields(content: bytes, wanted: int) -> Iterator[bytes]:
    """Yield the length-delimited fields of that number; others are skipped."""
    position = 0
    while position < len(content):
        tag, position = _varint(content, position)
        number, kind = tag >> 3, tag & 7
        if kind == 0:
            _, position = _varint(content, position)
            continue
        if kind == 2:
            size, position = _varint(content, position)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
        else:
            raise ValueError(f"wire type {kind} at byte {position}")
        if position + size > len(content):
            raise ValueError("it ends in the middle of a field")
        if number == wanted and kind == 2:
            yield content[position : position + size]
        position += size


def _varint(content: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[position]
        position += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, position
