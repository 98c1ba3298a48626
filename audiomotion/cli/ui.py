"""`amx ui`: MLflow on loopback, opened at the comparison of the last launch."""

import os
import signal
import socket
import subprocess
import sys
from typing import Annotated

import typer

from audiomotion.cli.console import errors
from audiomotion.cli.options import DEFAULT_STORE, StoreOption
from audiomotion.errors import ClusterError, ConfigError
from audiomotion.files import read_json
from audiomotion.orchestrate.records import all_runs
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.track.tracker import default_uri


def ui(
    store: StoreOption = DEFAULT_STORE,
    port: Annotated[int, typer.Option("--port", min=1, max=65535)] = 5000,
) -> None:
    """Start MLflow on this machine and print the link to the last launch; Ctrl-C stops it."""
    place = ArtifactStore(store)
    uri = default_uri(place.root)
    if uri.startswith("sqlite:") and not (place.root / "mlflow.db").exists():
        raise ConfigError(
            f"{place.root} holds no tracked launch; run `amx ablate` first, or see --store"
        )
    _refuse_used_port(port)
    typer.echo(f"http://127.0.0.1:{port}/{_last_launch(place)}")
    errors.say("MLflow takes some seconds to start; Ctrl-C stops it")
    command = [
        sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port),
        "--backend-store-uri", uri, "--workers", "1",
        "--default-artifact-root", f"file://{place.root / 'mlartifacts'}",
    ]  # fmt: skip
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=sys.stderr)
    try:
        server.wait()
    finally:
        if server.poll() is None:
            server.send_signal(signal.SIGINT)
            server.wait(timeout=20)
    if server.returncode not in (0, -signal.SIGINT, -signal.SIGTERM):
        raise ClusterError(f"MLflow's server ended with exit code {server.returncode}; see above")


def _refuse_used_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise ConfigError(
                f"port {port} cannot be used ({os.strerror(error.errno or 0)}); choose one with --port"
            ) from error


def _last_launch(store: ArtifactStore) -> str:
    """Return MLflow's path of the comparison of the newest launch; empty where it is not tracked."""
    for record in all_runs(store.runs):
        state = store.runs / record.id / "mlflow.json"
        if state.exists():
            content = read_json(state)
            return f"#/experiments/{content['experiment_id']}/runs/{content['runs']['']}"
    return ""
