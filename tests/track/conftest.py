import shutil

import pytest

from audiomotion.track.tracker import Tracker


@pytest.fixture(scope="session")
def tables(tmp_path_factory):
    """Make a database once; making the tables takes seconds."""
    root = tmp_path_factory.mktemp("mlflow")
    Tracker(f"sqlite:///{root}/mlflow.db", root, root / "run")
    return root / "mlflow.db"


@pytest.fixture
def uri(tables, tmp_path):
    shutil.copy(tables, tmp_path / "mlflow.db")
    return f"sqlite:///{tmp_path}/mlflow.db"


@pytest.fixture(autouse=True)
def no_server_of_ones_own(monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
