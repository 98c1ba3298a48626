"""The artifact store: folders named by fingerprint, published whole or not at all."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audiomotion.errors import DataError
from audiomotion.files import (
    file_digest,
    full_disk_explained,
    read_json,
    sync_folder,
    write_json,
)
from audiomotion.stages.base import AnyStage

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Artifact:
    """What a stage left behind."""

    folder: Path
    manifest: dict[str, Any]

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


class ArtifactStore:
    """Artifacts below one folder, shared by all drivers and workers that can reach it.

    Layout: `artifacts/STAGE/FINGERPRINT/` whole artifacts; `work/FINGERPRINT/` runs that are not
    finished; `locks/`; `cache/` content-addressed files; `runs/` one folder a launch.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()

    @property
    def location(self) -> str:
        """What `open_store` takes to open this store, in another process too."""
        return str(self.root)

    def prepare(self) -> None:
        """Make the store's folders.

        Raises:
            DataError: The place is a file, or not writable.
        """
        if self.root.is_file():
            raise DataError(f"{self.root} is a file; the store needs a folder, see --store")
        with full_disk_explained(self.root):
            for name in ("artifacts", "work", "locks", "cache", "runs"):
                (self.root / name).mkdir(parents=True, exist_ok=True)

    @property
    def artifact_root(self) -> Path:
        """Folder of the whole artifacts, `STAGE/FINGERPRINT` below it."""
        return self.root / "artifacts"

    @property
    def cache(self) -> Path:
        """Folder of content-addressed files."""
        return self.root / "cache"

    @property
    def runs(self) -> Path:
        """Folder of the launches' records."""
        return self.root / "runs"

    def folder(self, stage: AnyStage) -> Path:
        """Return where the artifact of `stage` stands or will stand."""
        return self.root / "artifacts" / stage.name / stage.fingerprint

    def fetch(self, stage: AnyStage) -> Path:
        """Return the folder of an artifact that is there, for reading on this machine."""
        folder = self.folder(stage)
        assert folder.exists(), f"{stage.name} {stage.fingerprint[:12]} is not there yet"
        return folder

    def work_folder(self, fingerprint: str) -> Path:
        """Return where a run that is not finished keeps its files."""
        return self.root / "work" / fingerprint

    def find(self, stage: AnyStage) -> Artifact | None:
        """Return the artifact of `stage` if it is there and its files have the right sizes.

        Raises:
            DataError: It is there, but a file is missing or has another size.
        """
        folder = self.folder(stage)
        if not (folder / MANIFEST).exists():
            return None
        return _open(folder)

    def available(self, stages: dict[str, AnyStage]) -> set[str]:
        """Return the fingerprints among `stages` whose artifacts are there."""
        return {key for key, stage in stages.items() if self.find(stage) is not None}

    def remove(self, stage: AnyStage) -> None:
        """Delete the artifact of `stage`, if it is there; the caller holds the claim.

        Without its manifest, which goes first, it counts as not there.
        """
        folder = self.folder(stage)
        (folder / MANIFEST).unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)

    def artifacts(self, stage: str = "*") -> Iterator[Artifact]:
        """Yield every artifact, or those of one stage, by stage and fingerprint.

        Damage is not looked for.
        """
        for path in sorted(self.root.glob(f"artifacts/{stage}/*/{MANIFEST}")):
            yield Artifact(path.parent, read_json(path))

    @contextmanager
    def claim(self, fingerprint: str) -> Iterator[None]:
        """Hold the right to make one artifact; wait while another process holds it.

        The kernel releases the lock of a process that dies, so a waiting one takes over at once.
        """
        path = self.root / "locks" / f"{fingerprint}.lock"
        with full_disk_explained(path):
            lock = path.open("w")
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def publish(self, stage: AnyStage, output: Path, record: dict[str, Any]) -> Artifact:
        """Move a finished output folder to its place, with a manifest of sizes and checksums.

        The caller holds the claim and found no artifact.
        """
        files = {
            str(path.relative_to(output)): {
                "size": path.stat().st_size,
                "sha256": _synced_digest(path),
            }
            for path in sorted(output.rglob("*"))
            if path.is_file()
        }
        manifest = {
            "fingerprint": stage.fingerprint,
            **stage.identity(),
            **record,
            "files": files,
        }
        write_json(output / MANIFEST, manifest)
        for folder in (output, *(path for path in output.rglob("*") if path.is_dir())):
            sync_folder(folder)
        target = self.folder(stage)
        with full_disk_explained(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.exists():  # without its manifest: somebody began to delete it
                shutil.rmtree(target)
            output.rename(target)
        sync_folder(target.parent)
        shutil.rmtree(self.work_folder(stage.fingerprint), ignore_errors=True)
        return Artifact(target, manifest)


def open_store(location: str | Path) -> ArtifactStore:
    """Return the store at a location; nothing is made there yet."""
    return ArtifactStore(Path(location))


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


def _open(folder: Path) -> Artifact:
    manifest = read_json(folder / MANIFEST)
    for name, entry in manifest["files"].items():
        path = folder / name
        if not path.exists() or path.stat().st_size != entry["size"]:
            raise DataError(
                f"{path} is missing or has another size than when it was written; "
                f"delete {folder} and run again"
            )
    return Artifact(folder, manifest)


def _synced_digest(path: Path) -> str:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return file_digest(path)
