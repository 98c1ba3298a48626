"""Ray actors that make shards of stages that run, on what is free."""

import logging
from collections import Counter
from typing import Any, Final

from audiomotion.config.runtime import Resources
from audiomotion.orchestrate.worker import ShardHelper, WorkerSettings
from audiomotion.stages.base import AnyStage

logger = logging.getLogger(__name__)

_MAX_LOST: Final = 3
"""Helpers of a stage that may be lost before it gets no more."""


class Helpers:
    """The helpers of all stages of a driver; each makes one shard after the other.

    A helper that is lost costs the shard that it was making, which another process makes anew. What
    is wrong with a shard is for the process to say that holds the stage's claim: it will meet it.
    """

    def __init__(self) -> None:
        self._working: dict[Any, tuple[Any, AnyStage]] = {}
        self._lost: Counter[str] = Counter()

    @property
    def handles(self) -> list[Any]:
        """What to wait for: one for each helper."""
        return list(self._working)

    @property
    def stages(self) -> list[AnyStage]:
        """The stage of each helper."""
        return [stage for _, stage in self._working.values()]

    def wanted(self, stage: AnyStage, num_missing: int) -> bool:
        """Return whether a stage with that many unfinished shards has work for one more."""
        num_workers = 1 + sum(other is stage for other in self.stages)
        return num_missing > num_workers and self._lost[stage.fingerprint] < _MAX_LOST

    def add(self, stage: AnyStage, settings: WorkerSettings, resources: Resources) -> None:
        """Start a helper."""
        import ray

        kind = ray.remote(ShardHelper).options(
            num_cpus=resources.cpus,
            num_gpus=resources.gpus,
        )
        self._go_on(kind.remote(stage, settings), stage)

    def collect(self, handle: Any, *, needed_elsewhere: bool) -> None:
        """Take note of what a helper ended with; it goes on, unless there is nothing to do."""
        import ray

        helper, stage = self._working.pop(handle)
        try:
            made = ray.get(handle)
        except ray.exceptions.RayTaskError as error:
            logger.warning("a helper of stage %s failed: %s", stage.name, error)
            self._lost[stage.fingerprint] = _MAX_LOST
        except ray.exceptions.RayError as error:
            logger.warning("a helper of stage %s was lost: %s", stage.name, type(error).__name__)
            self._lost[stage.fingerprint] += 1
        else:
            if made and not needed_elsewhere:
                self._go_on(helper, stage)
            else:
                helper.close.remote()  # and it ends, since nobody keeps its handle

    def dismiss(self, stage: AnyStage) -> None:
        """End all helpers of a stage that has ended."""
        import ray

        for handle, (helper, other) in list(self._working.items()):
            if other is stage:
                del self._working[handle]
                ray.kill(helper)

    def _go_on(self, helper: Any, stage: AnyStage) -> None:
        self._working[helper.make_one.remote()] = (helper, stage)
