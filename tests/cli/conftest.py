import shutil
from pathlib import Path

import pytest

from tests.cli.command_line import Ended, train


@pytest.fixture(scope="session")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ended]:
    """Return a store, and the run that filled it."""
    store = tmp_path_factory.mktemp("cli") / "store"
    return store, train(store)


@pytest.fixture(scope="session")
def finished(first_run: tuple[Path, Ended]) -> Path:
    """Return a store that holds a finished launch and nothing else."""
    store, ended = first_run
    assert ended.code == 0, ended.err
    return store


@pytest.fixture(scope="module")
def store(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the finished store, which a module's tests may add to."""
    return Path(shutil.copytree(finished, tmp_path_factory.mktemp("copy") / "store"))


@pytest.fixture
def damaged(finished: Path, tmp_path: Path) -> Path:
    """Return a copy of the finished store, to be damaged."""
    return Path(shutil.copytree(finished, tmp_path / "copy"))


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the caller's settings out, and every file that a command writes below the test's."""
    ours = ("AMX_STORE", "AMX_DATA_ROOT", "AMX_JOB", "MLFLOW_TRACKING_URI")
    rays = ("RAY_ADDRESS", "RAY_API_SERVER_ADDRESS", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")
    for name in (*ours, *rays):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
