"""A node goes without grace: its stage goes on elsewhere, from its last checkpoint."""

from pathlib import Path
from typing import Any

from audiomotion.orchestrate.ray_executor import RayExecutor
from audiomotion.orchestrate.store import ArtifactStore
from tests.orchestrate.driver import RUNTIME, run
from tests.orchestrate.killing import Trained, Victim, assert_resumed, trained
from tests.orchestrate.processes import Meanwhile, wait_until
from tests.orchestrate.toy import trainings


def node_that_runs(pid: int) -> str:
    """Return the command line of the node whose worker a process is."""
    parent = int((Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])
    return (Path("/proc") / str(parent) / "cmdline").read_text()


def is_alive(pid: int) -> bool:
    """Return whether a process runs; one that has ended may be nobody's to wait for."""
    try:
        state = (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_node_removed(cluster: Any, expected: list[Trained], tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)
    first, second = trainings()
    victim = Victim(store, first)

    def remove() -> None:
        victim.wait_for_random_step()
        worker = victim.pid
        command = node_that_runs(worker)
        (node,) = [node for node in cluster.worker_nodes if node.raylet_socket_name in command]
        cluster.remove_node(node, allow_graceful=False)
        # A worker outlives its node by a moment, and would end what it does.
        wait_until(lambda: not is_alive(worker), "the worker's end")
        victim.let_go()

    meanwhile = Meanwhile(remove)
    meanwhile.start()
    try:
        schedule = run(store, RayExecutor(store, None, RUNTIME, cluster.address))
        meanwhile.finish()
    finally:
        for _ in range(2 - len(cluster.worker_nodes)):
            cluster.add_node(num_cpus=1)
    assert schedule.failures == {}
    assert_resumed(trained(store, first), expected[0])
    assert trained(store, second) == expected[1]
