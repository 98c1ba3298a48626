"""Where `amx ui` finds the comparison when a tracking server has it."""

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from audiomotion.cli.ui import _has_screen
from audiomotion.files import write_json
from audiomotion.orchestrate.records import RunFolder
from audiomotion.orchestrate.store import ArtifactStore
from tests.cli.command_line import amx, run
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


def tracked(root: Path, uri: str, name: str = RECORD.id, **changes: Any) -> Path:
    """Return a store whose launch is tracked by a server."""
    store = ArtifactStore(root)
    store.prepare()
    RunFolder(store, name).save(replace(RECORD, id=name, **{"status": "done"} | changes))
    state = {"uri": uri, "experiment_id": "3", "runs": {"": f"p-{name}", "a": "c1", "b": "c2"}}
    write_json(store.runs / name / "mlflow.json", state)
    return root


def page(server: str, name: str = RECORD.id) -> str:
    """Return the address of a launch's comparison."""
    shown = "artifacts/comparison.html?workflowType=machine_learning"
    return f"{server}/#/experiments/3/runs/p-{name}/{shown}\n"


@pytest.mark.parametrize("is_named", [True, False])
def test_a_server_s_own_page_is_named(
    server: str, is_named: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if is_named:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"{server}/")
    ended = amx("ui", "--store", tracked(tmp_path / "store", f"{server}/" if is_named else server))
    assert (ended.code, ended.out) == (0, page(server)), ended.err
    assert "tags.%60amx.run%60%20%3D%20%27" in ended.err
    assert "compare-runs?runs=%5B%22c1%22%2C%20%22c2%22%5D&experiments=%5B%223%22%5D" in ended.err


def test_a_launch_is_chosen_by_its_id_or_its_axis(server: str, tmp_path: Path) -> None:
    root = tracked(tmp_path / "store", server, "one-1", title="one", updated="2026-01-01")
    tracked(root, server, "one-2", title="one", updated="2026-01-02")
    tracked(root, server, "two-1", title="two", updated="2026-01-03")
    tracked(root, "http://127.0.0.1:9", "gone-1", title="gone", updated="2026-01-01")

    def shown(*args: str) -> str:
        ended = amx("ui", "--store", root, *args)
        assert ended.code == 0, ended.err
        return ended.out

    assert shown() == page(server, "two-1")
    assert shown("--axis", "one") == page(server, "one-2")
    assert shown("--run", "one-1") == page(server, "one-1")
    unknown = amx("ui", "--store", root, "--axis", "on")
    assert (unknown.code, "did you mean 'one'?" in unknown.problem) == (2, True)
    several = amx("ui", "--store", root, "--run", "one")
    assert (several.code, "give more of it" in several.problem) == (2, True)
    assert amx("ui", "--store", root, "--run", "gone").code == 4


def test_a_launch_that_runs_is_shown_without_a_comparison(server: str, tmp_path: Path) -> None:
    root = tracked(tmp_path / "store", server, "run-1", status="running")
    ended = amx("ui", "--store", root)
    assert ended.out == f"{server}/#/experiments/3/runs/p-run-1?workflowType=machine_learning\n"


def test_a_server_without_launches_of_this_store_shows_its_first_page(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    ended = amx("ui", "--store", tracked(tmp_path / "store", "http://127.0.0.1:9"))
    assert (ended.code, ended.out) == (
        0,
        f"{server}/#/experiments?workflowType=machine_learning\n",
    )
    assert "no launch of this store is tracked there" in ended.err


@pytest.mark.parametrize(("option", "opened"), [("--browser", True), ("--no-browser", False)])
def test_the_page_is_opened_unless_it_shall_not(
    option: str, opened: bool, server: str, tmp_path: Path
) -> None:
    """A process of its own: Python looks for browsers once."""
    seen, program = tmp_path / "seen", tmp_path / "browser"
    program.write_text(f'#!/bin/sh\necho "$1" > "{seen}"\n')
    program.chmod(0o755)
    store = tracked(tmp_path / "store", server)
    ended = run("ui", "--store", store, option, BROWSER=str(program))
    assert ended.code == 0, ended.err
    assert (seen.exists() and seen.read_text() == page(server)) == opened


def test_without_a_screen_no_browser_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    assert not _has_screen()
    monkeypatch.setenv("DISPLAY", ":0")
    assert _has_screen()


def test_a_password_in_the_address_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://me:s3cret@127.0.0.1:9")
    store = tracked(tmp_path / "store", "http://127.0.0.1:9")
    for command in (("ui",), ("doctor",)):
        ended = amx(*command, "--store", store)
        assert ended.code != 0
        assert "holds a password" in ended.err + ended.out
        assert "s3cret" not in ended.err + ended.out


def test_a_server_that_is_away_is_said(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    ended = amx("ui", "--store", tracked(tmp_path / "store", f"http://127.0.0.1:{port}"))
    assert (ended.code, ended.out) == (4, "")
    assert f"MLflow at http://127.0.0.1:{port} does not answer" in ended.problem
