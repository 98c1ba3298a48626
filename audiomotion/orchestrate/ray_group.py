"""Training one stage by several Ray actors, each on its share of every batch.

Not built on Ray Train: it took 12 to 18 s from call to first step on two cores where plain actors
took 2 to 3, and it wants a storage folder that all nodes share.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from audiomotion.config.runtime import Resources
from audiomotion.errors import ClusterError, ConfigError, WorkerLostError
from audiomotion.orchestrate.executor import failure_of
from audiomotion.orchestrate.schedule import Failure
from audiomotion.orchestrate.worker import WorkerSettings, follow_stage, run_stage
from audiomotion.stages.base import AnyStage

if TYPE_CHECKING:
    from torch.distributed import TCPStore  # type: ignore[attr-defined]

    from audiomotion.models.group import WorkerGroup

logger = logging.getLogger(__name__)

_ATTEMPTS: Final = 4
_SECONDS_BETWEEN_LOOKS: Final = 30
_WHAT_TO_DO: Final = "what to do"


def run_parallel(stage: AnyStage, settings: WorkerSettings, resources: Resources) -> Failure | None:
    """Train a stage by `resources.num_workers` workers; return why it failed.

    It runs in a Ray task that asks for nothing, since the workers are what computes. When one of
    them is lost, all begin again from the last checkpoint.
    """
    import ray

    if settings.device == "cuda" and resources.gpus < 1:
        where = f"runtime.stages.{stage.name}"
        reason = f"{where}.gpus is 0, and each of its workers needs a GPU; set it to 1"
        return Failure(stage, reason, ConfigError.exit_code)
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            with _workers(stage, settings, resources) as workers:
                return _work(workers)
        except (ray.exceptions.RayActorError, WorkerLostError) as lost:
            name, count = stage.name, f"attempt {attempt} of {_ATTEMPTS}"
            logger.warning("a worker of stage %s was lost (%s): %s", name, count, lost)
    reason = (
        f"one of the {resources.num_workers} workers of stage {stage.name} was lost "
        f"{_ATTEMPTS} times; see the memory of their machines, then run it again"
    )
    return Failure(stage, reason, ClusterError.exit_code)


@contextmanager
def _workers(
    stage: AnyStage, settings: WorkerSettings, resources: Resources
) -> Iterator[list[Any]]:
    """Start the workers, all or none; nothing of them is left afterwards."""
    import ray
    from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

    with _placement(f"amx-{stage.fingerprint}", resources) as placement:
        kind: Any = ray.remote(GroupWorker).options(
            num_cpus=resources.cpus,
            num_gpus=resources.gpus,
            scheduling_strategy=PlacementGroupSchedulingStrategy(placement),
        )
        size = resources.num_workers
        workers = [kind.remote(rank, size, stage, settings) for rank in range(size)]
        try:
            yield workers
        finally:
            for worker in workers:
                ray.kill(worker)


@contextmanager
def _placement(name: str, resources: Resources) -> Iterator[Any]:
    """Hold what all workers need, reserved at once: two stages cannot each wait for the other."""
    from ray.util.placement_group import (
        get_placement_group,
        placement_group,
        remove_placement_group,
    )

    with suppress(ValueError):  # there is one where a task before this one was killed
        remove_placement_group(get_placement_group(name))
    bundle = {"CPU": resources.cpus, "GPU": resources.gpus}
    wanted = {kind: number for kind, number in bundle.items() if number}
    placement = placement_group([wanted] * resources.num_workers, name=name)
    try:
        while not placement.wait(_SECONDS_BETWEEN_LOOKS):
            logger.info("%s waits for %d times %s", name, resources.num_workers, wanted)
        yield placement
    finally:
        remove_placement_group(placement)


def _work(workers: Sequence[Any]) -> Failure | None:
    """Return when all workers are done, or any has failed.

    Raises:
        RayActorError: A worker has ended.
        WorkerLostError: A worker has noticed before Ray that another has ended.
    """
    import ray

    address = ray.get(workers[0].listen.remote())
    waiting = [worker.work.remote(address) for worker in workers]
    while waiting:
        finished, waiting = ray.wait(waiting)
        for handle in finished:
            if failure := ray.get(handle):
                assert isinstance(failure, Failure)
                return failure
    return None


class GroupWorker:
    """One of the workers that train a stage; the first leaves the artifact."""

    meeting: "TCPStore"

    def __init__(self, rank: int, size: int, stage: AnyStage, settings: WorkerSettings) -> None:
        self.rank = rank
        self.size = size
        self.stage = stage
        self.settings = settings

    def listen(self) -> tuple[str, int]:
        """Open the place where all meet, at the first worker; return host and port."""
        import ray

        host = str(ray.util.get_node_ip_address())  # type: ignore[no-untyped-call]
        self.meeting = _meeting((host, 0), self.size, is_master=True)
        return host, self.meeting.port

    def work(self, address: tuple[str, int]) -> Failure | None:
        """Take part in the training; what is wrong, which may not pickle, is a result."""
        try:
            if self.rank == 0:
                self._lead()
            else:
                self._follow(address)
        except WorkerLostError:
            raise
        except Exception as error:  # an arm fails alone
            return failure_of(self.stage, error)
        return None

    def _lead(self) -> None:
        run_stage(self.stage, self.settings, self._join)
        self._tell("over")  # where another driver has made the artifact, the others still wait

    def _follow(self, address: tuple[str, int]) -> None:
        self.meeting = _meeting(address, self.size, is_master=False)
        if self.meeting.get(_WHAT_TO_DO) == b"train":
            follow_stage(self.stage, self.settings, self._join)

    def _join(self, device: str) -> "WorkerGroup":
        from audiomotion.models.group import DistributedGroup

        if self.rank == 0:
            self._tell("train")
        return DistributedGroup(self.rank, self.size, self.meeting, device)

    def _tell(self, what: str) -> None:
        """Tell the others what to do; what they are told first counts."""
        self.meeting.compare_set(_WHAT_TO_DO, "", what)


def _meeting(address: tuple[str, int], size: int, *, is_master: bool) -> "TCPStore":
    from torch.distributed import TCPStore  # type: ignore[attr-defined]

    from audiomotion.models.group import PATIENCE

    host, port = address
    return TCPStore(host, port, size, is_master, timeout=PATIENCE, wait_for_workers=False)
