"""A store in a folder: artifacts named by fingerprint, published whole or not at all."""

import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from audiomotion.errors import DataError
from audiomotion.files import full_disk_explained, read_json, sync_folder, sync_tree, write_json
from audiomotion.orchestrate.progress import StageProgress, read_progress
from audiomotion.orchestrate.store.artifact import MANIFEST, Artifact, described, opened, verify
from audiomotion.orchestrate.store.leftovers import Leftover, folder_leftovers
from audiomotion.orchestrate.store.locks import locked
from audiomotion.stages.base import AnyStage
from audiomotion.stages.shards import Shards

PROGRESS = "progress.json"
"""Where a running stage notes its progress, in its work folder."""

NOTES = "notes.json"
"""Where it notes what it builds."""

ArtifactKey = tuple[str, str]
"""Name and fingerprint of a stage."""


class ArtifactStore:
    """Artifacts below one folder, shared by all drivers and workers that can reach it.

    Layout: `artifacts/STAGE/FINGERPRINT/` whole artifacts; `work/FINGERPRINT/` runs that are not
    finished; `failures/` trainings that diverged; `locks/`; `cache/` content-addressed files;
    `runs/` one folder a launch; `raw/` data sets that were pushed; `pins/`.
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

    def place(self, stage: AnyStage) -> str:
        """Return the same below the store's location, as all machines know it."""
        return f"{self.location}/artifacts/{stage.name}/{stage.fingerprint}"

    def work_folder(self, fingerprint: str) -> Path:
        """Return where a run that is not finished keeps its files."""
        return self.root / "work" / fingerprint

    def fetch(self, stage: AnyStage) -> Path:
        """Return the folder of an artifact that is there, for reading on this machine."""
        folder = self.folder(stage)
        assert folder.exists(), f"{stage.name} {stage.fingerprint[:12]} is not there yet"
        return folder

    def fetch_files(self, keys: Iterable[ArtifactKey], names: Collection[str]) -> None:
        """Make some files of artifacts readable below `artifact_root`, if they are not.

        Artifacts that are not there, and files that one does not have, are passed over. A name may
        end in `*`. Where the manifest is named, `manifest_in` finds it.
        """

    def find(self, stage: AnyStage) -> Artifact | None:
        """Return the artifact of `stage` if it is there and its files have the right sizes.

        Raises:
            DataError: It is there, but a file is missing or has another size.
        """
        folder = self.folder(stage)
        return opened(folder) if (folder / MANIFEST).exists() else None

    def available(self, stages: dict[str, AnyStage]) -> set[str]:
        """Return the fingerprints among `stages` whose artifacts are there."""
        return {key for key, stage in stages.items() if self.find(stage) is not None}

    def artifacts(self, stage: str = "*") -> Iterator[Artifact]:
        """Yield every artifact, or those of one stage, by stage and fingerprint.

        Damage is not looked for.
        """
        for path in sorted(self.root.glob(f"artifacts/{stage}/*/{MANIFEST}")):
            yield Artifact(path.parent, read_json(path))

    def named(self, keys: Iterable[ArtifactKey]) -> list[Artifact]:
        """Return those artifacts that are there, by stage and fingerprint.

        Damage is not looked for, and files need not be on this machine.
        """
        folders = [self.artifact_root / stage / key for stage, key in sorted(set(keys))]
        found = [folder for folder in folders if (folder / MANIFEST).exists()]
        return [Artifact(folder, read_json(folder / MANIFEST)) for folder in found]

    def verify(self, artifact: Artifact) -> list[str]:
        """Return what is wrong with an artifact: every checksum is computed."""
        return verify(artifact)

    def delete(self, artifact: Artifact) -> None:
        """Delete an artifact: the manifest first, without which it counts as not there."""
        (artifact.folder / MANIFEST).unlink(missing_ok=True)
        shutil.rmtree(artifact.folder, ignore_errors=True)

    def remove(self, stage: AnyStage) -> None:
        """Delete the artifact of `stage`, if it is there; the caller holds the claim."""
        self.delete(Artifact(self.folder(stage), {}))

    @contextmanager
    def claim(self, fingerprint: str, *, wait: bool = True) -> Iterator[bool]:
        """Hold the right to make one artifact, or to do anything else that has a name.

        Where another process holds it this one waits, and takes over as soon as the other dies.
        Without `wait` the block is run with False instead.
        """
        with locked(self.root / "locks" / f"{fingerprint}.lock", wait=wait) as mine:
            yield mine

    def verdict(self, fingerprint: str) -> dict[str, Any] | None:
        """Return what was kept of an artifact that cannot be made; None where nothing was."""
        path = self._verdict_path(fingerprint)
        return dict(read_json(path)) if path.exists() else None

    def record_verdict(self, fingerprint: str, verdict: Mapping[str, Any]) -> None:
        """Keep that an artifact cannot be made, and why: trying again would end the same way."""
        path = self._verdict_path(fingerprint)
        with full_disk_explained(path):
            path.parent.mkdir(exist_ok=True)
        write_json(path, dict(verdict))

    def forget_verdict(self, fingerprint: str) -> None:
        """Let an artifact be tried again, from its beginning."""
        path = self._verdict_path(fingerprint)
        if path.exists():
            self.forget_work(fingerprint)
            path.unlink(missing_ok=True)

    def forget_work(self, fingerprint: str) -> None:
        """Delete what an unfinished run keeps: the next attempt begins anew."""
        shutil.rmtree(self.work_folder(fingerprint), ignore_errors=True)

    def _verdict_path(self, fingerprint: str) -> Path:
        return self.root / "failures" / f"{fingerprint}.json"

    def kept(self, fingerprint: str) -> frozenset[str]:
        """Return the names of what an unfinished run keeps: checkpoints, shards, repeats."""
        scratch = self.work_folder(fingerprint) / "scratch"
        return frozenset(
            str(path.relative_to(scratch))
            for path in (*scratch.glob("*"), *scratch.glob("*/*"))
            if not path.name.startswith(".") and path.suffix not in (".tmp", ".part", ".lock")
        )

    @property
    def shares_scratch(self) -> bool:
        """Whether all machines see one scratch folder of a run, and so can work in it together."""
        return True

    def works_here(self, fingerprint: str) -> bool:
        """Return whether the scratch folder on this machine is the one that the run works in."""
        return True

    def missing_shards(self, fingerprint: str) -> int:
        """Return how many shards of a running stage are to be made, as far as that is known."""
        return len(Shards(self.work_folder(fingerprint) / "scratch").missing())

    def done_with(self, fingerprint: str) -> None:
        """Say of a claim that is held that nobody will want it afterwards."""

    def check_claim(self, fingerprint: str) -> None:
        """Do nothing while the claim is held, which a lock in a folder is until its process ends.

        Raises:
            ClaimLostError: Another process has taken the claim over.
        """

    @contextmanager
    def kept_work(self, fingerprint: str) -> Iterator[None]:
        """Keep the scratch folder of a run where the next attempt finds it, whatever happens."""
        yield

    def progress(self, fingerprint: str) -> StageProgress | None:
        """Return how far a running stage is, wherever it runs; None where that is not known."""
        return read_progress(self.work_folder(fingerprint) / PROGRESS)

    def push(self, folder: Path) -> None:
        """Let other machines see the files of a folder below the root."""

    def pull(self, folder: Path) -> None:
        """Bring the files below a folder to what other machines last pushed."""

    def withdraw(self, path: Path) -> None:
        """Remove a file that was pushed, here and for other machines."""
        path.unlink(missing_ok=True)

    def leftovers(self) -> Iterator[Leftover]:
        """Yield what interrupted runs, deletions and uploads left."""
        yield from folder_leftovers(self.root)

    def has_raw(self, content: str) -> bool:
        """Return whether raw data with this fingerprint was put into the store."""
        return (self.root / "raw" / content).exists()

    def put_raw(self, content: str, folder: Path, files: Sequence[Path]) -> None:
        """Put files of a folder into the store, all or none, by the fingerprint of all of them."""
        target = self.root / "raw" / content
        aside = target.with_name(f"{content}.part")
        with self.claim(f"raw-{content}"), full_disk_explained(target):
            for leftover in (aside, target):
                shutil.rmtree(leftover, ignore_errors=True)
            for path in files:
                copy = aside / path.relative_to(folder)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, copy)
            sync_tree(aside)
            aside.rename(target)

    def raw(self, content: str) -> Path | None:
        """Return the folder of raw data for reading on this machine; None where it is not there."""
        folder = self.root / "raw" / content
        return folder if folder.exists() else None

    def publish(self, stage: AnyStage, output: Path, record: dict[str, Any]) -> Artifact:
        """Move a finished output folder to its place, with a manifest of sizes and checksums.

        The caller holds the claim and found no artifact.
        """
        manifest = described(stage, output, record)
        artifact = self._place(stage, output, manifest)
        shutil.rmtree(self.work_folder(stage.fingerprint), ignore_errors=True)
        return artifact

    def _place(self, stage: AnyStage, output: Path, manifest: dict[str, Any]) -> Artifact:
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
        return Artifact(target, manifest)
