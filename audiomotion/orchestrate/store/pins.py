"""Artifacts that are to stay: a small file each, named after it."""

from collections.abc import Iterable

from audiomotion.files import full_disk_explained, write_json
from audiomotion.orchestrate.store.folder import ArtifactStore


def pinned(store: ArtifactStore) -> set[str]:
    """Return the fingerprints that are pinned."""
    folder = store.root / "pins"
    store.pull(folder)
    return {path.name for path in folder.glob("*")} if folder.exists() else set()


def pin(store: ArtifactStore, fingerprints: Iterable[str]) -> None:
    """Pin artifacts."""
    folder = store.root / "pins"
    with full_disk_explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
    for fingerprint in fingerprints:
        write_json(folder / fingerprint, {})
    store.push(folder)


def unpin(store: ArtifactStore, fingerprint: str) -> None:
    """Undo `pin` for one artifact."""
    store.withdraw(store.root / "pins" / fingerprint)
