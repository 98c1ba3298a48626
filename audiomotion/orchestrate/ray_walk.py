"""A driver's way through a plan: what starts where, and what becomes of it."""

import logging
import time
from collections.abc import Collection
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Final

from audiomotion.config.runtime import Resources, Runtime
from audiomotion.errors import ConfigError, HeadLostError
from audiomotion.orchestrate.attempts import Attempts
from audiomotion.orchestrate.executor import OnEvent, worker_settings
from audiomotion.orchestrate.failures import MEMORY_KINDS, Failure
from audiomotion.orchestrate.head_watch import HeadWatch, wait_for
from audiomotion.orchestrate.outcomes import Lost, Outcome
from audiomotion.orchestrate.placement import Node, Room, asked_for, whole, whole_gpus
from audiomotion.orchestrate.ray_connection import living_nodes, task_options, wish_for
from audiomotion.orchestrate.ray_helpers import Helpers
from audiomotion.orchestrate.ray_tasks import StageTasks
from audiomotion.orchestrate.schedule import Schedule
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.orchestrate.worker import WorkerSettings
from audiomotion.stages.base import AnyStage

logger = logging.getLogger(__name__)

_TICK_SECONDS: Final = 0.5
_LOOK_SECONDS: Final = 1.0
"""Time between two looks at the nodes and at what other drivers make."""
_SUSPECT_SECONDS: Final = 10.0
"""Time for which a node that died is not used: Ray takes a while to say so everywhere."""
_GRACE_SECONDS: Final = 15.0
"""Time that stages get to save where they are."""


class Walk:
    """Brings a schedule to its end on a cluster that this process is a driver of."""

    def __init__(
        self,
        store: ArtifactStore,
        data_root: Path | None,
        runtime: Runtime,
        has_gpu: bool,
        schedule: Schedule,
        on_event: OnEvent,
        head: HeadWatch,
    ) -> None:
        self.store = store
        self.data_root = data_root
        self.head = head
        self.asked = runtime
        self.runtime = runtime.settled(has_gpu=has_gpu)
        self.schedule = schedule
        self.on_event = on_event
        self.room = Room()
        self.helpers = Helpers(self.room)
        self.attempts = Attempts(store)
        self.tasks = StageTasks()
        self.autoscales = False
        self._resources = cache(self.runtime.resources)
        self._wished: list[Resources] = []
        self._suspects: dict[str, float] = {}
        self._homeless_since: dict[str, float] = {}
        self._refused: set[str] = set()
        self._looked = self._ticked = 0.0

    def to_the_end(self) -> None:
        """Return when every stage is done, failed or skipped.

        Raises:
            HeadLostError: The head of the cluster is gone.
        """
        try:
            while not self.schedule.finished:
                self._look_around()
                self._start_ready()
                self._help()
                self._stop_refused()
                for handle in self._ended():
                    self._collect(handle)
        except HeadLostError:
            grace = self.head.grace_seconds / 2
            wait_for(lambda: self.tasks.stop(grace), 2 * grace)
            raise
        except BaseException:
            self.helpers.dismiss_all()
            self.tasks.stop(_GRACE_SECONDS)
            raise
        finally:
            if self._wished and not self.head.is_silent:
                wish_for([])

    def _look_around(self) -> None:
        """See, once in a while, which nodes live and what other drivers have made."""
        now = time.monotonic()
        if now - self._looked < _LOOK_SECONDS:
            return
        self._looked = now
        if not self.head.answers():
            return
        nodes, self.autoscales = living_nodes()
        self._suspects = {key: until for key, until in self._suspects.items() if until > now}
        self.room.update(node for node in nodes if node.id not in self._suspects)
        for stage in self.schedule.elsewhere():
            self._look_elsewhere(stage)
        if self.autoscales:
            self._wish()

    def _look_elsewhere(self, stage: AnyStage) -> None:
        if self.store.find(stage) is not None:
            self.schedule.finish(stage)
            self.on_event("done", stage)
            return
        with self.store.claim(stage.fingerprint, wait=False) as free:
            pass
        if free:  # it failed there, or its driver died
            self.schedule.put_back(stage)

    def _wish(self) -> None:
        """Tell the autoscaler what all stages need that run or could."""
        stages = [*self.tasks.stages, *self.schedule.ready()]
        wished = [self._resources(stage.name) for stage in stages]
        if wished != self._wished:
            self._wished = wished
            wish_for(wished)

    def _start_ready(self) -> None:
        """Start what fits, the longest chain first; what does not lets smaller ones pass."""
        if self.head.is_silent:
            return
        full: set[Resources] = set()
        closed: set[str] = set()
        for stage in self.schedule.ready():
            if self._is_crowded():
                return
            asked = self._asked(stage)
            if asked in full or not self._has_home(stage, asked):
                continue
            node = self._place(stage, asked, closed)
            if node is not None:
                self._start(stage, asked, node)
            elif self.attempts.alone(stage, asked) == "node":
                closed.update(self.room.to_empty(asked))  # or smaller stages would keep it waiting
            else:
                full.add(asked)

    def _is_crowded(self) -> bool:
        most = self.runtime.max_parallel_stages
        return most is not None and self.room.num_held >= most

    def _asked(self, stage: AnyStage) -> Resources:
        asked = self._resources(stage.name)
        return whole_gpus(asked) if self.attempts.alone(stage, asked) == "gpu" else asked

    def _place(self, stage: AnyStage, asked: Resources, closed: Collection[str]) -> Node | None:
        avoid = self.attempts.avoided(stage)
        if self.attempts.alone(stage, asked) == "node":
            return self.room.place_alone(stage.fingerprint, asked, avoid)
        return self.room.place(stage.fingerprint, asked, avoid, closed)

    def _start(self, stage: AnyStage, asked: Resources, node: Node) -> None:
        if asked.num_workers > 1:
            self.tasks.submit_group(stage, self._settings(stage), asked)
        else:
            held = whole(node, asked) if self.attempts.alone(stage, asked) == "node" else asked
            self.tasks.submit(stage, self._settings(stage), task_options(held, self._pinned(node)))
        self.schedule.start(stage)
        self.on_event("started", stage)

    def _settings(self, stage: AnyStage) -> WorkerSettings:
        settings = worker_settings(stage, self.runtime, self.store, self.data_root)
        return replace(settings, device=self.asked.device_of(stage.name, self.runtime))

    def _pinned(self, node: Node) -> Node | None:
        """Return the node to ask Ray for; of one node there is no choice."""
        return node if len(self.room.nodes) > 1 else None

    def _has_home(self, stage: AnyStage, asked: Resources) -> bool:
        """Return whether some node could hold a stage; fail it when none is to be expected."""
        key = stage.fingerprint
        if self.room.could_hold(asked):
            self._homeless_since.pop(key, None)
            return True
        now = time.monotonic()
        waited = now - self._homeless_since.setdefault(key, now)
        nodes_come = self.autoscales or self.room.has_lost_nodes
        if waited >= (self.runtime.wait_for_nodes_seconds if nodes_come else 0):
            self._fail(self._too_large(stage, asked, waited))
        return False

    def _too_large(self, stage: AnyStage, asked: Resources, waited: float) -> Failure:
        """Return the failure of a stage that could never start: Ray would wait for ever."""
        kinds = sorted({str(node) for node in self.room.nodes}) or ["there is no node"]
        after = f" after {waited:.0f} s" if waited >= 1 else ""
        reason = (
            f"runtime.stages.{stage.name} asks for {asked_for(asked)}, and no node has that"
            f"{after}: {'; '.join(kinds)}; ask for less, or add such a node"
        )
        return Failure(stage, reason, ConfigError.exit_code, "resources")

    def _stop_refused(self) -> None:
        """Ask stages to end that may not go on."""
        self.schedule.helped = self.helpers.stages
        for stage in self.tasks.stages:
            if stage.fingerprint not in self._refused and self.schedule.refusal(stage):
                self._refused.add(stage.fingerprint)
                self.tasks.interrupt(stage)

    def _help(self) -> None:
        """Give what no stage could take to sharded stages that run."""
        if self.head.is_silent:
            return
        for stage in [stage for stage in self.tasks.stages if stage.kind.sharded]:
            num_missing = self.store.missing_shards(stage.fingerprint)
            closed = () if self.store.shares_scratch else self._other_nodes(stage)
            asked = self._resources(stage.name)
            while self.helpers.wanted(stage, num_missing):
                place = object()
                if self._is_crowded():
                    return
                if (node := self.room.place(place, asked, closed=closed)) is None:
                    break
                options = task_options(asked, self._pinned(node))
                self.helpers.add(stage, self._settings(stage), place, options)

    def _other_nodes(self, stage: AnyStage) -> Collection[str]:
        """Return the nodes on which a stage does not run."""
        own = self.room.node_of(stage.fingerprint)
        return [node.id for node in self.room.nodes if node.id != own]

    def _ended(self) -> list[Any]:
        """Wait a while for tasks to end, and return those that did."""
        ended = [] if self.schedule.finished else self.tasks.wait(self.helpers, _TICK_SECONDS)
        if time.monotonic() - self._ticked >= _TICK_SECONDS:
            self._ticked = time.monotonic()
            self.on_event("tick", None)
        return ended

    def _collect(self, handle: Any) -> None:
        if handle in self.helpers.handles:
            self.helpers.collect(handle, needed_elsewhere=bool(self.schedule.ready()))
        elif handle in self.tasks.handles:  # else a helper of a stage that ended at the same time
            stage, outcome = self.tasks.collect(handle)
            node = self.room.node_of(stage.fingerprint)
            self.room.release(stage.fingerprint)
            if not isinstance(outcome, Lost):  # whose helpers go on: another takes it over
                self.helpers.dismiss(stage)
            self._settle(stage, outcome, node)

    def _settle(self, stage: AnyStage, outcome: Outcome, node: str | None) -> None:
        """Take note of how a stage's task ended."""
        if outcome == "done":
            self.schedule.finish(stage)
            self.on_event("done", stage)
        elif outcome == "busy":
            self.schedule.set_aside(stage)
            self.on_event("elsewhere", stage)
        elif failure := self._final(stage, outcome, node):
            self._fail(failure)
        else:
            self.schedule.put_back(stage)
            self.on_event("again", stage)

    def _final(self, stage: AnyStage, outcome: Lost | Failure, node: str | None) -> Failure | None:
        """Return the failure that a stage's end means; None where it is tried again."""
        if isinstance(outcome, Lost) and (refusal := self.schedule.refusal(stage)):
            return refusal
        if isinstance(outcome, Lost):
            logger.warning("the worker of stage %s was lost: %s", stage.name, outcome.how)
            if not self.head.answers():
                return None  # the cluster is at fault, not the stage
            if outcome.node_died and node is not None:
                self._suspects[node] = time.monotonic() + _SUSPECT_SECONDS
                self._looked = 0.0
            return self.attempts.after_loss(stage, node, outcome.how)
        if outcome.kind in MEMORY_KINDS:
            logger.warning("stage %s is tried once more, alone: %s", stage.name, outcome.reason)
            asked = self._resources(stage.name)
            return self.attempts.after_exhaustion(stage, outcome, asked)
        return outcome

    def _fail(self, failure: Failure) -> None:
        self.helpers.dismiss(failure.stage)
        self.schedule.fail(failure)
        self.on_event("failed", failure.stage)
