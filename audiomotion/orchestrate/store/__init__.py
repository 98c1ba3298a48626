"""The artifact store: in a folder, or behind a URL with a local mirror folder."""

from audiomotion.orchestrate.store.artifact import MANIFEST, Artifact, verify
from audiomotion.orchestrate.store.folder import PROGRESS, ArtifactKey, ArtifactStore
from audiomotion.orchestrate.store.opening import open_store

__all__ = [
    "MANIFEST",
    "PROGRESS",
    "Artifact",
    "ArtifactKey",
    "ArtifactStore",
    "open_store",
    "verify",
]
