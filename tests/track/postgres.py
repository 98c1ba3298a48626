"""A PostgreSQL server of one's own: Debian's, on loopback, with a password."""

import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pg8000.dbapi
import pytest

from tests.orchestrate.processes import wait_until
from tests.orchestrate.ray_head import free_ports


def programs() -> Path | None:
    """Return the folder of `initdb` and `postgres`; None where PostgreSQL is not installed."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    return max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)


needs_postgres = pytest.mark.skipif(
    programs() is None, reason="no PostgreSQL here (apt-get install postgresql)"
)


@dataclass(frozen=True)
class Postgres:
    """A running server with an empty database for each name asked for."""

    port: int
    password: str

    def uri(self, database: str) -> str:
        """Return the address for SQLAlchemy; a password is in it."""
        return f"postgresql+pg8000://mlflow:{self.password}@127.0.0.1:{self.port}/{database}"

    def connect(self, database: str = "postgres") -> Any:
        """Open a connection."""
        return pg8000.dbapi.connect(
            "mlflow", "127.0.0.1", database, self.port, self.password, timeout=5
        )

    def create(self, database: str) -> None:
        """Make an empty database."""
        with self.connect() as connection:
            connection.autocommit = True
            connection.cursor().execute(f"create database {database}")

    def rows(self, database: str, query: str) -> list[Any]:
        """Return what a query finds."""
        with self.connect(database) as connection:
            cursor = connection.cursor()
            cursor.execute(query)
            return list(cursor.fetchall())

    def answers(self) -> bool:
        """Return whether it takes connections yet."""
        try:
            self.connect().close()
        except (OSError, pg8000.dbapi.Error):
            return False
        return True


@contextmanager
def postgres() -> Iterator[Postgres]:
    """Run a server on an empty folder, and end it."""
    (port,) = free_ports(1)
    server = Postgres(port, secrets.token_hex(12))
    bin_folder = programs()
    assert bin_folder is not None
    folder = Path(tempfile.mkdtemp(prefix="amx-pg-", dir="/tmp"))
    secret = folder / "password"
    secret.write_text(server.password)
    own = _unprivileged(folder)
    data = folder / "data"
    quick = ["--no-sync", "--auth=scram-sha-256", "--username=mlflow", f"--pwfile={secret}"]
    made = [bin_folder / "initdb", *quick, "--encoding=UTF8", "--locale=C", "--pgdata", data]
    subprocess.run(list(map(str, made)), check=True, capture_output=True, cwd=folder, **own)
    command = [
        str(bin_folder / "postgres"), "-D", str(data), "-p", str(port), "-k", str(folder),
        "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off",
    ]  # fmt: skip
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, **own)
    try:
        wait_until(server.answers, "PostgreSQL", 60)
        yield server
    finally:
        process.terminate()
        process.wait(timeout=60)
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged(folder: Path) -> dict[str, Any]:
    """Return how to run as somebody else: PostgreSQL refuses to run as root, which CI is."""
    if os.geteuid() != 0:
        return {}
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    user = names.get("postgres") or names["nobody"]
    for path in (folder, *folder.iterdir()):
        os.chown(path, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
