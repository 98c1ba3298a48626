"""What interrupted runs, deletions and uploads left in a store, beside its artifacts."""

import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from audiomotion.orchestrate.store.artifact import MANIFEST
from audiomotion.orchestrate.store.remote import Entry, Remote


@dataclass(frozen=True)
class Leftover:
    """Something that is not an artifact; whether it is still wanted its name decides."""

    kind: str
    """`work` of a run, `claim` to a name, `part` of an artifact that is not whole."""
    name: str
    """Fingerprint or other name that it belongs to."""
    num_bytes: int
    modified: float
    """When it last changed, in seconds since 1970."""
    remove: Callable[[], None]


def folder_leftovers(root: Path) -> Iterator[Leftover]:
    """Yield what a store in a folder has of unfinished runs and of deleted artifacts."""
    for folder in sorted(root.glob("work/*")):
        yield _in_folder("work", folder)
    for folder in sorted(root.glob("artifacts/*/*")):
        if not (folder / MANIFEST).exists():
            yield _in_folder("part", folder)


def _in_folder(kind: str, folder: Path) -> Leftover:
    found = [path.stat() for path in (folder, *folder.rglob("*"))]
    return Leftover(
        kind=kind,
        name=folder.name,
        num_bytes=sum(status.st_size for status in found[1:]),
        modified=max(status.st_mtime for status in found),
        remove=partial(shutil.rmtree, folder, ignore_errors=True),
    )


def remote_leftovers(remote: Remote, contents: set[str]) -> Iterator[Leftover]:
    """Yield what object storage has of runs, claims, and files that no manifest names.

    Args:
        remote: The storage.
        contents: The folders of files that manifests name.
    """
    for kind, folder, depth in (
        ("work", "work", 2),
        ("claim", "claims", 2),
        ("part", "content", 4),
    ):
        for name, entries in _by_folder(remote.listing(folder), depth).items():
            if name not in contents:
                yield Leftover(
                    kind=kind,
                    name=name.split("/")[min(depth - 1, 2)],
                    num_bytes=sum(entry.size for entry in entries.values()),
                    modified=max(entry.modified for entry in entries.values()),
                    remove=partial(remote.delete, list(entries)),
                )


def _by_folder(entries: Mapping[str, Entry], depth: int) -> dict[str, dict[str, Entry]]:
    found: dict[str, dict[str, Entry]] = defaultdict(dict)
    for name, entry in sorted(entries.items()):
        found["/".join(name.split("/")[:depth])][name] = entry
    return found
