"""Locks between processes of one machine; the kernel releases those of a process that dies."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from audiomotion.files import full_disk_explained


@contextmanager
def locked(path: Path, *, wait: bool = True, shared: bool = False) -> Iterator[bool]:
    """Hold a lock file; give False where another process holds it and this one does not wait."""
    with full_disk_explained(path):
        lock = path.open("a")
    with lock:
        yield take(lock, wait=wait, shared=shared)


def take(lock: IO[str], *, wait: bool, shared: bool) -> bool:
    """Lock an open file until it is closed; return whether it is locked."""
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    try:
        fcntl.flock(lock, kind if wait else kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
