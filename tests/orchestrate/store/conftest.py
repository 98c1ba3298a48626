from dataclasses import dataclass
from pathlib import Path

import pytest

from audiomotion.orchestrate.store import ArtifactStore, open_store
from audiomotion.orchestrate.worker import WorkerSettings


@dataclass
class Nodes:
    """Machines that share a store and, where it is behind a URL, no disk."""

    location: str
    folder: Path
    patch: pytest.MonkeyPatch

    def cache(self, name: str) -> str:
        """Return the folder that AMX_CACHE names on a machine."""
        return str(self.folder / f"cache-{name}")

    def on(self, name: str) -> ArtifactStore:
        """Return the store as a machine sees it; from now on this process is that machine."""
        self.patch.setenv("AMX_CACHE", self.cache(name))
        store = open_store(self.location)
        store.prepare()
        return store

    def settings(self) -> WorkerSettings:
        """Return settings of a worker."""
        return WorkerSettings(self.location, None, "cpu", threads=1, checkpoint_seconds=0.02)


@pytest.fixture
def nodes(storage, tmp_path, monkeypatch) -> Nodes:
    """Return machines that share a bucket."""
    monkeypatch.setenv("AMX_LEASE_SECONDS", "1")
    return Nodes(storage.bucket(), tmp_path, monkeypatch)


@pytest.fixture(params=["folder", "s3"])
def any_nodes(request, tmp_path, monkeypatch) -> Nodes:
    """Return machines that share a folder, or a bucket."""
    if request.param == "folder":
        return Nodes(str(tmp_path / "store"), tmp_path, monkeypatch)
    nodes: Nodes = request.getfixturevalue("nodes")
    return nodes
