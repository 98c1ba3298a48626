"""What a stage left behind: files, and a manifest of their sizes and checksums."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audiomotion.errors import DataError
from audiomotion.files import file_digest, read_json
from audiomotion.stages.base import AnyStage

MANIFEST = "manifest.json"
"""Beside an artifact's files: where it stands, all of them do."""

SEEN = "seen-manifest.json"
"""A copy of the manifest where not all files were fetched."""


@dataclass(frozen=True)
class Artifact:
    """What a stage left behind."""

    folder: Path
    """Where its files are, or will be once the store has fetched them."""

    manifest: dict[str, Any]

    @property
    def stage(self) -> str:
        """Name of the stage that left it."""
        return str(self.manifest["stage"])

    @property
    def fingerprint(self) -> str:
        """Fingerprint of the stage that left it."""
        return str(self.manifest["fingerprint"])

    @property
    def seconds(self) -> float:
        """Time its stage ran, all attempts together."""
        return float(self.manifest["seconds"])

    @property
    def num_bytes(self) -> int:
        """Size of all files."""
        return sum(int(entry["size"]) for entry in self.manifest["files"].values())


def described(stage: AnyStage, output: Path, record: dict[str, Any]) -> dict[str, Any]:
    """Return the manifest of a finished output folder, whose files are synced to the disk."""
    files = {
        str(path.relative_to(output)): {
            "size": path.stat().st_size,
            "sha256": _synced_digest(path),
        }
        for path in sorted(output.rglob("*"))
        if path.is_file()
    }
    return {"fingerprint": stage.fingerprint, **stage.identity(), **record, "files": files}


def opened(folder: Path) -> Artifact:
    """Return the artifact in a folder.

    Raises:
        DataError: A file is missing or has another size than when it was written.
    """
    manifest = read_json(folder / MANIFEST)
    for name, entry in manifest["files"].items():
        path = folder / name
        if not path.exists() or path.stat().st_size != entry["size"]:
            raise DataError(
                f"{path} is missing or has another size than when it was written; delete {folder} "
                "and run again (`amx artifacts verify --delete` deletes it)"
            )
    return Artifact(folder, manifest)


def manifest_in(folder: Path) -> dict[str, Any] | None:
    """Return the manifest of an artifact that is there, or whose manifest was fetched; else None.

    Raises:
        DataError: It is damaged.
    """
    paths = (folder / name for name in (MANIFEST, SEEN))
    found = next((path for path in paths if path.exists()), None)
    return None if found is None else dict(read_json(found))


def verify(artifact: Artifact) -> list[str]:
    """Return what is wrong with an artifact's files: every checksum is computed."""
    problems = []
    for name, entry in artifact.manifest["files"].items():
        path = artifact.folder / name
        if not path.exists():
            problems.append(f"{path} is missing")
        elif file_digest(path) != entry["sha256"]:
            problems.append(f"{path} has changed since it was written")
    return problems


def _synced_digest(path: Path) -> str:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return file_digest(path)
