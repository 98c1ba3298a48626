"""Which stage may run next, and what a failure takes with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from audiomotion.orchestrate.plan import Fingerprint, chain_lengths
from audiomotion.stages.base import AnyStage

Status = Literal["waiting", "running", "done", "failed", "skipped"]


@dataclass(frozen=True)
class Failure:
    """Why a stage has no artifact."""

    stage: AnyStage
    reason: str
    exit_code: int = 1
    refused: bool = False
    """Whether nothing failed: the stage was not allowed to run, or to go on."""


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
        limit: Limit | None = None,
    ) -> None:
        self.stages = {stage.fingerprint: stage for stage in missing}
        self.status: dict[Fingerprint, Status] = dict.fromkeys(self.stages, "waiting")
        self.failures: dict[Fingerprint, Failure] = {}
        self._limit = limit
        chains = chain_lengths(missing, seconds)
        self._order = sorted(self.stages, key=lambda key: -chains[key])

    @property
    def finished(self) -> bool:
        """Whether nothing runs and nothing is left to run."""
        return not any(status in ("waiting", "running") for status in self.status.values())

    def ready(self) -> list[AnyStage]:
        """Return the stages that could start now, the one with the longest chain first.

        One that may not run is refused, and skipped with all that needs it.
        """
        could = [
            self.stages[key]
            for key in self._order
            if self.status[key] == "waiting" and self._inputs_done(self.stages[key])
        ]
        return [stage for stage in could if not self._refused(stage)]

    def _refused(self, stage: AnyStage) -> bool:
        refusal = self.refusal(stage)
        if refusal is not None:
            self.fail(refusal)
        return refusal is not None

    def refusal(self, stage: AnyStage) -> Failure | None:
        """Return what is recorded of a stage that may not run, or go on; None where it may."""
        reason = self._limit.refusal(stage) if self._limit else None
        return None if reason is None else Failure(stage, reason, refused=True)

    @property
    def running(self) -> list[AnyStage]:
        """The stages that run."""
        return [self.stages[key] for key, status in self.status.items() if status == "running"]

    def _inputs_done(self, stage: AnyStage) -> bool:
        inputs = (needed.fingerprint for needed in stage.inputs.values())
        return all(self.status.get(key, "done") == "done" for key in inputs)

    def start(self, stage: AnyStage) -> None:
        """Note that a stage runs."""
        self.status[stage.fingerprint] = "running"

    def finish(self, stage: AnyStage) -> None:
        """Note that a stage's artifact is there."""
        self.status[stage.fingerprint] = "done"

    def fail(self, failure: Failure) -> None:
        """Note a failure; every stage that needs the artifact is skipped, for the same reason."""
        self.status[failure.stage.fingerprint] = "failed"
        self.failures[failure.stage.fingerprint] = failure
        for key, stage in self.stages.items():
            needs = (upstream.fingerprint for upstream in stage.upstream())
            if self.status[key] == "waiting" and failure.stage.fingerprint in needs:
                self.status[key] = "skipped"
                self.failures[key] = failure
