"""Which stage may run next, and what a failure takes with it."""

import logging
from bisect import bisect_left, insort
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

from audiomotion.orchestrate.failures import Failure
from audiomotion.orchestrate.plan import Fingerprint, chain_lengths
from audiomotion.stages.base import AnyStage

logger = logging.getLogger(__name__)

Status = Literal["waiting", "running", "elsewhere", "done", "failed", "skipped"]
"""`elsewhere` is a stage that another driver makes."""

_OPEN: frozenset[Status] = frozenset(("waiting", "running", "elsewhere"))


class Limit(Protocol):
    """What may keep stages from running; a budget, for example."""

    def refusal(self, stage: AnyStage) -> str | None:
        """Return why a stage may not run, or not any longer; None where it may."""


class Schedule:
    """The state of a plan's missing stages while they run."""

    helped: Sequence[AnyStage] = ()
    """The stage of every worker that helps another with its shards."""

    def __init__(
        self,
        missing: Sequence[AnyStage],
        seconds: Mapping[str, float],
        arms_of: Mapping[Fingerprint, frozenset[str]] | None = None,
        limit: Limit | None = None,
    ) -> None:
        """Begin with nothing done.

        Args:
            missing: The stages to run.
            seconds: Estimates of a stage's time, by its fingerprint or by the name of its kind.
            arms_of: The arms that need each stage; where several fail for one reason, nothing more
                is started.
            limit: What may keep stages from running.
        """
        self.stages = {stage.fingerprint: stage for stage in missing}
        self.status: dict[Fingerprint, Status] = dict.fromkeys(self.stages, "waiting")
        self.failures: dict[Fingerprint, Failure] = {}
        self.stopped: Failure | None = None
        """Why nothing more is started, if so."""
        self._arms_of = arms_of or {}
        self._limit = limit
        self._num_open = len(self.stages)
        chains = chain_lengths(missing, seconds)
        order = sorted(self.stages, key=lambda key: -chains[key])
        self._rank = {key: rank for rank, key in enumerate(order)}
        self._order = order
        self._needed_by: dict[Fingerprint, list[Fingerprint]] = defaultdict(list)
        self._num_missing: Counter[Fingerprint] = Counter()
        for key, stage in self.stages.items():
            for needed in {needed.fingerprint for needed in stage.inputs.values()}:
                if needed in self.stages:
                    self._needed_by[needed].append(key)
                    self._num_missing[key] += 1
        self._ready = [self._rank[key] for key in order if not self._num_missing[key]]

    @property
    def finished(self) -> bool:
        """Whether nothing runs and nothing is left to run."""
        return self._num_open == 0

    def ready(self) -> list[AnyStage]:
        """Return the stages that could start now, the one with the longest chain first.

        One that may not run is refused, and skipped with all that needs it.
        """
        could = [self.stages[self._order[rank]] for rank in self._ready]
        return could if self._limit is None else [one for one in could if not self._refused(one)]

    def _refused(self, stage: AnyStage) -> bool:
        refusal = self.refusal(stage)
        if refusal is not None:
            self.fail(refusal)
        return refusal is not None

    def refusal(self, stage: AnyStage) -> Failure | None:
        """Return what is recorded of a stage that may not run, or go on; None where it may."""
        reason = self._limit.refusal(stage) if self._limit else None
        return None if reason is None else Failure(stage, reason, kind="refused")

    @property
    def running(self) -> list[AnyStage]:
        """The stages that run."""
        return [self.stages[key] for key, status in self.status.items() if status == "running"]

    def elsewhere(self) -> list[AnyStage]:
        """Return the stages that other drivers make."""
        return [self.stages[key] for key, status in self.status.items() if status == "elsewhere"]

    def start(self, stage: AnyStage) -> None:
        """Note that a stage runs."""
        self._set(stage.fingerprint, "running")

    def set_aside(self, stage: AnyStage) -> None:
        """Note that another driver makes a stage."""
        self._set(stage.fingerprint, "elsewhere")

    def put_back(self, stage: AnyStage) -> None:
        """Let a stage that ran, or that was made elsewhere, be started again."""
        if self.stopped is not None:
            self._skip(stage.fingerprint, self.stopped)
        else:
            self._set(stage.fingerprint, "waiting")
            insort(self._ready, self._rank[stage.fingerprint])

    def finish(self, stage: AnyStage) -> None:
        """Note that a stage's artifact is there."""
        self._set(stage.fingerprint, "done")
        for key in self._needed_by[stage.fingerprint]:
            self._num_missing[key] -= 1
            if not self._num_missing[key] and self.status[key] == "waiting":
                insort(self._ready, self._rank[key])

    def fail(self, failure: Failure) -> None:
        """Note a failure; every stage that needs the artifact is skipped, for the same reason.

        Where stages of different arms failed for one reason all that has not begun is skipped:
        the others would most probably fail like them.
        """
        failed = failure.stage.fingerprint
        self._set(failed, "failed")
        self.failures[failed] = failure
        for key in self._downstream(failed):
            if self.status[key] == "waiting":
                self._skip(key, failure)
        arms = self._arms_that_share(failure)
        if self.stopped is None and len(arms) > 1:
            self._stop(failure, arms)

    def _downstream(self, failed: Fingerprint) -> set[Fingerprint]:
        """Return every stage that needs an artifact, directly or not."""
        found: set[Fingerprint] = set()
        left = [failed]
        while left:
            new = set(self._needed_by[left.pop()]) - found
            found |= new
            left += new
        return found

    def _arms_that_share(self, failure: Failure) -> set[str]:
        """Return the arms of all stages that failed for a reason; none where only one stage did."""
        alike = [
            key
            for key, other in self.failures.items()
            if other.cause and other.cause == failure.cause and other.stage.fingerprint == key
        ]
        arms = [self._arms_of.get(key, frozenset()) for key in alike]
        return set().union(*arms) if len(alike) > 1 else set()

    def _stop(self, failure: Failure, arms: set[str]) -> None:
        names = ", ".join(sorted(arms))
        reason = (
            f"not started, because arms {names} failed for one reason ({failure.reason}); mend "
            "it, then run the same command again"
        )
        self.stopped = Failure(failure.stage, reason, failure.exit_code, "stopped")
        logger.warning("nothing more is started: arms %s failed for one reason", names)
        for key, status in list(self.status.items()):
            if status in ("waiting", "elsewhere"):
                self._skip(key, self.stopped)

    def _skip(self, key: Fingerprint, failure: Failure) -> None:
        self._set(key, "skipped")
        self.failures[key] = failure

    def _set(self, key: Fingerprint, status: Status) -> None:
        before = self.status[key]
        self._num_open += (status in _OPEN) - (before in _OPEN)
        self.status[key] = status
        rank = self._rank[key]
        place = bisect_left(self._ready, rank)
        if status != "waiting" and place < len(self._ready) and self._ready[place] == rank:
            del self._ready[place]
