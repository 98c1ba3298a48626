"""A store behind a URL, with a folder of this machine as its mirror.

On the storage: `artifacts/STAGE/FINGERPRINT/manifest.json`, written last and only once, names the
folder below `content/STAGE/FINGERPRINT/` that holds the files, so that a listing of a kind of stage
is short, however many files an artifact has. `claims/` and `work/` are of what runs, `runs/` holds
the records of launches, `raw/` data sets that were pushed, `pins/` what is to stay.
"""

import json
import logging
import secrets
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property, partial
from pathlib import Path
from typing import Any, BinaryIO

from audiomotion.errors import AudiomotionError, ClaimLostError
from audiomotion.files import full_disk_explained, read_json, write_atomic, write_json
from audiomotion.orchestrate.progress import StageProgress, read_progress
from audiomotion.orchestrate.store.artifact import Artifact, described
from audiomotion.orchestrate.store.folder import PROGRESS, ArtifactKey, ArtifactStore
from audiomotion.orchestrate.store.leases import Lease, Leases
from audiomotion.orchestrate.store.leftovers import Leftover, remote_leftovers
from audiomotion.orchestrate.store.locks import locked
from audiomotion.orchestrate.store.objects import CONTENT, ArtifactObjects, Manifest
from audiomotion.orchestrate.store.raw import is_packed, pack, unpack
from audiomotion.orchestrate.store.remote import Names, Remote, check_exclusive
from audiomotion.orchestrate.store.running import RunningElsewhere
from audiomotion.orchestrate.store.scratch import ScratchCopy, newest_copy
from audiomotion.orchestrate.store.variables import lease_seconds, mirror_folder
from audiomotion.stages.base import AnyStage

logger = logging.getLogger(__name__)


class UrlStore(ArtifactStore):
    """Artifacts behind a URL. What is read or written passes through the mirror folder.

    Processes of one machine that share a mirror also share its locks: they wait for each other
    there, and take over from one that died at once; a lease tells machines apart.
    """

    def __init__(self, url: str) -> None:
        """Check the URL; nothing is asked yet.

        Raises:
            ConfigError: Its kind cannot hold a store, or needs a package that is not installed.
        """
        self.remote = Remote(url)
        super().__init__(mirror_folder(self.remote.url))
        self._objects = ArtifactObjects(self.remote, self.root)
        self._held: dict[str, Lease] = {}
        self._diverged = Names(self.remote, "failures")
        self._copies: dict[str, ScratchCopy] = {}

    @property
    def location(self) -> str:
        """What `open_store` takes to open this store, on another machine too."""
        return self.remote.url

    def prepare(self) -> None:
        """Make the mirror's folders; see that the storage can hold a store.

        Raises:
            AudiomotionError: It cannot be reached, written or does not keep its promise.
        """
        super().prepare()
        checked = self.root / "checked"
        if not checked.exists():
            check_exclusive(self.remote, secrets.token_hex(8))
            checked.touch()

    @cached_property
    def _leases(self) -> Leases:
        super().prepare()
        return Leases(self.remote, self.root, lease_seconds())

    @cached_property
    def _elsewhere(self) -> RunningElsewhere:
        return RunningElsewhere(self._leases)

    def find(self, stage: AnyStage) -> Artifact | None:
        """Return the artifact of `stage` if it is there and its files have the right sizes.

        Its files need not be on this machine: see `fetch`.

        Raises:
            DataError: It is there, but a file is missing or has another size.
        """
        manifest = self._objects.manifest((stage.name, stage.fingerprint))
        if manifest is None:
            return None
        self._objects.check_sizes(manifest)
        return self._artifact(manifest)

    def available(self, stages: dict[str, AnyStage]) -> set[str]:
        """Return the fingerprints among `stages` whose artifacts are there.

        A listing a kind of stage. Damage is seen when an artifact is fetched.
        """
        found = self._objects.keys({stage.name for stage in stages.values()})
        return {key for key, stage in stages.items() if (stage.name, key) in found}

    def artifacts(self, stage: str = "*") -> Iterator[Artifact]:
        """Yield every artifact, or those of one stage, by stage and fingerprint.

        Damage is not looked for, and files need not be on this machine.
        """
        for manifest in self._objects.manifests(None if stage == "*" else stage):
            yield self._artifact(manifest)

    def named(self, keys: Iterable[ArtifactKey]) -> list[Artifact]:
        """Return those artifacts that are there, by stage and fingerprint.

        Damage is not looked for, and files need not be on this machine.
        """
        return [self._artifact(manifest) for manifest in self._objects.manifests_of(keys)]

    def fetch(self, stage: AnyStage) -> Path:
        """Return the folder of an artifact that is there, for reading on this machine.

        It stays at least as long as this store object.

        Raises:
            DataError: A file is missing or damaged in the store, or the local disk is full.
        """
        super().prepare()
        manifest = self._objects.manifest((stage.name, stage.fingerprint))
        assert manifest is not None, f"{stage.name} {stage.fingerprint[:12]} is not there yet"
        self._objects.bring(manifest)
        return self.folder(stage)

    def fetch_files(self, keys: Iterable[ArtifactKey], names: Collection[str]) -> None:
        """Make some files of artifacts readable below `artifact_root`, several at a time."""
        super().prepare()
        found = self._objects.manifests_of(keys)
        self.remote.map(lambda manifest: self._objects.bring(manifest, names), found)

    def verify(self, artifact: Artifact) -> list[str]:
        """Return what is wrong with an artifact in the store: every file is read."""
        super().prepare()
        return self._objects.problems(artifact.manifest)

    def delete(self, artifact: Artifact) -> None:
        """Delete an artifact, here and in the store."""
        self._objects.delete(artifact.manifest)

    def remove(self, stage: AnyStage) -> None:
        """Delete the artifact of `stage`, if it is there; the caller holds the claim."""
        manifest = self._objects.manifest((stage.name, stage.fingerprint))
        if manifest is not None:
            self._objects.delete(manifest)

    @contextmanager
    def claim(self, fingerprint: str, *, wait: bool = True) -> Iterator[bool]:
        """Hold the right to make one artifact, or to do anything else that has a name.

        Where another holds it this one waits, and takes over when the other dies: at once on this
        machine, elsewhere after the time that it promised to be heard of. Without `wait` the block
        is run with False instead.
        """
        super().prepare()
        with super().claim(fingerprint, wait=wait) as mine:
            beat = partial(self._beat, fingerprint)
            lease = self._leases.acquire(fingerprint, beat, wait=wait) if mine else None
            if lease is None:
                yield False
                return
            self._held[fingerprint] = lease
            try:
                yield True
            finally:
                del self._held[fingerprint]
                _release(lease)

    def verdict(self, fingerprint: str) -> dict[str, Any] | None:
        """Return what was kept of an artifact that cannot be made; None where nothing was."""
        if fingerprint not in self._diverged.names():
            return None
        content = self.remote.read(_verdict_name(fingerprint))
        return None if content is None else dict(json.loads(content))

    def record_verdict(self, fingerprint: str, verdict: Mapping[str, Any]) -> None:
        """Keep that an artifact cannot be made, and why: trying again would end the same way."""
        self.remote.put(_verdict_name(fingerprint), json.dumps(verdict, indent=1).encode())
        self._diverged.forget()

    def forget_verdict(self, fingerprint: str) -> None:
        """Let an artifact be tried again, from its beginning."""
        if fingerprint in self._diverged.names():
            self.forget_work(fingerprint)
            self.remote.delete([_verdict_name(fingerprint)])
            self._diverged.forget()

    def forget_work(self, fingerprint: str) -> None:
        """Delete what an unfinished run keeps, here and in the store."""
        self.remote.delete_below(f"work/{fingerprint}")
        super().forget_work(fingerprint)

    def kept(self, fingerprint: str) -> frozenset[str]:
        """Return the names of what an unfinished run keeps, as it was last copied."""
        names = newest_copy(self.remote, fingerprint)[1]
        return frozenset(name for name in names if name.startswith("scratch/"))

    def done_with(self, fingerprint: str) -> None:
        """Say of a claim that is held that nobody will want it afterwards."""
        self._held[fingerprint].for_good = True

    def check_claim(self, fingerprint: str) -> None:
        """Say when the claim that this process held has been taken over.

        Raises:
            ClaimLostError: It was not heard of for so long that another process took it.
        """
        lease = self._held.get(fingerprint)
        if lease is not None and lease.lost:
            raise ClaimLostError(
                f"the claim to {fingerprint[:12]} was taken over: this process had not been heard "
                "of for a while; the other one goes on with it"
            )

    @contextmanager
    def kept_work(self, fingerprint: str) -> Iterator[None]:
        """Bring the scratch folder of the last attempt, and copy it from then on."""
        lease = self._held[fingerprint]
        copy = ScratchCopy(self.remote, self.work_folder(fingerprint), lease.number)
        copy.restore()
        copy.start()
        self._copies[fingerprint] = copy
        try:
            yield
        finally:
            published = self._copies.pop(fingerprint, None) is None
            copy.stop(copy=not published and not lease.lost)
            if published:
                copy.delete()

    def progress(self, fingerprint: str) -> StageProgress | None:
        """Return how far a running stage is: of one elsewhere, what it last said."""
        if self.works_here(fingerprint):
            return super().progress(fingerprint)
        values = self._elsewhere.said(fingerprint).get("progress")
        return None if values is None else StageProgress(**values)

    @property
    def shares_scratch(self) -> bool:
        """Whether all machines see one scratch folder of a run: a copy is not for two to write."""
        return False

    def missing_shards(self, fingerprint: str) -> int:
        """Return how many shards of a running stage are to be made, as far as that is known."""
        if self.works_here(fingerprint):
            return super().missing_shards(fingerprint)
        return int(self._elsewhere.said(fingerprint).get("missing_shards", 0))

    def works_here(self, fingerprint: str) -> bool:
        """Return whether a process of this machine holds the claim, and so works in this folder."""
        path = self.root / "locks" / f"{fingerprint}.lock"
        if not path.exists():
            return False
        with locked(path, wait=False, shared=True) as nobody:
            return not nobody

    def push(self, folder: Path) -> None:
        """Let other machines see the files of a folder below the root."""
        prefix = folder.relative_to(self.root).as_posix()
        for path in sorted(folder.iterdir()):
            if path.is_file() and not path.name.startswith("."):
                self.remote.put(f"{prefix}/{path.name}", path.read_bytes())

    def pull(self, folder: Path) -> None:
        """Bring the files below a folder to what other machines last pushed."""
        super().prepare()
        with locked(self.root / "locks" / "pull.lock"):
            there = self.remote.listing(folder.relative_to(self.root).as_posix())
            path = self.root / "pulled.json"
            known = read_json(path) if path.exists() else {}
            tags = {name: entry.tag for name, entry in there.items()}
            gone = [name for name in known if self._is_below(folder, name) and name not in tags]
            for name in gone:
                (self.root / name).unlink(missing_ok=True)
            changed = [
                name
                for name, tag in tags.items()
                if known.get(name) != tag or not (self.root / name).exists()
            ]
            for name, content in self.remote.read_many(changed).items():
                target = self.root / name
                target.parent.mkdir(parents=True, exist_ok=True)
                write_atomic(target, partial(_write, content))
            write_json(path, {name: known[name] for name in known if name not in gone} | tags)

    def _is_below(self, folder: Path, name: str) -> bool:
        return (self.root / name).is_relative_to(folder)

    def withdraw(self, path: Path) -> None:
        """Remove a file that was pushed, here and for other machines."""
        super().withdraw(path)
        self.remote.delete([path.relative_to(self.root).as_posix()])

    def leftovers(self) -> Iterator[Leftover]:
        """Yield what interrupted runs and uploads left in the storage."""
        contents = {str(manifest[CONTENT]) for manifest in self._objects.manifests(None)}
        yield from remote_leftovers(self.remote, contents)

    def has_raw(self, content: str) -> bool:
        """Return whether raw data with this fingerprint was put into the store."""
        return is_packed(self.remote, content)

    def put_raw(self, content: str, folder: Path, files: Sequence[Path]) -> None:
        """Put files of a folder into the store, all or none, by the fingerprint of all of them."""
        pack(self.remote, content, folder, files)

    def raw(self, content: str) -> Path | None:
        """Return the folder of raw data, brought to this machine once; None where there is none."""
        super().prepare()
        return unpack(self.remote, content, self.root)

    def publish(self, stage: AnyStage, output: Path, record: dict[str, Any]) -> Artifact:
        """Put the files into the store, and then the manifest, if the claim is still held.

        Where another process published first its artifact is the one that counts.

        Raises:
            ClaimLostError: Another process has taken the claim over, and makes it.
        """
        lease = self._held[stage.fingerprint]
        manifest = self._objects.put(described(stage, output, record), output, lease.number)
        if not lease.check():
            self._objects.withdraw(manifest)
            self.check_claim(stage.fingerprint)
        if self._objects.announce(manifest):
            self._objects.keep_copy(manifest, output)
        else:
            self._objects.withdraw(manifest)
            winner = self._objects.manifest((stage.name, stage.fingerprint))
            assert winner is not None, "a manifest that was there has been deleted meanwhile"
            manifest = dict(winner)
        self.done_with(stage.fingerprint)
        self._copies.pop(stage.fingerprint, None)
        with full_disk_explained(output):
            shutil.rmtree(self.work_folder(stage.fingerprint), ignore_errors=True)
        return self._artifact(manifest)

    def _artifact(self, manifest: Manifest) -> Artifact:
        folder = self.artifact_root / manifest["stage"] / manifest["fingerprint"]
        return Artifact(folder, dict(manifest))

    def _beat(self, fingerprint: str) -> dict[str, Any]:
        progress = read_progress(self.work_folder(fingerprint) / PROGRESS)
        if progress is None:  # nothing runs under this name
            return {}
        missing = super().missing_shards(fingerprint)
        return {"progress": vars(progress), "missing_shards": missing}


def _verdict_name(fingerprint: str) -> str:
    return f"failures/{fingerprint}.json"


def _write(content: bytes, file: BinaryIO) -> None:
    file.write(content)


def _release(lease: Lease) -> None:
    try:
        lease.release()
    except AudiomotionError as error:  # it ends by itself
        logger.warning("a claim could not be released: %s", error)
