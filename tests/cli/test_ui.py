"""Where `amx ui` finds the comparison when a tracking server has it."""

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from audiomotion.files import write_json
from audiomotion.orchestrate.records import RunFolder
from audiomotion.orchestrate.store import ArtifactStore
from tests.cli.command_line import amx
from tests.orchestrate.test_records import RECORD


class _Server(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    """Yield the address of something that answers as a tracking server is asked."""
    with HTTPServer(("127.0.0.1", 0), _Server) as answering:
        threading.Thread(target=answering.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{answering.server_port}"
        answering.shutdown()


def tracked(root: Path, uri: str) -> Path:
    """Return a store whose launch is tracked by a server."""
    store = ArtifactStore(root)
    store.prepare()
    RunFolder(store, "run").save(RECORD)
    state = {"uri": uri, "experiment_id": "3", "runs": {"": "abc"}}
    write_json(store.runs / RECORD.id / "mlflow.json", state)
    return root


@pytest.mark.parametrize("is_named", [True, False])
def test_a_server_s_own_page_is_named(
    server: str, is_named: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if is_named:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"{server}/")
    ended = amx("ui", "--store", tracked(tmp_path / "store", f"{server}/" if is_named else server))
    assert (ended.code, ended.out) == (0, f"{server}/#/experiments/3/runs/abc\n"), ended.err


def test_a_server_that_is_away_is_said(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    ended = amx("ui", "--store", tracked(tmp_path / "store", f"http://127.0.0.1:{port}"))
    assert (ended.code, ended.out) == (4, "")
    assert f"MLflow at http://127.0.0.1:{port} does not answer" in ended.problem
