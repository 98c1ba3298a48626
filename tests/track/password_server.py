"""MLflow's server as docs/tracking.md sets it up: PostgreSQL behind it, users with passwords."""

import os
import re
import secrets
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from mlflow.server import get_app_client

from audiomotion.orchestrate.submitting.node import tracker_problem
from tests.orchestrate.processes import REPOSITORY, wait_until
from tests.orchestrate.ray_head import free_ports
from tests.track.postgres import Postgres, postgres

ADMIN = "admin"
_SECONDS_TO_START = 240


@dataclass(frozen=True)
class PasswordServer:
    """A running server, and its users' passwords by name."""

    uri: str
    database: Postgres
    passwords: dict[str, str]
    log: Path

    def variables(self, user: str, password: str | None = None) -> dict[str, str]:
        """Return what a user of it has in the environment."""
        return {
            "MLFLOW_TRACKING_URI": self.uri,
            "MLFLOW_TRACKING_USERNAME": user,
            "MLFLOW_TRACKING_PASSWORD": password or self.passwords[user],
        }

    def add_user(self, name: str) -> None:
        """Make a user, who by the server's default may read and begin experiments of his own."""
        self.passwords[name] = secrets.token_hex(12)
        with mock.patch.dict(os.environ, self.variables(ADMIN)):
            client = get_app_client("basic-auth", tracking_uri=self.uri)
            client.create_user(username=name, password=self.passwords[name])

    def let_edit(self, user: str, experiment_id: str) -> None:
        """Let a user write to an experiment that another one began."""
        with mock.patch.dict(os.environ, self.variables(ADMIN)):
            client = get_app_client("basic-auth", tracking_uri=self.uri)
            client.grant_user_permission(user, "experiment", experiment_id, "EDIT")

    def answers(self) -> bool:
        """Return whether the administrator is let in yet."""
        with mock.patch.dict(os.environ, self.variables(ADMIN)):
            return not tracker_problem(self.uri)


@contextmanager
def password_server(folder: Path) -> Iterator[PasswordServer]:
    """Run PostgreSQL and MLflow on loopback, with users `writer` and `reader`."""
    with postgres() as database:
        for name in ("mlflow", "mlflow_users"):
            database.create(name)
        (port,) = free_ports(1)
        log = folder / "mlflow-server.log"
        passwords = {ADMIN: secrets.token_hex(12)}
        server = PasswordServer(f"http://127.0.0.1:{port}", database, passwords, log)
        process = _start(folder, server, port)
        try:
            wait_until(
                lambda: process.poll() is not None or server.answers(), "MLflow", _SECONDS_TO_START
            )
            assert process.poll() is None, log.read_text()[-2000:]
            for user in ("writer", "reader"):
                server.add_user(user)
            yield server
        finally:
            os.killpg(process.pid, signal.SIGKILL)  # its workers too
            process.wait()


def _documented_users_file() -> str:
    page = (REPOSITORY / "docs" / "tracking.md").read_text("utf-8")
    (block,) = re.findall(r"^ *```ini\n(.*?)^ *```", page, re.MULTILINE | re.DOTALL)
    return textwrap.dedent(block)


def _start(folder: Path, server: PasswordServer, port: int) -> "subprocess.Popen[bytes]":
    users = folder / "users.ini"
    documented = "postgresql+pg8000://mlflow:PASSWORD@127.0.0.1:5432/mlflow_users"
    text = _documented_users_file()
    assert documented in text
    users.write_text(text.replace(documented, server.database.uri("mlflow_users")))
    command = [
        sys.executable, "-m", "mlflow", "server", "--app-name", "basic-auth",
        "--host", "127.0.0.1", "--port", str(port), "--workers", "1",
        "--artifacts-destination", str(folder / "mlartifacts"),
    ]  # fmt: skip
    secret = {
        # Not in the command, which every user of the machine may list.
        "MLFLOW_BACKEND_STORE_URI": server.database.uri("mlflow"),
        "MLFLOW_AUTH_CONFIG_PATH": str(users),
        "MLFLOW_AUTH_ADMIN_PASSWORD": server.passwords[ADMIN],
        "MLFLOW_FLASK_SERVER_SECRET_KEY": secrets.token_hex(16),
    }
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    ours = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    with server.log.open("wb") as log:
        return subprocess.Popen(
            command, env={**ours, **quiet, **secret}, stdout=log, stderr=log, cwd=folder,
            start_new_session=True,
        )  # fmt: skip
