"""MLflow's server as docs/tracking.md sets it up: PostgreSQL behind it, users with passwords."""

import json
import os
import secrets
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.orchestrate.processes import wait_until
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
        content = {"username": name, "password": self.passwords[name]}
        self.ask("users/create", content)

    def ask(self, path: str, content: dict[str, Any] | None = None) -> Any:
        """Call the server as its administrator."""
        request = urllib.request.Request(
            f"{self.uri}/api/2.0/mlflow/{path}",
            data=None if content is None else json.dumps(content).encode(),
            headers={"Content-Type": "application/json", **self._login()},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def _login(self) -> dict[str, str]:
        login = f"{ADMIN}:{self.passwords[ADMIN]}".encode()
        return {"Authorization": f"Basic {b64encode(login).decode()}"}

    def answers(self) -> bool:
        """Return whether the administrator is let in yet."""
        try:
            self.ask("experiments/search?max_results=1")
        except (OSError, urllib.error.URLError):
            return False
        return True


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


def _start(folder: Path, server: PasswordServer, port: int) -> "subprocess.Popen[bytes]":
    users = folder / "users.ini"
    users.write_text(
        "[mlflow]\n"
        "default_permission = READ\n"
        f"database_uri = {server.database.uri('mlflow_users')}\n"
        f"admin_username = {ADMIN}\n"
        "authorization_function = mlflow.server.auth:authenticate_request_basic_auth\n"
    )
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
