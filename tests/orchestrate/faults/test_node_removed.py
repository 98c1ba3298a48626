"""A node goes without grace: its stage goes on elsewhere, from its last checkpoint."""

from pathlib import Path
from typing import Any

from audiomotion.orchestrate.ray_executor import RayExecutor
from audiomotion.orchestrate.store import ArtifactStore
from tests.orchestrate.driver import RUNTIME, run
from tests.orchestrate.killing import Trained, Victim, assert_resumed, trained
from tests.orchestrate.processes import Meanwhile
from tests.orchestrate.toy import trainings


def node_that_runs(pid: int) -> str:
    """Return the id of the node whose worker a process is, from its arguments."""
    parent = int((Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])
    return (Path("/proc") / str(parent) / "cmdline").read_text()


def test_node_removed(cluster: Any, expected: list[Trained], tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)
    first, second = trainings()
    victim = Victim(store, first)

    def remove() -> None:
        victim.wait_for_random_step()
        command = node_that_runs(victim.pid)
        (node,) = [node for node in cluster.worker_nodes if node.raylet_socket_name in command]
        cluster.remove_node(node, allow_graceful=False)
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
