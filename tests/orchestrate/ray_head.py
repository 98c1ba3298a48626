"""A Ray cluster of two nodes with a job server, a token and ports of its own."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

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


class BareCluster:
    """A head that runs no stages, without a job server, and one node, at one place again and again.

    For tests that kill the head.
    """

    def __init__(self, folder: Path, **variables: str) -> None:
        self.folder = folder
        self.variables = variables
        self._processes: list[subprocess.Popen[bytes]] = []
        self._port, *self._agents = free_ports(3)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._port}"

    def start(self) -> None:
        head = ["--head", f"--port={self._port}", "--include-dashboard=false", *self._options(0)]
        head += [f"--temp-dir={self.folder / 'ray'}", "--num-cpus=0"]
        node = [f"--address={self.address}", *self._options(1)]
        for options in (head, node):
            self._processes.append(_start(self.folder, options, self.variables))
            wait_until(self._is_up, "the node", _SECONDS_TO_START)

    def _options(self, index: int) -> list[str]:
        return [f"--dashboard-agent-listen-port={self._agents[index]}"]

    def _is_up(self) -> bool:
        log = (self.folder / "start.log").read_text()
        assert self._processes[-1].poll() is None, log
        return log.count("Ray runtime started.") == len(self._processes)

    def kill_head(self) -> None:
        """Kill every process of the head at once, as when its machine goes."""
        kill_all(_tree(self._processes[-2].pid))

    def left(self) -> list[int]:
        """Return the processes that are still there, workers too."""
        return [pid for pid in _left(self.folder) if _state(pid) != "Z"]

    def end(self) -> None:
        kill_all(_left(self.folder))
        for process in self._processes:
            process.wait()
        wait_until(lambda: not self.left(), "the cluster's end")


def _tree(pid: int) -> list[int]:
    """Return a process and all below it."""
    children = [int(entry.name) for entry in Path("/proc").glob("[0-9]*") if _parent(entry) == pid]
    return [pid, *(below for child in children for below in _tree(child))]


def _parent(entry: Path) -> int | None:
    with suppress(OSError):
        return int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    return None


def _state(pid: int) -> str:
    with suppress(OSError):
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0]
    return "Z"


def _start(
    folder: Path, options: list[str], variables: Mapping[str, str] = MappingProxyType({})
) -> "subprocess.Popen[bytes]":
    environment = {
        **{name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": TOKEN,
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
        _MARK: str(folder),
        **variables,
    }
    command = [
        str(Path(sys.executable).with_name("ray")), "start", "--block", "--num-cpus=1", *options,
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
