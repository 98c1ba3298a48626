"""Instructions as they are heard: which voice, which file, and from where."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from audiomotion.data.instructions import Instruction
from audiomotion.errors import DataError
from audiomotion.files import write_atomic

INDEX: Final = "utterances.jsonl"
"""One JSON object a line, so that it can be searched and cut with the usual tools."""

RECORDED = "recording"
"""Voice and backend of an instruction that a person recorded."""


@dataclass(frozen=True)
class Utterance(Instruction):
    """An instruction, spoken."""

    voice: str
    backend: str
    """What spoke, with its version; `recording` where a person did."""

    file: str
    """WAV file, relative to the folder of the utterances: mono, 16 kHz, 16 bit."""

    seconds: float
    sha256: str
    """Of the file."""


class Utterances:
    """The spoken instructions in a folder: utterance i speaks instruction i."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def write_index(cls, folder: Path, utterances: Iterable[Utterance]) -> None:
        """Write the record beside the WAV files."""
        lines = (json.dumps(asdict(item), ensure_ascii=False) + "\n" for item in utterances)
        write_atomic(folder / INDEX, lambda file: file.writelines(line.encode() for line in lines))

    @cached_property
    def records(self) -> list[Utterance]:
        """Every utterance, clip by clip.

        Raises:
            DataError: The index is missing or damaged.
        """
        path = self.folder / INDEX
        try:
            with path.open(encoding="utf-8") as lines:
                return [Utterance(**json.loads(line)) for line in lines]
        except FileNotFoundError as error:
            raise DataError(f"{path} is missing") from error
        except (ValueError, TypeError) as error:
            raise DataError(f"{path} is damaged: {error}; delete it and run again") from error
