"""Instructions as they were spoken: which voice, which file."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

from audiomotion.data.instructions import Instruction
from audiomotion.files import read_json, write_json


@dataclass(frozen=True)
class Utterance(Instruction):
    """An instruction, spoken."""

    voice: str
    file: str
    """WAV file, relative to the folder of the utterances."""

    seconds: float


class Utterances:
    """The spoken instructions in a folder: utterance i speaks instruction i."""

    _INDEX = "utterances.json"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def write_index(cls, folder: Path, utterances: Sequence[Utterance], engine: str) -> None:
        """Write the record beside the WAV files."""
        records = [asdict(utterance) for utterance in utterances]
        write_json(folder / cls._INDEX, {"engine": engine, "utterances": records})

    @cached_property
    def records(self) -> list[Utterance]:
        """Every utterance, clip by clip."""
        return [
            Utterance(**record) for record in read_json(self.folder / self._INDEX)["utterances"]
        ]
