"""A cluster whose nodes share no disk, one of which goes without grace."""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from audiomotion.orchestrate.ray_executor import RayExecutor
from tests.orchestrate.driver import RUNTIME, run
from tests.orchestrate.killing import Victim, trained, undisturbed
from tests.orchestrate.processes import Meanwhile, wait_until
from tests.orchestrate.store.conftest import Nodes
from tests.orchestrate.toy import NUM_STEPS, trainings


@pytest.fixture
def cluster(nodes: Nodes) -> Iterator[Any]:
    """Start a head that runs no stages, and two nodes with a disk of their own each."""
    for name, value in {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        "RAY_USAGE_STATS_ENABLED": "0",
    }.items():
        os.environ.setdefault(name, value)  # Ray reads them when it is first imported
    from ray.cluster_utils import Cluster

    cluster = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False}
    )
    for name in "ab":
        cluster.add_node(num_cpus=1, env_vars={"AMX_CACHE": nodes.cache(name)})
    yield cluster
    cluster.shutdown()


def test_a_training_goes_on_on_a_node_that_shares_no_disk(
    cluster: Any, nodes: Nodes, tmp_path: Path
) -> None:
    first, second = trainings()
    victims = {name: Victim(nodes.on(name), first) for name in "ab"}
    driver = nodes.on("driver")

    def running() -> list[str]:
        return [name for name, victim in victims.items() if any(victim.checkpoints.glob("*.pt"))]

    def remove() -> None:
        wait_until(lambda: bool(running()), "a checkpoint on a node")
        (name,) = running()
        wait_until(lambda: any("step-" in kept for kept in driver.kept(first.fingerprint)), "copy")
        parent = (Path("/proc") / str(victims[name].pid) / "stat").read_text()
        command = (Path("/proc") / parent.rpartition(")")[2].split()[1] / "cmdline").read_text()
        (node,) = [node for node in cluster.worker_nodes if node.raylet_socket_name in command]
        cluster.remove_node(node, allow_graceful=False)
        for victim in victims.values():
            victim.let_go()

    meanwhile = Meanwhile(remove)
    meanwhile.start()
    schedule = run(driver, RayExecutor(driver, None, RUNTIME, cluster.address))
    meanwhile.finish()
    assert schedule.failures == {}
    expected = undisturbed()
    found = trained(driver, first)
    assert (found.digest, found.curves) == (expected[0].digest, expected[0].curves)
    assert found.starts[0] == 0
    assert 0 < found.starts[-1] < NUM_STEPS
    assert trained(driver, second) == expected[1]
