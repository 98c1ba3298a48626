"""MLflow's server is stopped and started again while a launch runs."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.orchestrate.processes import wait_until
from tests.report.test_patient import Case


@contextmanager
def server(root: Path, port: int) -> Iterator[None]:
    """Run MLflow's server; it is killed in the end."""
    command = [
        sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port),
        "--backend-store-uri", f"sqlite:///{root / 'server.db'}", "--workers", "1",
        "--default-artifact-root", (root / "mlartifacts").as_uri(),
    ]  # fmt: skip
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with (root / "server.log").open("a") as log:
        process = subprocess.Popen(
            command, env={**os.environ, **quiet}, stdout=log, stderr=log, start_new_session=True
        )
    try:
        wait_until(lambda: _answers(port), "MLflow's server", 120)
        yield
    finally:
        os.killpg(process.pid, 9)  # its workers too
        process.wait()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_server_stopped_and_started_again(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    case = Case(tmp_path, f"http://127.0.0.1:{port}")
    with server(tmp_path, port):
        observer = case.observer(patience_seconds=120.0)
    observer.stage_done(case.record, case.stage, case.folder)
    wait_until(lambda: bool(case.said), "a word about it")
    assert f"MLflow at {case.uri} cannot be used" in case.said[0]
    with server(tmp_path, port):
        observer.end(case.record)
        case.assert_complete()
