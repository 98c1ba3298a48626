"""Artifacts of a store behind a URL that are kept on this machine, up to a size."""

import os
import shutil
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from audiomotion.orchestrate.store.artifact import MANIFEST
from audiomotion.orchestrate.store.locks import locked, take
from audiomotion.orchestrate.store.variables import limit_bytes


@dataclass(frozen=True)
class _Kept:
    """An artifact on this machine."""

    folder: Path
    num_bytes: int
    used: float


class HotArtifacts:
    """The local copies; the least recently used go first, and none that a process reads.

    A process that reads one holds a shared lock on it from then on, for as long as it has this
    object. `FINGERPRINT.use` beside the other locks is the lock, and its time is that of the use.
    """

    def __init__(self, root: Path) -> None:
        self._artifacts = root / "artifacts"
        self._locks = root / "locks"
        self._in_use: dict[str, IO[str]] = {}
        weakref.finalize(self, _close_all, self._in_use)

    def use(self, fingerprint: str) -> None:
        """Keep an artifact from being removed while this process has this object."""
        if fingerprint not in self._in_use:
            lock = self._lock_path(fingerprint).open("a")
            take(lock, wait=True, shared=True)
            self._in_use[fingerprint] = lock

    @contextmanager
    def reading(self, fingerprint: str) -> Iterator[None]:
        """Keep an artifact from being removed during the block, which counts as a use."""
        with locked(self._lock_path(fingerprint), shared=True):
            os.utime(self._lock_path(fingerprint))
            yield

    def shrink(self) -> None:
        """Remove local copies that nobody reads until what is left is within the limit."""
        kept = sorted(self._kept(), key=lambda one: one.used)
        excess = sum(one.num_bytes for one in kept) - limit_bytes()
        for one in kept:
            if excess <= 0:
                return
            if self._remove(one):
                excess -= one.num_bytes

    def _kept(self) -> Iterator[_Kept]:
        for folder in self._artifacts.glob("*/*"):
            lock = self._lock_path(folder.name)
            used = lock.stat().st_mtime if lock.exists() else 0.0
            yield _Kept(folder, _folder_bytes(folder), used)

    def _remove(self, one: _Kept) -> bool:
        with locked(self._lock_path(one.folder.name), wait=False) as unused:
            if unused:
                (one.folder / MANIFEST).unlink(missing_ok=True)
                shutil.rmtree(one.folder, ignore_errors=True)
            return unused

    def _lock_path(self, fingerprint: str) -> Path:
        return self._locks / f"{fingerprint}.use"


def _folder_bytes(folder: Path) -> int:
    sizes = []
    for path in folder.rglob("*"):
        try:
            sizes.append(path.stat().st_size)
        except FileNotFoundError:  # another process removes it
            continue
    return sum(sizes)


def _close_all(locks: dict[str, IO[str]]) -> None:
    for lock in locks.values():
        lock.close()
