from collections.abc import Iterator

import pytest

from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.orchestrate.worker import WorkerSettings
from tests.orchestrate.store.object_storage import ObjectStorage, serving


@pytest.fixture
def store(tmp_path) -> ArtifactStore:
    store = ArtifactStore(tmp_path / "store")
    store.prepare()
    return store


@pytest.fixture
def settings(store) -> WorkerSettings:
    return WorkerSettings(store.location, None, "cpu", threads=1, checkpoint_seconds=0.02)


@pytest.fixture(scope="session")
def server() -> Iterator[ObjectStorage]:
    with serving() as storage:
        yield storage


@pytest.fixture
def storage(server: ObjectStorage) -> Iterator[ObjectStorage]:
    """Return object storage in order; it may be broken, and is mended afterwards."""
    yield server
    server.mend()
