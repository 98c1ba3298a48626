import pytest

from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.orchestrate.worker import WorkerSettings


@pytest.fixture
def store(tmp_path) -> ArtifactStore:
    store = ArtifactStore(tmp_path / "store")
    store.prepare()
    return store


@pytest.fixture
def settings(store) -> WorkerSettings:
    return WorkerSettings(store.location, None, "cpu", threads=1, checkpoint_seconds=0.02)
