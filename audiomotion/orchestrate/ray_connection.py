"""Ray: started on this machine, or the cluster that this process is a job of."""

import logging
import os
import secrets
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from audiomotion.config.runtime import Resources
from audiomotion.errors import ClusterError, HeadLostError, first_line
from audiomotion.orchestrate.head_watch import HeadWatch
from audiomotion.orchestrate.placement import Node
from audiomotion.orchestrate.submitting.address import INSIDE_JOB

# The artifacts go through the store, so Ray's object store carries next to nothing.
_OBJECT_STORE_BYTES: Final = 80 * 2**20
ACCELERATOR_LABEL: Final = "ray.io/accelerator-type"
_NODE_GROUP_LABEL: Final = "ray.io/node-group"


@contextmanager
def connected(address: str | None, num_cpus: int | None = None) -> Iterator[None]:
    """Be a driver of a running cluster, or of a Ray of one's own that ends with it.

    Args:
        address: The cluster; None is the one that this process is a job of, or else a new one.
        num_cpus: CPU cores that a new one offers; None is what this machine has.

    Raises:
        ClusterError: It does not answer, or Ray cannot be started.
    """
    address = address or ("auto" if INSIDE_JOB in os.environ else None)
    with _own_handler_of(signal.SIGTERM) as restore:
        if address is None:
            _start(num_cpus)
        else:
            _join(address)
        restore()
        import ray

        try:
            yield
        except HeadLostError:
            raise  # Ray's farewell would wait for the head; see the end of the process
        except BaseException:
            ray.shutdown()
            raise
        ray.shutdown()  # of a cluster that was joined: only leave it


@contextmanager
def _own_handler_of(number: signal.Signals) -> Iterator[Any]:
    """Give what puts a signal's handler back: Ray's exits at once, and nothing is recorded."""
    handler = signal.getsignal(number)

    def restore() -> None:
        if threading.current_thread() is threading.main_thread():
            signal.signal(number, handler)

    try:
        yield restore
    finally:
        restore()


def _start(num_cpus: int | None) -> None:
    """Start Ray on this machine, whatever RAY_ADDRESS says, with a token of its own.

    Ray reads these variables when it is first imported. Without a token Ray 2.60 writes one below
    the home folder, which may not be writable.
    """
    os.environ.setdefault("RAY_AUTH_MODE", "token")
    os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        _init(
            address="local",
            num_cpus=num_cpus,
            include_dashboard=False,
            object_store_memory=_OBJECT_STORE_BYTES,
        )
    except Exception as error:  # Ray raises many kinds here; all mean the same to a user
        raise ClusterError(
            f"Ray cannot be started on this machine: {first_line(error)}; "
            "--executor local runs without it"
        ) from error


def _join(address: str) -> None:
    try:
        _init(address=address)
    except Exception as error:  # as above
        raise ClusterError(
            f"the Ray cluster at {address} does not answer: {first_line(error)}; "
            "look whether its head runs (ray status), and its token (RAY_AUTH_TOKEN)"
        ) from error


def _init(**options: Any) -> None:
    import ray

    ray.init(log_to_driver=False, logging_level=logging.ERROR, **options)


def watch_of_head() -> HeadWatch:
    """Return the watch of the head of the cluster that this process is a driver of."""
    import ray

    return HeadWatch(str(ray.get_runtime_context().gcs_address))


def living_nodes() -> tuple[list[Node], bool]:
    """Return the living nodes of the cluster, and whether an autoscaler adds others."""
    import ray

    listed: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]
    found = [node for node in listed if node["Alive"]]
    # An autoscaler, KubeRay's too, names the group of every node that it starts.
    autoscales = any(node["Labels"].get(_NODE_GROUP_LABEL) for node in found)
    return [_node(node) for node in found], autoscales


def _node(found: dict[str, Any]) -> Node:
    resources = found["Resources"]
    return Node(
        id=found["NodeID"],
        host=found["NodeManagerHostname"],
        cpus=resources.get("CPU", 0.0),
        gpus=int(resources.get("GPU", 0)),
        memory_gb=resources.get("memory", 0.0) / 1e9,
        accelerator=found["Labels"].get(ACCELERATOR_LABEL),
    )


def _placed_on(node: Node) -> dict[str, Any]:
    """Return options of a task or actor that prefer a node.

    Where it is gone, or other drivers of the cluster have filled it, any will do.
    """
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    strategy = NodeAffinitySchedulingStrategy(node.id, soft=True, _spill_on_unavailable=True)
    return {"scheduling_strategy": strategy}


def wish_for(wished: Sequence[Resources]) -> None:
    """Tell the autoscaler what must fit on the cluster together, until told otherwise."""
    from ray.autoscaler.sdk import request_resources

    workers = [asked for asked in wished for _ in range(asked.num_workers)]
    request_resources(
        bundles=[bundle_of(asked) for asked in workers],
        bundle_label_selectors=[selector_of(asked) for asked in workers],
    )


def bundle_of(asked: Resources) -> dict[str, float]:
    """Return what one worker of a stage asks for, in the autoscaler's words."""
    bundle = {"CPU": asked.cpus, "GPU": asked.gpus, "memory": (asked.memory_gb or 0) * 1e9}
    return {name: amount for name, amount in bundle.items() if amount}


def selector_of(asked: Resources) -> dict[str, str]:
    """Return the labels of the nodes that a stage may run on."""
    return {} if asked.accelerator is None else {ACCELERATOR_LABEL: asked.accelerator}


def task_options(asked: Resources, node: Node | None) -> dict[str, Any]:
    """Return Ray's options for a task or actor that asks for resources, on a node or anywhere."""
    options = worker_options(asked)
    if selector := selector_of(asked):
        options["label_selector"] = selector
    return options | (_placed_on(node) if node is not None else {})


def worker_options(asked: Resources) -> dict[str, Any]:
    """Return Ray's options for a task or actor that asks for resources, wherever that is."""
    options: dict[str, Any] = {"num_cpus": asked.cpus, "num_gpus": asked.gpus}
    if asked.memory_gb is not None:
        options["memory"] = int(asked.memory_gb * 1e9)
    return options
