"""A cluster of several nodes on this machine, whose parts are killed."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.orchestrate.driver import RUNTIME
from tests.orchestrate.killing import Trained, undisturbed


@pytest.fixture(scope="session")
def cluster() -> Iterator[Any]:
    """Start a head that runs no stages, and two nodes that run one each at a time."""
    from ray.cluster_utils import Cluster

    cluster = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False}
    )
    for _ in range(2):
        cluster.add_node(num_cpus=1)
    yield cluster
    cluster.shutdown()


@pytest.fixture(scope="session")
def expected() -> tuple[Trained, ...]:
    """Return what the toy trainings leave when nothing happens to them."""
    assert RUNTIME.checkpoint_seconds < 1
    return undisturbed()
