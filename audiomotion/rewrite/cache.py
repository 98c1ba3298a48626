"""Rewrites that were paid for, each once: files by content address."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from audiomotion.errors import DataError
from audiomotion.files import full_disk_explained, read_json, write_json

FORMAT_VERSION: Final = 1
"""Counts changes to what is asked and checked; part of every key."""


@dataclass(frozen=True)
class Rewrite:
    """A rewrite that passed the checks, and what it took."""

    caption: str
    take: int
    text: str
    tokens_in: int = 0
    tokens_out: int = 0
    seconds: float = 0.0


class RewriteCache:
    """A folder of rewrites; many processes may share it, and none ever sees a part of a file."""

    def __init__(self, folder: Path, identity: Mapping[str, object]) -> None:
        self._folder = folder
        self._identity = dict(identity)

    def find(self, caption: str, take: int) -> Rewrite | None:
        """Return a kept rewrite; a damaged file counts as none."""
        path = self._path(caption, take)
        try:
            content = read_json(path)
            rewrite = Rewrite(**content)
        except (DataError, TypeError):
            return None
        is_whole = rewrite.caption == caption and rewrite.take == take
        return rewrite if is_whole and isinstance(rewrite.text, str) else None

    def keep(self, rewrite: Rewrite) -> None:
        """Keep a rewrite, synced: each may have cost money.

        Raises:
            DataError: The folder cannot be written.
        """
        path = self._path(rewrite.caption, rewrite.take)
        with full_disk_explained(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, asdict(rewrite))

    def _path(self, caption: str, take: int) -> Path:
        parts = [FORMAT_VERSION, self._identity, caption, take]
        key = sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
        return self._folder / key[:2] / f"{key}.json"


def mean_seconds(rewrites: Sequence[Rewrite]) -> float | None:
    """Return the mean time of the requests behind rewrites, None where none was timed."""
    timed = [rewrite.seconds for rewrite in rewrites if rewrite.seconds > 0]
    return sum(timed) / len(timed) if timed else None
