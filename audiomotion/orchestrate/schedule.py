"""Which stage may run next, and what a failure takes with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from audiomotion.orchestrate.plan import Fingerprint, chain_lengths
from audiomotion.stages.base import AnyStage

Status = Literal["waiting", "running", "done", "failed", "skipped"]


@dataclass(frozen=True)
class Failure:
    """Why a stage has no artifact."""

    stage: AnyStage
    reason: str
    exit_code: int = 1


class Schedule:
    """The state of a plan's missing stages while they run."""

    def __init__(self, missing: Sequence[AnyStage], seconds: Mapping[str, float]) -> None:
        self.stages = {stage.fingerprint: stage for stage in missing}
        self.status: dict[Fingerprint, Status] = dict.fromkeys(self.stages, "waiting")
        self.failures: dict[Fingerprint, Failure] = {}
        chains = chain_lengths(missing, seconds)
        self._order = sorted(self.stages, key=lambda key: -chains[key])

    @property
    def finished(self) -> bool:
        """Whether nothing runs and nothing is left to run."""
        return not any(status in ("waiting", "running") for status in self.status.values())

    def ready(self) -> list[AnyStage]:
        """Return the stages that could start now, the one with the longest chain first."""
        return [
            self.stages[key]
            for key in self._order
            if self.status[key] == "waiting" and self._inputs_done(self.stages[key])
        ]

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
