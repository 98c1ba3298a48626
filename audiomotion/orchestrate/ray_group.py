"""Training one stage by several Ray actors, each on its share of every batch.

Not built on Ray Train: it took 12 to 18 s from call to first step on two cores where plain actors
took 2 to 3, and it wants a storage folder that all nodes share.
"""

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from audiomotion.config.runtime import Resources
from audiomotion.errors import ConfigError, DivergedError, WorkerLostError
from audiomotion.orchestrate.failures import Failure, failure_of
from audiomotion.orchestrate.outcomes import Ended, Lost, Outcome, outcome_of
from audiomotion.orchestrate.placement import Room
from audiomotion.orchestrate.ray_connection import (
    bundle_of,
    living_nodes,
    selector_of,
    worker_options,
)
from audiomotion.orchestrate.stopping import listening
from audiomotion.orchestrate.worker import WorkerSettings, follow_stage, try_stage
from audiomotion.stages.base import AnyStage

if TYPE_CHECKING:
    from torch.distributed import TCPStore  # type: ignore[attr-defined]

    from audiomotion.models.group import WorkerGroup

logger = logging.getLogger(__name__)

_SECONDS_BETWEEN_LOOKS: Final = 30
_GRACE_SECONDS: Final = 10.0
"""Time for the first worker to save where it is, and for others to say why one of them was lost."""
_TICK_SECONDS: Final = 0.2
_WHAT_TO_DO: Final = "what to do"


def run_parallel(stage: AnyStage, settings: WorkerSettings, asked: Resources) -> Ended:
    """Train a stage by `asked.num_workers` workers, all of which end when one of them is lost.

    It runs in a Ray task that asks for nothing, since the workers are what computes.
    """
    if settings.device != "cpu" and asked.gpus < 1:
        where = f"runtime.stages.{stage.name}"
        reason = f"{where}.gpus is 0, and each of its workers needs a GPU; set it to 1"
        return Failure(stage, reason, ConfigError.exit_code)
    try:
        with listening(), _workers(stage, settings, asked) as workers:
            return _work(stage, workers)
    except KeyboardInterrupt:
        return "stopped"
    except WorkerLostError as lost:
        return Lost(str(lost), node_died=False)


@contextmanager
def _workers(stage: AnyStage, settings: WorkerSettings, asked: Resources) -> Iterator[list[Any]]:
    """Start the workers, all or none; nothing of them is left afterwards."""
    import ray
    from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

    with _placement(f"amx-{stage.fingerprint}", asked) as placement:
        kind: Any = ray.remote(GroupWorker).options(
            **worker_options(asked),
            scheduling_strategy=PlacementGroupSchedulingStrategy(placement),
        )
        size = asked.num_workers
        workers = [kind.remote(rank, size, stage, settings) for rank in range(size)]
        try:
            yield workers
        finally:
            for worker in workers:
                ray.kill(worker)


@contextmanager
def _placement(name: str, asked: Resources) -> Iterator[Any]:
    """Hold what all workers need, reserved at once: two stages cannot each wait for the other."""
    from ray.util.placement_group import (
        get_placement_group,
        placement_group,
        remove_placement_group,
    )

    with suppress(ValueError):  # there is one where a task before this one was killed
        remove_placement_group(get_placement_group(name))
    wanted, labels = [bundle_of(asked)] * asked.num_workers, selector_of(asked)
    placement = placement_group(
        wanted, name=name, bundle_label_selector=[labels] * asked.num_workers if labels else None
    )
    try:
        while not placement.wait(_SECONDS_BETWEEN_LOOKS):
            _refuse_to_wait_for_ever(asked)
            logger.info("%s waits for %d times %s", name, asked.num_workers, wanted[0])
        yield placement
    finally:
        remove_placement_group(placement)


def _refuse_to_wait_for_ever(asked: Resources) -> None:
    room = Room()
    room.update(living_nodes()[0])
    if not room.could_hold(asked):
        raise WorkerLostError("the nodes that are left have no room for all workers")


def _work(stage: AnyStage, workers: Sequence[Any]) -> Outcome:
    """Return what the workers came to.

    Raises:
        KeyboardInterrupt: It was told to stop; the first worker has saved where it was.
    """
    address = workers[0].listen.remote()
    handles = [worker.work.remote(address) for worker in workers]
    try:
        return _outcome_of_all(stage, handles)
    except KeyboardInterrupt:
        _let_save(handles)
        raise


def _outcome_of_all(stage: AnyStage, handles: Sequence[Any]) -> Outcome:
    """Return the first worker's outcome, or what is wrong with another."""
    import ray

    waiting = list(handles)
    while True:
        ended, waiting = ray.wait(waiting)
        outcome = outcome_of(stage, ended[0])
        if isinstance(outcome, Lost):
            return _explained(stage, outcome, handles)
        if isinstance(outcome, Failure) or ended[0] == handles[0]:
            return outcome


def _explained(stage: AnyStage, lost: Lost, handles: Sequence[Any]) -> Outcome:
    """Return what was the matter where a worker was lost: another may know better."""
    import ray

    ended, _ = ray.wait(list(handles), num_returns=len(handles), timeout=_GRACE_SECONDS)
    outcomes = {handle: outcome_of(stage, handle) for handle in ended}
    first = outcomes.get(handles[0], lost)
    if not isinstance(first, Lost):
        return first
    return next((one for one in outcomes.values() if isinstance(one, Failure)), lost)


def _let_save(handles: Sequence[Any]) -> None:
    """Tell the workers to stop, and wait a while for the first one, which saves where it is."""
    import ray

    for handle in handles:
        ray.cancel(handle)
    deadline = time.monotonic() + _GRACE_SECONDS
    while time.monotonic() < deadline:
        with suppress(KeyboardInterrupt):  # a task that is cancelled is interrupted at every wait
            if ray.wait([handles[0]], timeout=_TICK_SECONDS)[0]:
                return


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

    def work(self, address: tuple[str, int]) -> Ended:
        """Take part in the training; what is wrong, which may not pickle, is a result."""
        try:
            return self._lead() if self.rank == 0 else self._follow(address)
        except KeyboardInterrupt:
            return "stopped"
        except WorkerLostError as lost:
            return Lost(str(lost), node_died=False)
        except Exception as error:  # an arm fails alone
            return failure_of(self.stage, error)

    def _lead(self) -> Outcome:
        made = try_stage(self.stage, self.settings, _is_cancelled, self._join)
        self._tell("over")  # where another driver has made the artifact, the others still wait
        return "busy" if made == "busy" else "done"

    def _follow(self, address: tuple[str, int]) -> Outcome:
        self.meeting = _meeting(address, self.size, is_master=False)
        with suppress(DivergedError):  # the first worker has the same loss, and keeps the verdict
            if self.meeting.get(_WHAT_TO_DO) == b"train":
                follow_stage(self.stage, self.settings, self._join)
        return "done"

    def _join(self, device: str) -> "WorkerGroup":
        from audiomotion.models.group import DistributedGroup

        if self.rank == 0:
            self._tell("train")
        return DistributedGroup(self.rank, self.size, self.meeting, device)

    def _tell(self, what: str) -> None:
        """Tell the others what to do; what they are told first counts."""
        self.meeting.compare_set(_WHAT_TO_DO, "", what)


def _is_cancelled() -> bool:
    import ray

    return bool(ray.get_runtime_context().is_canceled())


def _meeting(address: tuple[str, int], size: int, *, is_master: bool) -> "TCPStore":
    from torch.distributed import TCPStore  # type: ignore[attr-defined]

    from audiomotion.models.group import PATIENCE

    host, port = address
    return TCPStore(host, port, size, is_master, timeout=PATIENCE, wait_for_workers=False)
