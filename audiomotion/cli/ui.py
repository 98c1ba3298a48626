"""`amx ui`: MLflow, opened at the comparison of the last launch; served here or elsewhere."""

import os
import signal
import socket
import subprocess
import sys
import time
import webbrowser
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any, NoReturn

import typer

from audiomotion.cli.console import errors
from audiomotion.cli.options import DEFAULT_STORE, StoreOption
from audiomotion.config.nearest import not_one_of
from audiomotion.errors import ClusterError, ConfigError
from audiomotion.files import read_json
from audiomotion.orchestrate.choosing import find_run
from audiomotion.orchestrate.records import RunRecord, all_runs
from audiomotion.orchestrate.store import ArtifactStore, open_store
from audiomotion.orchestrate.submitting.node import tracker_problem
from audiomotion.track.links import LaunchLinks, front_page, launch_links
from audiomotion.track.tracker import default_uri

_SECONDS_TO_STOP = 20.0
_SECONDS_BETWEEN_LOOKS = 0.2


@dataclass(frozen=True)
class _Tracked:
    """A launch, and what its tracker keeps of it."""

    record: RunRecord
    state: Mapping[str, Any]

    @property
    def uri(self) -> str:
        """Where it is tracked."""
        return str(self.state["uri"])

    def links(self, server: str) -> LaunchLinks:
        """Return its pages of a server."""
        has_comparison = self.record.status in ("done", "failed")
        return launch_links(server, self.record.id, self.state, has_comparison=has_comparison)


def ui(
    store: StoreOption = DEFAULT_STORE,
    run: Annotated[
        str | None, typer.Option("--run", help="Id of a launch, or its beginning; else the last.")
    ] = None,
    axis: Annotated[
        str | None, typer.Option("--axis", help="The last launch of this axis.")
    ] = None,
    port: Annotated[int, typer.Option("--port", min=1, max=65535)] = 5000,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the page, where a screen is.")
    ] = True,
) -> None:
    """Show the comparison of the last launch in a browser, by MLflow; Ctrl-C stops it.

    Where a tracking server has it (MLFLOW_TRACKING_URI), its page is named and none is started.
    """
    place = open_store(store)
    named = os.environ.get("MLFLOW_TRACKING_URI") and default_uri(place.root)
    launch = _chosen(place, run, axis, named or None)
    uri = named or (launch.uri if launch else default_uri(place.root))
    if _is_server(uri):
        if problem := tracker_problem(uri):
            raise ClusterError(problem)
        _show(uri, launch, browser=browser)
        return
    _refuse_used_port(port)
    errors.say("MLflow takes some seconds to start; Ctrl-C stops it")
    with _served(place, default_uri(place.root), port) as server:
        if _opened(server, port):
            _show(f"http://127.0.0.1:{port}", launch, browser=browser)
        server.wait()
        raise ClusterError(f"MLflow's server ended with exit code {server.returncode}; see above")


def _show(server: str, launch: _Tracked | None, *, browser: bool) -> None:
    """Name the pages, the comparison first and on stdout, and open it."""
    if launch is None:
        page = front_page(server)
        errors.say("no launch of this store is tracked there; this is its first page")
    else:
        links = launch.links(server)
        page = links.comparison
        errors.say(f"launch {launch.record.id}; its curves and charts: {links.charts}")
        if links.side_by_side:
            errors.say(f"its arms and seeds, value beside value: {links.side_by_side}")
    typer.echo(page)
    sys.stdout.flush()
    if browser and _has_screen():
        webbrowser.open(page)


def _has_screen() -> bool:
    """Return whether a browser can be seen, and none in this terminal would be started."""
    screens = ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY")
    return sys.platform == "darwin" or any(os.environ.get(name) for name in screens)


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


def _chosen(
    store: ArtifactStore, run: str | None, axis: str | None, named_uri: str | None
) -> _Tracked | None:
    """Return the launch that is asked for, the newest otherwise.

    Args:
        store: Where launches are recorded.
        run: Beginning of an id.
        axis: Its axis, or experiment.
        named_uri: The only tracker whose launches are looked at, if there is one.

    Returns:
        None where a server is named that has none of this store's, and none was asked for.

    Raises:
        ConfigError: There is no such launch, or none that was tracked.
    """
    launches = [
        one
        for one in _tracked_launches(store)
        if named_uri is None or one.uri.rstrip("/") == named_uri.rstrip("/")
    ]
    if axis is not None:
        launches = [one for one in launches if one.record.title == axis] or _no_such_axis(
            axis, launches
        )
    if run is not None:
        record = find_run(run, [one.record for one in launches])
        return next(one for one in launches if one.record.id == record.id)
    if not launches and named_uri is None and not (store.root / "mlflow.db").exists():
        raise ConfigError(
            f"{store.location} holds no tracked launch; run `amx ablate` first, or see --store"
        )
    return launches[0] if launches else None


def _no_such_axis(axis: str, launches: Sequence[_Tracked]) -> NoReturn:
    titles = sorted({one.record.title for one in launches})
    if not titles:
        raise ConfigError(f"{axis!r}: no launch is tracked here; see --store")
    raise ConfigError(not_one_of(axis, titles, what="the axes of tracked launches "))


def _is_server(uri: str) -> bool:
    return uri.startswith(("http://", "https://"))


def _tracked_launches(store: ArtifactStore) -> Iterator[_Tracked]:
    """Yield every launch that is tracked, the newest first."""
    for record in all_runs(store):
        path = store.runs / record.id / "mlflow.json"
        if path.exists() and "experiment_id" in (state := read_json(path)):
            yield _Tracked(record, state)
