"""What a stage says of the models it builds: noted beside its progress, kept in its manifest."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from audiomotion.errors import DataError
from audiomotion.files import read_json, write_json


class Notes:
    """Notes of a stage, in a file of its work folder; an interrupted run's are still there."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._noted = _noted(path)

    @property
    def all(self) -> Mapping[str, Any]:
        """Every note, by its name."""
        return self._noted

    def note(self, name: str, facts: Callable[[], Mapping[str, Any]]) -> None:
        """Note what `facts` gives, unless this is noted already."""
        if name not in self._noted:
            self._noted[name] = dict(facts())
            write_json(self._path, self._noted)


def _noted(path: Path) -> dict[str, Any]:
    try:
        return dict(read_json(path))
    except DataError:  # there are none yet, or they are damaged: they are noted anew
        return {}
