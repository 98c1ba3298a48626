"""What a running stage keeps outlives its machine: its scratch folder, copied to object storage.

Every claim copies into a folder of its own, `work/FINGERPRINT/CLAIM/`: contents under their
checksum, and `index.json`, written after them, which names a set that was there at one moment.
"""

import hashlib
import json
import logging
import os
import shutil
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from audiomotion.errors import AudiomotionError
from audiomotion.files import file_digest, full_disk_explained
from audiomotion.orchestrate.store.remote import Remote

logger = logging.getLogger(__name__)

_SECONDS_BETWEEN_LOOKS: Final = 0.25
_UNFINISHED: Final = (".tmp", ".part", ".lock", ".new")
_BESIDE: Final = ("progress.json", "notes.json", "traceback.txt")
"""Files of the work folder that go along, but are no reason to copy."""
_READ_AT_ONCE: Final = 64 * 2**20

_LAST_HERE: Final = "claim"
_LOOKING_SHARE: Final = 20

Entry = Mapping[str, Any]
"""Checksum and size of a file."""


@dataclass(frozen=True)
class _Seen:
    """A file as it was looked at; a file that is replaced whole changes its number."""

    inode: int
    size: int
    changed: int


class ScratchCopy:
    """Copies the scratch folder of a run whenever a file in it is new or was replaced.

    Files are written aside and renamed (checkpoints, shards, records), or appended to (curves). A
    set holds what was whole when it was looked for, and of appended files at least what was there
    at that time: the curves reach at least to the checkpoint, to which a resumed training rewinds
    them. A file that only grew is copied along with the next that is new.
    """

    def __init__(self, remote: Remote, work: Path, number: int) -> None:
        """Take the newest copy of an earlier claim for what to copy from.

        Args:
            remote: The storage.
            work: Work folder of the run, named by its fingerprint; `scratch` is in it.
            number: Number of the claim.
        """
        self._remote = remote
        self._work = work
        self._folder = f"work/{work.name}/{number:06d}"
        self._known: dict[str, str] = {}
        self._copied: dict[Path, tuple[_Seen, Entry]] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._copy_often, daemon=True)

    def restore(self) -> None:
        """Make the work folder what the newest copy holds, unless it is at least as new."""
        self._earlier = list(self._remote.listing(f"work/{self._work.name}"))
        folder, index = newest_copy(self._remote, self._work.name)
        if folder:
            if self._last_here() < folder:
                self._bring_all(folder, index)
            self._known = {one["sha256"]: f"{folder}/{one['sha256']}" for one in index.values()}
        with full_disk_explained(self._work):
            self._work.mkdir(parents=True, exist_ok=True)
            (self._work / _LAST_HERE).write_text(self._folder)

    def start(self) -> None:
        """Copy from now on, until `stop`."""
        self._thread.start()

    def stop(self, *, copy: bool) -> None:
        """End copying, after a last copy where one is wanted."""
        self._stop.set()
        self._thread.join()
        if copy:
            self._attempt()

    def delete(self) -> None:
        """Delete every copy: the run has been published."""
        self._remote.delete_below(f"work/{self._work.name}")

    def _last_here(self) -> str:
        """Return the folder of the last claim that worked in this folder, which it may name."""
        path = self._work / _LAST_HERE
        return path.read_text() if path.exists() else ""

    def _bring_all(self, folder: str, index: Mapping[str, Entry]) -> None:
        with full_disk_explained(self._work):
            shutil.rmtree(self._work / "scratch", ignore_errors=True)
            self._remote.map(lambda item: self._bring(folder, *item), index.items())

    def _bring(self, folder: str, name: str, entry: Entry) -> None:
        target = self._work / name
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = target.with_name(f".{target.name}.tmp")
        there = self._remote.download(f"{folder}/{entry['sha256']}", aside)
        if there and file_digest(aside) == entry["sha256"]:
            aside.replace(target)
            return
        aside.unlink(missing_ok=True)
        logger.warning("%s of an unfinished run is damaged in the store; going on without", name)

    def _copy_often(self) -> None:
        pause = _SECONDS_BETWEEN_LOOKS
        while not self._stop.wait(pause):
            began = time.monotonic()
            news = self._has_news()
            # Looking through very many files must not become the work itself.
            pause = max(_SECONDS_BETWEEN_LOOKS, _LOOKING_SHARE * (time.monotonic() - began))
            if news:
                self._attempt()

    def _has_news(self) -> bool:
        """Return whether a file is new, was replaced or is gone: growing is no news."""
        now = {path: seen for path in self._whole_files() if (seen := _look(path)) is not None}
        known = {path for path in self._copied if path.name not in _BESIDE}
        return bool(known - now.keys()) or any(
            path not in self._copied or _replaced(self._copied[path][0], seen)
            for path, seen in now.items()
        )

    def _whole_files(self) -> Iterator[Path]:
        scratch = self._work / "scratch"
        # Not rglob: it raises where a folder is renamed meanwhile, as a finished shard is.
        found = [Path(folder, name) for folder, _, names in os.walk(scratch) for name in names]
        for path in sorted(found):
            parts = path.relative_to(scratch).parts
            half = any(part.startswith(".") or part.endswith(_UNFINISHED) for part in parts)
            if not half and path.is_file():
                yield path

    def _attempt(self) -> None:
        try:
            self._copy()
        except (AudiomotionError, OSError) as error:  # the run itself goes on
            logger.warning("an unfinished run was not copied to the store: %s", error)

    def _copy(self) -> None:
        """Copy what is whole now, then the index, then delete what it does not name any more."""
        paths = [*self._whole_files(), *(self._work / name for name in _BESIDE)]
        seen = [(path, look) for path in paths if (look := _look(path)) is not None]
        entries = self._remote.map(lambda one: self._copied_entry(*one), seen)
        copied = {
            path: (look, entry)
            for (path, look), entry in zip(seen, entries, strict=True)
            if entry is not None
        }
        index = {
            path.relative_to(self._work).as_posix(): entry for path, (_, entry) in copied.items()
        }
        self._remote.put(f"{self._folder}/index.json", json.dumps(index, indent=1).encode())
        self._copied = copied
        self._forget({entry["sha256"] for entry in index.values()})

    def _copied_entry(self, path: Path, seen: _Seen) -> Entry | None:
        """Copy a file unless that is done; None where it was removed meanwhile."""
        before = self._copied.get(path)
        if before is not None and before[0] == seen:
            return before[1]
        try:
            content = path.read_bytes() if seen.size <= _READ_AT_ONCE else _held(path)
        except FileNotFoundError:
            return None
        try:
            return self._copy_content(content)
        finally:
            if isinstance(content, Path):
                content.unlink()

    def _copy_content(self, content: bytes | Path) -> Entry:
        digest, size = _facts(content)
        target, source = f"{self._folder}/{digest}", self._known.get(digest)
        if source != target:
            if source is None or not self._remote.copy(source, target):
                self._remote.put(target, content)
            self._known[digest] = target
        return {"sha256": digest, "size": size}

    def _forget(self, wanted: set[str]) -> None:
        """Delete what an earlier set had, or an earlier claim."""
        gone = [name for digest, name in self._known.items() if digest not in wanted]
        self._remote.delete([*gone, *self._earlier])
        self._earlier = []
        self._known = {digest: self._known[digest] for digest in wanted}


def newest_copy(remote: Remote, fingerprint: str) -> tuple[str, Mapping[str, Entry]]:
    """Return the folder of the newest copy of a run, and what is in it; empty where none is."""
    names = remote.listing(f"work/{fingerprint}")
    folders = sorted(name.rpartition("/")[0] for name in names if name.endswith("/index.json"))
    content = remote.read(f"{folders[-1]}/index.json") if folders else None
    return ("", {}) if content is None else (folders[-1], json.loads(content))


def _look(path: Path) -> _Seen | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return _Seen(status.st_ino, status.st_size, status.st_mtime_ns)


def _replaced(before: _Seen, now: _Seen) -> bool:
    return before.inode != now.inode or now.size < before.size


def _held(path: Path) -> Path:
    """Return a second name of a large file, which is whole, so that removing it does no harm."""
    held = path.parents[0] / f".{path.name}.{os.getpid()}.held.tmp"
    with suppress(FileNotFoundError):
        held.unlink()
    os.link(path, held)
    return held


def _facts(content: bytes | Path) -> tuple[str, int]:
    if isinstance(content, Path):
        return file_digest(content), content.stat().st_size
    return hashlib.sha256(content).hexdigest(), len(content)
