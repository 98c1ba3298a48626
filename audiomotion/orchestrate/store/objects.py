"""Artifacts as objects: manifests, and the files that they name, brought to this machine."""

import json
import secrets
import shutil
from collections.abc import Collection, Iterable, Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Final

from audiomotion.errors import AudiomotionError, DataError
from audiomotion.files import file_digest, full_disk_explained, read_json, write_json
from audiomotion.orchestrate.store.artifact import MANIFEST, SEEN, opened
from audiomotion.orchestrate.store.folder import ArtifactKey
from audiomotion.orchestrate.store.hot import HotArtifacts
from audiomotion.orchestrate.store.locks import locked
from audiomotion.orchestrate.store.remote import Entry, Remote

CONTENT: Final = "content"
"""Key of a manifest, and name of the folder: where the files are."""

_MARK: Final = f".{CONTENT}"
"""File of a local copy that says of what it is one."""

Manifest = Mapping[str, Any]

_DELETE: Final = "`amx artifacts verify --delete` removes it, then run again"


class ArtifactObjects:
    """The artifacts of a store behind a URL, and their local copies below a mirror folder."""

    def __init__(self, remote: Remote, root: Path) -> None:
        self._remote = remote
        self._root = root
        self._hot = HotArtifacts(root)

    def keys(self, kinds: Iterable[str]) -> set[ArtifactKey]:
        """Return which artifacts of some kinds of stages are there."""
        return set(self._listing(kinds))

    def manifest(self, key: ArtifactKey) -> Manifest | None:
        """Return the manifest of an artifact; None where there is none."""
        content = self._remote.read(_manifest_name(key))
        return None if content is None else self._parsed(key, content)

    def manifests(self, kind: str | None) -> list[Manifest]:
        """Return the manifests of a kind of stage, or all, by stage and fingerprint."""
        return self._all_remembered(self._listing(None if kind is None else [kind]))

    def manifests_of(self, keys: Iterable[ArtifactKey]) -> list[Manifest]:
        """Return the manifests of those artifacts that are there."""
        wanted = set(keys)
        listing = self._listing({kind for kind, _ in wanted})
        return self._all_remembered({key: listing[key] for key in wanted & listing.keys()})

    def _listing(self, kinds: Iterable[str] | None) -> dict[ArtifactKey, Entry]:
        """Return what is there of some kinds of stages, or of all: a listing a kind."""
        folders = ["artifacts"] if kinds is None else [f"artifacts/{kind}" for kind in kinds]
        listings = self._remote.map(self._remote.listing, folders)
        return {
            key: entry
            for listing in listings
            for name, entry in listing.items()
            if (key := _key_of(name))
        }

    def _all_remembered(self, entries: Mapping[ArtifactKey, Entry]) -> list[Manifest]:
        found = self._remote.map(lambda item: self._remembered(*item), sorted(entries.items()))
        return [manifest for manifest in found if manifest is not None]

    def check_sizes(self, manifest: Manifest) -> None:
        """Compare what is stored with the sizes in the manifest.

        Raises:
            DataError: A file is missing or has another size.
        """
        there = self._remote.listing(manifest[CONTENT])
        for name, wanted in manifest["files"].items():
            entry = there.get(f"{manifest[CONTENT]}/{name}")
            if entry is None or entry.size != wanted["size"]:
                raise DataError(
                    f"{self._place(manifest, name)} is missing or has another size than when it "
                    f"was written; {_DELETE}"
                )

    def put(self, manifest: dict[str, Any], output: Path, number: int) -> dict[str, Any]:
        """Write the files of an artifact, and return the manifest that says where they are."""
        key = _key(manifest)
        folder = f"{CONTENT}/{key[0]}/{key[1]}/{number:06d}-{secrets.token_hex(4)}"
        self._remote.map(
            lambda name: self._remote.put(f"{folder}/{name}", output / name), manifest["files"]
        )
        return {**manifest, CONTENT: folder}

    def announce(self, manifest: Manifest) -> bool:
        """Write the manifest; return whether it is the first, which is the one that counts."""
        content = json.dumps(manifest, indent=1, ensure_ascii=False).encode()
        return self._remote.create(_manifest_name(_key(manifest)), content)

    def withdraw(self, manifest: Manifest) -> None:
        """Delete the files of an artifact that was not announced."""
        self._remote.delete_below(manifest[CONTENT])

    def delete(self, manifest: Manifest) -> None:
        """Delete an artifact: the manifest first, so that it is there whole or not at all."""
        key = _key(manifest)
        self._remote.delete([_manifest_name(key)])
        self._remote.delete_below(manifest[CONTENT])
        shutil.rmtree(self._folder(key), ignore_errors=True)

    def bring(self, manifest: Manifest, names: Collection[str] | None = None) -> None:
        """Make an artifact, or some of its files, readable on this machine.

        Every checksum is computed on the way. A whole copy stays at least until this object ends.

        Raises:
            DataError: A file is missing or damaged in the store, or the local disk is full.
        """
        key = _key(manifest)
        if names is None:
            self._hot.use(key[1])
        with self._hot.reading(key[1]), locked(self._root / "locks" / f"{key[1]}.fetch"):
            folder = self._folder(key)
            self._drop_other_copy(folder, manifest)
            if (folder / MANIFEST).exists():
                return
            wanted = [name for name in manifest["files"] if names is None or _fits(name, names)]
            with full_disk_explained(folder):
                self._remote.map(lambda name: self._bring_file(manifest, name), wanted)
                if names is not None and MANIFEST in names:
                    write_json(folder / SEEN, manifest)
                if names is None:
                    write_json(folder / MANIFEST, manifest)
        if names is None:
            self._hot.shrink()

    def keep_copy(self, manifest: Manifest, output: Path) -> None:
        """Make a finished output folder the local copy of what was just put."""
        key = _key(manifest)
        folder = self._folder(key)
        self._hot.use(key[1])
        with (
            self._hot.reading(key[1]),
            locked(self._root / "locks" / f"{key[1]}.fetch"),
            full_disk_explained(folder),
        ):
            shutil.rmtree(folder, ignore_errors=True)
            folder.parent.mkdir(parents=True, exist_ok=True)
            output.rename(folder)
            (folder / _MARK).write_text(manifest[CONTENT])
            write_json(folder / MANIFEST, manifest)
        self._hot.shrink()

    def problems(self, manifest: Manifest) -> list[str]:
        """Read every file of an artifact; return what is wrong with them."""

        def problem(name: str) -> str | None:
            aside = self._root / "locks" / f".{secrets.token_hex(8)}.tmp"
            try:
                if not self._remote.download(f"{manifest[CONTENT]}/{name}", aside):
                    return f"{self._place(manifest, name)} is missing"
                if file_digest(aside) != manifest["files"][name]["sha256"]:
                    return f"{self._place(manifest, name)} has changed since it was written"
            finally:
                aside.unlink(missing_ok=True)
            return None

        found = self._remote.map(problem, manifest["files"])
        return [one for one in found if one is not None]

    def _bring_file(self, manifest: Manifest, name: str) -> None:
        target = self._folder(_key(manifest)) / name
        entry = manifest["files"][name]
        if target.exists() and target.stat().st_size == entry["size"]:
            return  # it was renamed to its place after its checksum had been seen
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = target.with_name(f".{target.name}.tmp")
        try:
            there = self._remote.download(f"{manifest[CONTENT]}/{name}", aside)
            if not there or file_digest(aside) != entry["sha256"]:
                raise DataError(
                    f"{self._place(manifest, name)} is missing or damaged: its checksum is not "
                    f"the one that was written; {_DELETE}"
                )
            aside.replace(target)
        finally:
            aside.unlink(missing_ok=True)

    def _drop_other_copy(self, folder: Path, manifest: Manifest) -> None:
        """Remove a local copy that is damaged, or of an artifact that was made anew since."""
        mark = folder / _MARK
        if folder.exists() and (
            not mark.exists() or mark.read_text() != manifest[CONTENT] or _is_damaged(folder)
        ):
            shutil.rmtree(folder)
        with full_disk_explained(folder):
            folder.mkdir(parents=True, exist_ok=True)
            mark.write_text(manifest[CONTENT])

    def _remembered(self, key: ArtifactKey, entry: Entry) -> Manifest | None:
        """Return a manifest, which never changes while its tag does not."""
        path = self._root / "manifests" / f"{key[1]}.json"
        try:
            known = read_json(path)
            if known["tag"] == entry.tag:
                return dict(known["manifest"])
        except (AudiomotionError, KeyError):
            pass
        manifest = self.manifest(key)
        if manifest is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_json(path, {"tag": entry.tag, "manifest": manifest})
        return manifest

    def _parsed(self, key: ArtifactKey, content: bytes) -> Manifest:
        try:
            manifest: Manifest = json.loads(content)
            assert _key(manifest) == key
        except (ValueError, KeyError, TypeError, AssertionError) as error:
            name = f"{self._remote.url}/{_manifest_name(key)}"
            raise DataError(f"{name} is damaged: {error}; delete it and run again") from error
        return manifest

    def _folder(self, key: ArtifactKey) -> Path:
        return self._root / "artifacts" / key[0] / key[1]

    def _place(self, manifest: Manifest, name: str) -> str:
        return f"{self._remote.url}/{manifest[CONTENT]}/{name}"


def _is_damaged(folder: Path) -> bool:
    """Return whether a local copy that was complete is not any more."""
    if not (folder / MANIFEST).exists():
        return False
    try:
        opened(folder)
    except DataError:
        return True
    return False


def _key(manifest: Manifest) -> ArtifactKey:
    return str(manifest["stage"]), str(manifest["fingerprint"])


def _manifest_name(key: ArtifactKey) -> str:
    return f"artifacts/{key[0]}/{key[1]}/{MANIFEST}"


def _key_of(name: str) -> ArtifactKey | None:
    """Return whose manifest an object is; None where it is something else."""
    parts = name.split("/")
    return (parts[1], parts[2]) if len(parts) == 4 and parts[3] == MANIFEST else None


def _fits(name: str, patterns: Collection[str]) -> bool:
    return any(fnmatch(name, pattern) for pattern in patterns)
