import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version

import pytest
import torch

from audiomotion.orchestrate.submitting.node import (
    Questions,
    is_hub_id,
    node_facts,
    torch_cuda,
    tracker_problem,
)
from tests.orchestrate.ray_head import free_ports


def test_a_node_says_what_it_is_like(tmp_path, monkeypatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    store = tmp_path / "store"
    (tmp_path / "weights").mkdir()
    facts = node_facts(
        "10.0.0.1",
        0,
        Questions(
            nonce="n",
            store=str(store),
            data_folders=(str(tmp_path / "raw"), str(tmp_path)),
            weights=(str(tmp_path / "weights"), "nobody/nothing", "./gone"),
        ),
    )
    assert facts.node.startswith("10.0.0.1 (")
    assert facts.versions["torch"] == version("torch")
    assert facts.unmet == ()
    assert facts.free_gigabytes > 0
    assert facts.missing_folders == (str(tmp_path / "raw"),)
    assert facts.missing_weights == ("nobody/nothing", "./gone")
    assert (facts.tracker, facts.tracker_problem, facts.store_problem) == ("", "", "")
    assert [path.name for path in store.iterdir()] == ["probe-n-10.0.0.1"]


def test_what_is_not_installed_is_named(monkeypatch) -> None:
    needed = ["torch>=99", "no-such-package>=1", "pytest; extra == 'dev'"]
    monkeypatch.setattr("audiomotion.orchestrate.submitting.node.requires", lambda name: needed)
    facts = node_facts("n", 0, Questions(nonce="n", store=""))
    assert facts.unmet == (
        f"torch {version('torch')}, not torch>=99",
        "no-such-package is not installed (no-such-package>=1)",
    )


def test_the_cuda_version_is_read_without_importing_torch() -> None:
    assert torch_cuda() == (torch.version.cuda or "")


class Tracker(BaseHTTPRequestHandler):
    """Answers as MLflow does to a client without a password, and to one by a strange name."""

    def do_GET(self) -> None:
        assert self.path == "/api/2.0/mlflow/experiments/search?max_results=1"
        login = self.headers["Authorization"] or ""
        self.send_response(self.server.answers.get(login, 401))
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize(
    ("answers", "user", "expected"),
    [
        ({"": 200}, "", ""),
        ({"": 403}, "", "answers 403; set MLFLOW_TRACKING_USERNAME"),
        ({"": 500}, "", "answers 500"),
        ({"Basic bWU6cHc=": 200}, "me", ""),
        ({"Basic bWU6cHc=": 200}, "you", "answers 401; set MLFLOW_TRACKING_USERNAME"),
    ],
)
def test_a_tracking_server_is_asked_as_its_client_does(
    answers, user, expected, monkeypatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_TOKEN", raising=False)
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", user)
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "pw")
    with HTTPServer(("127.0.0.1", 0), Tracker) as server:
        server.answers = answers
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        problem = tracker_problem(f"http://127.0.0.1:{server.server_port}")
        thread.join()
    assert expected in problem
    assert bool(problem) == bool(expected)


def test_a_tracking_server_that_is_not_there_is_a_problem() -> None:
    (port,) = free_ports(1)
    assert "does not answer" in tracker_problem(f"http://127.0.0.1:{port}")
    assert tracker_problem("sqlite:///mlflow.db") == ""


def test_hub_ids_are_told_from_folders() -> None:
    assert is_hub_id("microsoft/wavlm-base-plus")
    assert not any(map(is_hub_id, ("./a", "/a/b", "~/a", "a", "a/b/c")))
