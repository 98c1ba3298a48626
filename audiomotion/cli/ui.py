"""`amx ui`: MLflow, opened at the comparison of the last launch; served here or elsewhere."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from audiomotion.cli.console import errors
from audiomotion.cli.options import DEFAULT_STORE, StoreOption
from audiomotion.errors import ClusterError, ConfigError
from audiomotion.files import read_json
from audiomotion.orchestrate.records import all_runs
from audiomotion.orchestrate.store import ArtifactStore, open_store
from audiomotion.orchestrate.submitting.node import tracker_problem
from audiomotion.track.tracker import default_uri

_SECONDS_TO_STOP = 20.0
_SECONDS_BETWEEN_LOOKS = 0.2


def ui(
    store: StoreOption = DEFAULT_STORE,
    port: Annotated[int, typer.Option("--port", min=1, max=65535)] = 5000,
) -> None:
    """Show launches in a browser, by MLflow; Ctrl-C stops it.

    Where a tracking server has them (MLFLOW_TRACKING_URI), its page is named and none is started.
    """
    place = open_store(store)
    uri = _tracking_uri(place)
    if _is_server(uri):
        if problem := tracker_problem(uri):
            raise ClusterError(problem)
        typer.echo(f"{uri.rstrip('/')}/{_last_launch(place, uri)}")
        return
    _refuse_used_port(port)
    errors.say("MLflow takes some seconds to start; Ctrl-C stops it")
    with _served(place, uri, port) as server:
        if _opened(server, port):
            typer.echo(f"http://127.0.0.1:{port}/{_last_launch(place, uri)}")
            sys.stdout.flush()
        server.wait()
        raise ClusterError(f"MLflow's server ended with exit code {server.returncode}; see above")


@contextmanager
def _served(store: ArtifactStore, uri: str, port: int) -> "Iterator[subprocess.Popen[bytes]]":
    """Run MLflow's server until the block ends; Ctrl-C ends the block, and is no error."""
    command = [
        sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port),
        "--backend-store-uri", uri, "--workers", "1", "--uvicorn-opts", "--log-level warning",
        "--default-artifact-root", f"file://{store.root / 'mlartifacts'}",
    ]  # fmt: skip
    quiet = {
        "MLFLOW_LOGGING_LEVEL": "WARNING",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # nothing here is run by MLflow
        "PYTHONWARNINGS": "ignore",
    }
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # or the server would outlive us
    server = subprocess.Popen(command, env={**quiet, **os.environ}, stdout=subprocess.DEVNULL)
    try:
        yield server
    except KeyboardInterrupt:  # the way to end it
        pass
    finally:
        _end(server)


def _end(server: "subprocess.Popen[bytes]") -> None:
    server.send_signal(signal.SIGINT)  # nothing happens where it has ended
    try:
        server.wait(timeout=_SECONDS_TO_STOP)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _opened(server: "subprocess.Popen[bytes]", port: int) -> bool:
    """Wait until the port answers; return False where the server ended before."""
    while server.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return True
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    return False


def _refuse_used_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            reason = os.strerror(error.errno or 0)
            raise ConfigError(
                f"port {port} cannot be used ({reason}); choose one with --port"
            ) from error


def _tracking_uri(store: ArtifactStore) -> str:
    """Return where launches are tracked: MLFLOW_TRACKING_URI, the store's SQLite, or their server.

    Raises:
        ConfigError: No launch was tracked, as far as can be seen from here.
    """
    uri = default_uri(store.root)
    if not uri.startswith("sqlite:") or (store.root / "mlflow.db").exists():
        return uri
    for state in _tracked_launches(store):
        if _is_server(found := str(state["uri"])):
            return found
    raise ConfigError(
        f"{store.location} holds no tracked launch; run `amx ablate` first, or see --store"
    )


def _is_server(uri: str) -> bool:
    return uri.startswith(("http://", "https://"))


def _last_launch(store: ArtifactStore, uri: str) -> str:
    """Return MLflow's path of the newest launch that is tracked there; empty where none is."""
    for state in _tracked_launches(store):
        if state["uri"] == uri or not _is_server(uri):
            return f"#/experiments/{state['experiment_id']}/runs/{state['runs']['']}"
    return ""


def _tracked_launches(store: ArtifactStore) -> Iterator[dict[str, Any]]:
    """Yield what the tracker keeps of each launch, the newest first."""
    for record in all_runs(store):
        path = store.runs / record.id / "mlflow.json"
        if path.exists():
            yield read_json(path)
