"""The captions of a data set in the published layout, and the files of their rewrites."""

import fcntl
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, Final

from audiomotion.data.folder_check import read_split_names
from audiomotion.data.published_counts import SPLITS, is_mirrored
from audiomotion.errors import DataError
from audiomotion.files import (
    file_digest,
    full_disk_explained,
    read_json,
    sync_folder,
    write_atomic,
    write_json,
)

RECORD: Final = "rewrites.json"


@dataclass(frozen=True)
class ClipCaptions:
    """The captions of one clip by their index in its text file."""

    name: str
    captions: Mapping[int, str]

    @property
    def is_mirrored(self) -> bool:
        """Whether it is the mirror image of another clip."""
        return is_mirrored(self.name)


def read_clip_captions(folder: Path) -> tuple[list[ClipCaptions], list[str]]:
    """Return every listed clip that has captions, and what is wrong with each one that has none.

    Captions of parts of a clip and mirrored clips (`M...`) count like all others.

    Raises:
        DataError: A split list cannot be read.
    """
    names = dict.fromkeys(name for split in SPLITS for name in read_split_names(folder, split))
    clips, problems = [], []
    for name in names:
        try:
            lines = (folder / "texts" / f"{name}.txt").read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            problems.append(f"texts/{name}.txt cannot be read ({error})")
            continue
        captions = {index: text for index, line in enumerate(lines) if (text := _caption(line))}
        if captions:
            clips.append(ClipCaptions(name, captions))
        else:
            problems.append(f"texts/{name}.txt has no caption")
    return clips, problems


def _caption(line: str) -> str:
    """Return the caption of `caption#word/POS ...#start#end`; empty where the line is no such."""
    fields = line.strip().split("#")
    return fields[0].strip() if len(fields) == 4 else ""


@dataclass
class OralFolder:
    """The folder `oral/` of a data set: which files there are this command's own."""

    folder: Path
    _own: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def open(cls, dataset: Path) -> "OralFolder":
        """Read the record of earlier runs.

        Raises:
            DataError: It is damaged.
        """
        path = dataset / "oral" / RECORD
        record = read_json(path) if path.exists() else {"files": {}}
        if not isinstance(record, dict) or not isinstance(record.get("files"), dict):
            raise DataError(f"{path} is damaged: it lists no files; delete it and run again")
        return cls(dataset / "oral", record["files"])

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other writers out, and clear away what a killed one left half written.

        Raises:
            DataError: Another process writes here, or the folder cannot be written.
        """
        with full_disk_explained(self.folder):
            self.folder.mkdir(exist_ok=True)
            descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            _lock(descriptor, self.folder)
            for left in self.folder.glob(".*.tmp"):
                left.unlink()
            yield
        finally:
            os.close(descriptor)

    def is_foreign(self, name: str) -> bool:
        """Whether a clip has rewrites that this command did not write, or that were changed."""
        path = self.folder / f"{name}.txt"
        if not path.exists():
            return False
        entry = self._own.get(name, {})
        return file_digest(path) not in (entry.get("sha256"), entry.get("replaces"))

    def publish(self, clips: Mapping[str, str], rewriter: str, record: dict[str, Any]) -> int:
        """Write the files of clips, each whole or not at all, and the record; return how many.

        The record comes first, so that a file is known as this command's own however it ends.

        Args:
            clips: Content of each clip's file by the clip's name.
            rewriter: What made them, in short.
            record: What else is to be told.

        Raises:
            DataError: The disk is full or not writable.
        """
        changed, own = [], {name: self._still_own(name) for name in self._own if name not in clips}
        for name, content in clips.items():
            digest = sha256(content.encode()).hexdigest()
            own[name] = {"sha256": digest, "rewriter": rewriter}
            path = self.folder / f"{name}.txt"
            before = file_digest(path) if path.exists() else None
            if before != digest:
                changed.append(name)
                own[name]["replaces"] = before
        listed = {name: entry for name, entry in sorted(own.items()) if entry}
        write_json(self.folder / RECORD, {**record, "files": listed})
        for name in changed:
            write_atomic(self.folder / f"{name}.txt", partial(_write, clips[name].encode()))
        settled = {
            name: {key: value for key, value in entry.items() if key != "replaces"}
            for name, entry in listed.items()
        }
        write_json(self.folder / RECORD, {**record, "files": settled})
        sync_folder(self.folder)
        self._own = settled
        return len(changed)

    def rewriters(self) -> list[str]:
        """Return what made this command's own files, in short."""
        return sorted({str(entry["rewriter"]) for entry in self._own.values()})

    def _still_own(self, name: str) -> dict[str, Any]:
        return {} if self.is_foreign(name) or not self._exists(name) else self._own[name]

    def _exists(self, name: str) -> bool:
        return (self.folder / f"{name}.txt").exists()


def _write(content: bytes, file: BinaryIO) -> None:
    file.write(content)


def _lock(descriptor: int, folder: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise DataError(
            f"{folder} is being written by another amx data oral; wait for its end"
        ) from error


def oral_lines(captions: Mapping[int, str], texts: Mapping[str, Sequence[str]]) -> str:
    """Return a clip's file: `caption index<TAB>rewrite`, a line each."""
    return "".join(
        f"{index}\t{text}\n" for index, caption in captions.items() for text in texts[caption]
    )
