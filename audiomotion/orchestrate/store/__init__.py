"""The artifact store: in a folder, or behind a URL with a local mirror folder."""

from audiomotion.orchestrate.store.artifact import MANIFEST, Artifact, manifest_in, verify
from audiomotion.orchestrate.store.folder import NOTES, PROGRESS, ArtifactKey, ArtifactStore
from audiomotion.orchestrate.store.opening import open_store

__all__ = [
    "MANIFEST",
    "NOTES",
    "PROGRESS",
    "Artifact",
    "ArtifactKey",
    "ArtifactStore",
    "manifest_in",
    "open_store",
    "verify",
]
