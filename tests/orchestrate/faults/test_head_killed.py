"""The head of a cluster is killed while a launch runs; the launch goes on with the next head."""

import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from audiomotion.errors import ClusterError
from audiomotion.orchestrate.records import all_runs
from audiomotion.orchestrate.store import ArtifactStore
from tests.orchestrate.killing import Trained, Victim, assert_resumed, trained
from tests.orchestrate.processes import Driver, kill_all, wait_until
from tests.orchestrate.ray_head import TOKEN, BareCluster
from tests.orchestrate.toy import trainings

VARIABLES = {
    "RAY_AUTH_MODE": "token",
    "RAY_AUTH_TOKEN": TOKEN,
    "RAY_gcs_rpc_server_reconnect_timeout_s": "16",
}
"""The last: how long Ray waits for a head that is gone, 60 s where nothing is said."""

pytestmark = pytest.mark.slow  # two clusters, and Ray takes its time to give a head up


@pytest.fixture
def cluster() -> Iterator[BareCluster]:
    folder = Path(tempfile.mkdtemp(prefix="amx", dir="/tmp"))  # sockets need a short path
    cluster = BareCluster(folder, **VARIABLES)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.end()
        shutil.rmtree(folder, ignore_errors=True)


def test_head_killed_in_mid_launch(
    cluster: BareCluster, store: ArtifactStore, expected: list[Trained]
) -> None:
    """The driver says what happened and ends; what it has done is not done again."""
    first, second = trainings()
    victim = Victim(store, second)
    variables = {**VARIABLES, "AMX_TEST_ADDRESS": cluster.address}
    dying = Driver(store.root, "ray", "launch", **variables)
    try:
        wait_until(victim.checkpoints.exists, "the second training")
        victim.wait_for_random_step()
        (kept,) = [trained(store, first)]
        cluster.kill_head()
        code, said = dying.finish(90), dying.log.read_text()
    finally:
        kill_all([dying.process.pid] if dying.process.poll() is None else [])
    assert code == ClusterError.exit_code, said
    assert re.search(r"amx: the head of the Ray cluster, \S+, has not answered for \d+ s", said)
    assert "the same command continues" in said
    assert [record.status for record in all_runs(store)] == ["interrupted"]
    wait_until(lambda: not cluster.left(), "the end of the dead cluster's nodes and workers", 90)
    checkpoints = sorted(victim.checkpoints.glob("step-*.pt"))
    victim.let_go()
    cluster.start()
    again = Driver(store.root, "ray", "launch", **variables)
    assert again.finish(120) == 0, again.log.read_text()
    assert [record.status for record in all_runs(store)] == ["done"]
    assert trained(store, first) == kept == expected[0]
    assert f"started {first.fingerprint[:8]}" not in again.log.read_text()
    found = trained(store, second)
    assert_resumed(found, expected[1])
    assert found.starts[1] == int(checkpoints[-1].stem.removeprefix("step-"))
