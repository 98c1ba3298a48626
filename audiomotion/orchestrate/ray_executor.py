"""Run a plan as Ray tasks: as many stages, and shards of stages, as their resources allow."""

from pathlib import Path

from audiomotion.config.runtime import Runtime
from audiomotion.orchestrate.executor import OnEvent
from audiomotion.orchestrate.ray_connection import connected, living_nodes, watch_of_head
from audiomotion.orchestrate.ray_walk import Walk
from audiomotion.orchestrate.schedule import Schedule
from audiomotion.orchestrate.store import ArtifactStore


class RayExecutor:
    """Runs stages as tasks of a cluster, or of a Ray that is started here and ends with it."""

    def __init__(
        self,
        store: ArtifactStore,
        data_root: Path | None,
        runtime: Runtime,
        address: str | None = None,
        num_cpus: int | None = None,
    ) -> None:
        """Take what to run with; nothing is started yet.

        Args:
            store: Where the artifacts are.
            data_root: Where the raw data sets are.
            runtime: Device and resources.
            address: A running cluster; None is the one that this process is a job of, or a new one.
            num_cpus: CPU cores of a new one; None is what this machine has.
        """
        self.store = store
        self.data_root = data_root
        self.runtime = runtime
        self.address = address
        self.num_cpus = num_cpus

    def run(self, schedule: Schedule, on_event: OnEvent) -> None:
        """Return when every stage is done, failed or skipped.

        Stages that run when it is interrupted are asked to save where they are.

        Raises:
            ClusterError: Ray cannot be started, or the cluster does not answer, or no longer.
        """
        if schedule.finished:
            return
        with connected(self.address, self.num_cpus):
            nodes, autoscales = living_nodes()
            has_gpu = autoscales or any(node.gpus for node in nodes)
            given = self.store, self.data_root, self.runtime, has_gpu, schedule, on_event
            Walk(*given, watch_of_head()).to_the_end()
