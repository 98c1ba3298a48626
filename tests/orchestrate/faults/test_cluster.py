"""What a cluster of several nodes does with what it cannot hold, and with exhausted memory."""

import json
import re
import time
from typing import Any

from audiomotion.config.runtime import Resources, Runtime, StageResources
from audiomotion.orchestrate.ray_executor import RayExecutor
from audiomotion.orchestrate.schedule import Schedule
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.stages.base import AnyStage
from tests.orchestrate.driver import RUNTIME, run_only
from tests.orchestrate.processes import Meanwhile, wait_until
from tests.orchestrate.toy import EXHAUSTING, GREEDY, note


def run(
    cluster: Any, store: ArtifactStore, *stages: AnyStage, runtime: Runtime = RUNTIME
) -> Schedule:
    return run_only(store, RayExecutor(store, None, runtime, cluster.address), *stages)


def test_exhausted_memory(cluster: Any, store: ArtifactStore) -> None:
    """A stage gets a second try on a node of its own, and not a third."""
    once, twice, other = note("1", kind=EXHAUSTING), note("2", kind=EXHAUSTING), note("other")
    schedule = run(cluster, store, once, twice, other)
    assert store.find(once) and store.find(other)
    (failure,) = schedule.failures.values()
    assert failure.stage.config.text == "2"
    assert failure.kind == "gpu_memory"
    assert "also with nothing beside it" in failure.reason


def test_what_no_node_holds(cluster: Any, store: ArtifactStore) -> None:
    """It fails at once, with what was asked for and what the nodes have; the others go on."""
    stages = StageResources(masked=Resources(cpus=1, memory_gb=10_000))
    runtime = RUNTIME.model_copy(update={"stages": stages})
    began = time.monotonic()
    schedule = run(cluster, store, note("greedy", kind=GREEDY), note("other"), runtime=runtime)
    assert time.monotonic() - began < runtime.wait_for_nodes_seconds / 2
    (failure,) = schedule.failures.values()
    assert (failure.kind, failure.exit_code) == ("resources", 2)
    assert "runtime.stages.masked asks for 1 CPU cores, 10000 GB" in failure.reason
    assert "1 CPU cores, " in failure.reason.partition("no node has that")[2]
    assert store.find(note("other"))


def test_the_cluster_outlives_its_driver(cluster: Any, store: ArtifactStore) -> None:
    run(cluster, store, note("a"))
    assert cluster.remaining_processes_alive()
    run(cluster, store, note("b", note("a")))
    assert store.find(note("b", note("a")))


def wishes() -> list[dict[str, float]]:
    """Return what the autoscaler is asked for; this process is a driver at the moment."""
    from ray.experimental.internal_kv import _internal_kv_get

    return json.loads(_internal_kv_get("autoscaler_resource_request") or "[]")


def test_a_node_that_an_autoscaler_is_yet_to_add(cluster: Any, store: ArtifactStore) -> None:
    """The autoscaler is told what is wanted, and the stage waits for it; the others go on."""
    group = {"ray.io/node-group": "workers"}  # by which nodes of an autoscaler are known
    added = [cluster.add_node(num_cpus=1, labels=group)]
    stages = StageResources(masked=Resources(cpus=3))
    runtime = RUNTIME.model_copy(update={"stages": stages, "wait_for_nodes_seconds": 60.0})
    large, after = note("large", kind=GREEDY), note("after", note("large", kind=GREEDY))

    schedules: list[Schedule] = []
    # Ray starts nodes in the main thread only.
    driver = Meanwhile(
        lambda: schedules.append(run(cluster, store, after, note("other"), runtime=runtime))
    )
    driver.start()
    try:
        wait_until(lambda: store.find(note("other")) is not None, "the other stage")
        wait_until(lambda: {"CPU": 3.0} in wishes(), "a wish")
        assert store.find(large) is None
        added.append(cluster.add_node(num_cpus=3, labels=group))
        driver.finish()
    finally:
        for node in added:
            cluster.remove_node(node)
    assert schedules[0].failures == {}
    assert store.find(after)


def test_a_node_that_no_autoscaler_adds_in_time(cluster: Any, store: ArtifactStore) -> None:
    node = cluster.add_node(num_cpus=1, labels={"ray.io/node-group": "workers"})
    stages = StageResources(masked=Resources(cpus=3))
    runtime = RUNTIME.model_copy(update={"stages": stages, "wait_for_nodes_seconds": 1.0})
    try:
        schedule = run(cluster, store, note("large", kind=GREEDY), runtime=runtime)
    finally:
        cluster.remove_node(node)
    (failure,) = schedule.failures.values()
    assert failure.kind == "resources"
    assert re.search(r"no node has that after \d+ s: ", failure.reason)
