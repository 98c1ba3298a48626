"""A launch against MLflow with PostgreSQL and passwords, both real; no password is left behind."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest
from mlflow.tracking import MlflowClient

from audiomotion.errors import ClusterError
from audiomotion.files import read_json
from audiomotion.track.tracker import Tracker
from tests.browser import needs_browser, open_page
from tests.cli.command_line import TINY, Ended, amx
from tests.track.password_server import PasswordServer, password_server
from tests.track.postgres import needs_postgres

pytestmark = [needs_postgres]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PasswordServer]:
    with password_server(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture(scope="module")
def computed(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store with every artifact, and no launch yet."""
    store = Path(shutil.copytree(finished, tmp_path_factory.mktemp("computed") / "store"))
    shutil.rmtree(store / "runs")
    (store / "mlflow.db").unlink()
    return store


def amx_as(variables: dict[str, str], *args: object) -> Ended:
    """Run a command with a user's variables."""
    with mock.patch.dict(os.environ, variables):
        return amx(*args)


def launch(store: Path, variables: dict[str, str]) -> Ended:
    """Run the tiny experiment."""
    return amx_as(variables, "train", TINY, "--executor", "local", "--store", store)


@pytest.fixture(scope="module")
def launched(server: PasswordServer, computed: Path) -> tuple[Path, Ended]:
    """Return the store, and the launch that the writer made."""
    return computed, launch(computed, server.variables("writer"))


def test_a_launch_is_tracked_in_postgresql(
    server: PasswordServer, launched: tuple[Path, Ended], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, ended = launched
    assert ended.code == 0, ended.err
    for name, value in server.variables("writer").items():
        monkeypatch.setenv(name, value)
    client = MlflowClient(server.uri)
    (experiment,) = client.search_experiments(filter_string="name = 'tiny-demo'")
    runs = client.search_runs([experiment.experiment_id], "tags.`amx.status` = 'done'")
    assert sorted(run.info.run_name for run in runs)[1] == "tiny/seed0"
    (parent,) = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    assert "num_seeds/tiny" in parent.data.metrics
    names = {file.path for file in client.list_artifacts(parent.info.run_id)}
    assert names >= {"comparison.html", "comparison.png", "comparison.json", "curves.png"}
    stored = server.database.rows("mlflow", "select status, count(*) from runs group by status")
    assert [list(row) for row in stored] == [["FINISHED", 2]]
    assert not (store / "mlflow.db").exists()


def test_no_password_is_left_in_output_or_store(
    server: PasswordServer, launched: tuple[Path, Ended]
) -> None:
    store, ended = launched
    for password in server.passwords.values():
        assert password not in ended.out + ended.err
        for path in store.rglob("*"):
            assert not path.is_file() or password.encode() not in path.read_bytes(), path


@pytest.mark.parametrize(
    ("user", "password", "says"),
    [
        ("writer", "wr0ng-passw0rd", "refuses user 'writer' with this password"),
        ("", "", "asks for a user and a password; set MLFLOW_TRACKING_USERNAME"),
    ],
)
def test_whoever_is_not_let_in_reads_one_sentence(
    user: str, password: str, says: str, server: PasswordServer, computed: Path, tmp_path: Path
) -> None:
    store = tmp_path / "store"
    variables = {
        "MLFLOW_TRACKING_URI": server.uri,
        "MLFLOW_TRACKING_USERNAME": user,
        "MLFLOW_TRACKING_PASSWORD": password,
    }
    ended = launch(store, variables)
    assert ended.code == 4
    assert says in ended.problem
    assert not password or password not in ended.out + ended.err
    assert "start  " not in ended.err
    assert not list(store.glob("artifacts/*/*"))


def test_a_reader_may_look_and_not_launch(
    server: PasswordServer, launched: tuple[Path, Ended], tmp_path: Path
) -> None:
    store = tmp_path / "store"
    ended = launch(store, server.variables("reader"))
    assert ended.code == 4
    assert "does not let user 'reader' do this; ask its administrator" in ended.problem
    shown = amx_as(server.variables("reader"), "ui", "--store", launched[0])
    assert (shown.code, shown.out.startswith(f"{server.uri}/#/experiments/")) == (0, True)
    refused = amx_as(server.variables("reader", "wrong"), "ui", "--store", launched[0])
    assert (refused.code, "answers 401" in refused.problem) == (4, True)


@needs_browser
def test_a_reader_s_browser_shows_the_comparison(
    server: PasswordServer, launched: tuple[Path, Ended]
) -> None:
    shown = amx_as(server.variables("reader"), "ui", "--store", launched[0])
    login = ("reader", server.passwords["reader"])
    with open_page(shown.out.strip(), width=1600, height=1100, login=login) as browser:
        table = browser.page.frame_locator("iframe").locator("table").inner_text()
        browser.screenshot("amx-ui-password-server", full_page=False)
        switch = browser.page.get_by_text("Model training")
        assert switch.is_visible()
    assert "real motion" in table and "tiny" in table


def test_the_record_names_the_server_and_no_user(launched: tuple[Path, Ended]) -> None:
    (state,) = (read_json(path) for path in launched[0].glob("runs/*/mlflow.json"))
    assert set(state) == {"uri", "runs", "experiment_id"}
    assert "@" not in state["uri"]


def test_a_user_who_was_given_the_permission_writes(
    server: PasswordServer, launched: tuple[Path, Ended], tmp_path: Path
) -> None:
    (state,) = (read_json(path) for path in launched[0].glob("runs/*/mlflow.json"))
    server.add_user("guest")
    with mock.patch.dict(os.environ, server.variables("guest")):
        tracker = Tracker(server.uri, tmp_path, tmp_path)
        with pytest.raises(ClusterError, match="does not let user 'guest' do this"):
            tracker.open_runs("tiny-demo", "guest's", {}, {})
        server.let_edit("guest", state["experiment_id"])
        tracker.open_runs("tiny-demo", "guest's", {}, {})
        tracker.log_text("", "text", "a.md")
        tracker.end("", "FINISHED", "done")
