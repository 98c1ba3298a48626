"""Ray actors that make shards of stages that run, on what is free."""

import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from audiomotion.orchestrate.placement import Room
from audiomotion.orchestrate.worker import ShardHelper, WorkerSettings
from audiomotion.stages.base import AnyStage

logger = logging.getLogger(__name__)

_MAX_LOST: Final = 3
"""Helpers of a stage that may be lost before it gets no more."""


@dataclass(frozen=True)
class _Helper:
    actor: Any
    stage: AnyStage
    place: object
    """What it holds its room by."""


class Helpers:
    """The helpers of all stages of a driver; each makes one shard after the other.

    A helper that is lost costs the shard that it was making, which another process makes anew. What
    is wrong with a shard is for the process to say that holds the stage's claim: it will meet it.
    """

    def __init__(self, room: Room) -> None:
        self._room = room
        self._working: dict[Any, _Helper] = {}
        self._lost: Counter[str] = Counter()

    @property
    def handles(self) -> list[Any]:
        """What to wait for: one for each helper."""
        return list(self._working)

    @property
    def stages(self) -> list[AnyStage]:
        """The stage of each helper."""
        return [helper.stage for helper in self._working.values()]

    def wanted(self, stage: AnyStage, num_missing: int) -> bool:
        """Return whether a stage with that many unfinished shards has work for one more."""
        num_workers = 1 + sum(other is stage for other in self.stages)
        return num_missing > num_workers and self._lost[stage.fingerprint] < _MAX_LOST

    def add(
        self, stage: AnyStage, settings: WorkerSettings, place: object, options: Mapping[str, Any]
    ) -> None:
        """Start a helper in a place of the room."""
        import ray

        actor = ray.remote(ShardHelper).options(**options).remote(stage, settings)
        self._go_on(_Helper(actor, stage, place))

    def collect(self, handle: Any, *, needed_elsewhere: bool) -> None:
        """Take note of what a helper ended with; it goes on, unless there is nothing to do."""
        import ray

        helper = self._working.pop(handle)
        name = helper.stage.name
        try:
            made = ray.get(handle)
        except ray.exceptions.RayTaskError as error:
            logger.warning("a helper of stage %s failed: %s", name, error)
            self._lost[helper.stage.fingerprint] = _MAX_LOST
        except ray.exceptions.RayError as error:
            logger.warning("a helper of stage %s was lost: %s", name, type(error).__name__)
            self._lost[helper.stage.fingerprint] += 1
        else:
            if made and not needed_elsewhere:
                self._go_on(helper)
                return
            helper.actor.close.remote()  # and it ends, since nobody keeps its handle
        self._room.release(helper.place)

    def dismiss(self, stage: AnyStage) -> None:
        """End all helpers of a stage that has ended."""
        for handle, helper in list(self._working.items()):
            if helper.stage is stage:
                self._end(handle)

    def dismiss_all(self) -> None:
        """End all helpers: what they have half made is made anew."""
        for handle in self.handles:
            self._end(handle)

    def _end(self, handle: Any) -> None:
        import ray

        helper = self._working.pop(handle)
        ray.kill(helper.actor)
        self._room.release(helper.place)

    def _go_on(self, helper: _Helper) -> None:
        self._working[helper.actor.make_one.remote()] = helper
