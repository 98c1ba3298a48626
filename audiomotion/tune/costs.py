"""What a search will cost: seconds a trial, by records of trials or evaluations like it."""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any

from audiomotion.config.runtime import Runtime
from audiomotion.orchestrate.estimates import Basis, Estimate
from audiomotion.orchestrate.forecast import forecast
from audiomotion.orchestrate.slots import Slots
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.stages.base import AnyStage
from audiomotion.stages.system import SystemStages
from audiomotion.tune.request import TuneRequest
from audiomotion.tune.space import Parameter
from audiomotion.tune.trial import Trial


@dataclass(frozen=True)
class SearchCost:
    """What the trials that are left will cost, apart from what must be there before."""

    trial_seconds: float | None
    """Of a whole trial that is not pruned; None where nothing is known."""
    basis: Basis
    trials: int
    """Left to run."""
    workers: int
    gpus: float
    """That a worker holds."""

    @property
    def wall_seconds(self) -> float | None:
        """Until the last trial ends, if none is pruned."""
        if self.trial_seconds is None:
            return None
        return self.trial_seconds * -(-self.trials // self.workers)

    @property
    def gpu_hours(self) -> float | None:
        """Of all trials together."""
        if self.trial_seconds is None:
            return None
        return self.trial_seconds * self.trials * self.gpus / 3600


def trial_estimate(
    request: TuneRequest, store: ArtifactStore, runtime: Runtime, slots: Slots, past: list[Trial]
) -> Estimate:
    """Return what one trial will take."""
    measured = [trial for trial in past if trial.seconds and trial.repeats and not trial.reused]
    if measured:
        a_repeat = median(trial.seconds / len(trial.repeats) for trial in measured)
        return Estimate(a_repeat * request.search.repeats, "recorded")
    own = list(_own_stages(request)) if request.search.trains else [request.evaluation]
    estimates = forecast(own, store, runtime, slots).estimates.values()
    known = [one.seconds for one in estimates if one.seconds is not None]
    if len(known) < len(own):
        return Estimate(None, "unknown")
    bases = {one.basis for one in estimates}
    return Estimate(sum(known), bases.pop() if len(bases) == 1 else "rough")


def _own_stages(request: TuneRequest) -> Iterator[AnyStage]:
    """Yield the stages of which every trial has its own: those of two far points that differ."""
    ends = [SystemStages(request.space.experiment(_end(request, end))) for end in (0, 1)]
    first, last = (list(stages.evaluation.upstream()) for stages in ends)
    shared = {stage.fingerprint for stage in last}
    own = {stage.fingerprint: stage for stage in first if stage.fingerprint not in shared}
    yield from own.values()


def _end(request: TuneRequest, end: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for parameter in request.space.parameters:
        if request.space.is_active(parameter, found):
            found[parameter.path] = _end_of(parameter, end)
    return found


def _end_of(parameter: Parameter, end: int) -> Any:
    if parameter.kind == "choice":
        return parameter.choices[-end]
    return parameter.exact((parameter.low, parameter.high)[end])
