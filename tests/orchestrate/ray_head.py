"""A Ray cluster of two nodes with a job server, a token and ports of its own."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from audiomotion.errors import ClusterError
from audiomotion.orchestrate.submitting.address import Address
from audiomotion.orchestrate.submitting.server import server_version
from tests.orchestrate.processes import kill_all, wait_until

TOKEN = "0123456789abcdef0123456789abcdef"
_MARK = "AMX_TEST_HEAD"
_SECONDS_TO_START = 90


@dataclass(frozen=True)
class Head:
    """A running head node."""

    url: str
    folder: Path

    @property
    def address(self) -> Address:
        return Address(self.url, TOKEN)

    @property
    def variables(self) -> dict[str, str]:
        """What a submitting process has in its environment."""
        return {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": TOKEN, "RAY_ADDRESS": ""}


def free_ports(number: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


@contextmanager
def ray_head() -> Iterator[Head]:
    """Start a head and a worker node of one core each, and end them.

    The nodes know nothing of the checkout.
    """
    folder = Path(tempfile.mkdtemp(prefix="amx", dir="/tmp"))  # sockets need a short path
    gcs, dashboard, client, *agents = free_ports(5)
    head = Head(f"http://127.0.0.1:{dashboard}", folder)
    first = [
        "--head", f"--port={gcs}", "--include-dashboard=true", f"--dashboard-port={dashboard}",
        f"--ray-client-server-port={client}", f"--temp-dir={folder / 'ray'}",
        f"--dashboard-agent-listen-port={agents[0]}",
    ]  # fmt: skip
    second = [f"--address=127.0.0.1:{gcs}", f"--dashboard-agent-listen-port={agents[1]}"]
    processes = [_start(folder, first)]
    try:
        _wait_for(head, processes[0])
        processes.append(_start(folder, second))
        yield head
    finally:
        kill_all(_left(folder))  # at once: asked to end, Ray takes 20 s
        for process in processes:
            process.wait()
        wait_until(lambda: not _left(folder), "the cluster's end")
        shutil.rmtree(folder, ignore_errors=True)


def _start(folder: Path, options: list[str]) -> "subprocess.Popen[bytes]":
    environment = {
        **{name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": TOKEN,
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
        _MARK: str(folder),
    }
    command = [
        str(Path(sys.executable).with_name("ray")), "start", "--block", *options, "--num-cpus=1",
        "--num-gpus=0", f"--object-store-memory={80 * 2**20}", "--min-worker-port=0",
        "--max-worker-port=0", "--disable-usage-stats",
    ]  # fmt: skip
    with (folder / "start.log").open("a") as log:
        return subprocess.Popen(
            command, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT
        )


def _wait_for(head: Head, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _SECONDS_TO_START
    while True:
        with suppress(ClusterError):
            server_version(head.address)
            return
        log = (head.folder / "start.log").read_text()
        assert process.poll() is None, log
        assert time.monotonic() < deadline, log
        time.sleep(0.2)


def _left(folder: Path) -> list[int]:
    """Return the processes of the cluster that are still there."""
    mark = f"{_MARK}={folder}\0".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if mark in (entry / "environ").read_bytes():
                found.append(int(entry.name))
    return found
