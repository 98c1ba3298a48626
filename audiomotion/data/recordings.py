"""Instructions that a person recorded: which file holds which."""

from functools import cached_property
from pathlib import Path

from audiomotion.data.instructions import Instruction
from audiomotion.errors import DataError
from audiomotion.files import read_json, write_json


class Recordings:
    """The recordings in a data set's artifact; none where it has no record of any."""

    _INDEX = "recordings.json"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def write_index(cls, folder: Path, files: dict[str, str]) -> None:
        """Write which WAV file, relative to `folder`, holds the instruction of each key."""
        write_json(folder / cls._INDEX, files)

    @cached_property
    def _files(self) -> dict[str, str]:
        path = self.folder / self._INDEX
        return dict(read_json(path)) if path.exists() else {}

    def of(self, instruction: Instruction) -> Path | None:
        """Return the recording of an instruction, None where it is to be spoken.

        Raises:
            DataError: There should be one, and its file is not there.
        """
        file = self._files.get(instruction.key)
        if file is None:
            return None
        if not (self.folder / file).is_file():
            raise DataError(f"{self.folder / file}, the recording of {instruction.key}, is missing")
        return self.folder / file
