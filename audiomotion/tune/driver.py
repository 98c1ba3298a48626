"""The one process that owns a study: asks, has trials measured, and tells how they ended."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from audiomotion.config.search import SearchConfig
from audiomotion.errors import AudiomotionError, ConfigError
from audiomotion.orchestrate.trials import Measured, TrialPool, TrialTask
from audiomotion.tune.journal import Journal
from audiomotion.tune.objective import Objective, means
from audiomotion.tune.pruning import hopeless
from audiomotion.tune.space import Space
from audiomotion.tune.trial import Trial

if TYPE_CHECKING:
    from audiomotion.tune.study import Study

EventKind = Literal["asked", "repeat", "ended"]

OnEvent = Callable[[EventKind, Trial], None]

MakeExperiment = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""Takes the exact values of a trial; returns its experiment as JSON, or raises ConfigError."""


@dataclass(frozen=True)
class Limits:
    """When no further trial is begun; what goes on is finished."""

    trials: int
    """Trials in all, those of earlier attempts too."""
    timeout_seconds: float | None = None
    """Of this attempt."""
    max_gpu_hours: float | None = None
    """Of all attempts, what was used before the first trial too."""


_SAME_FAILURES = 3
"""Trials that fail for one reason before any has a value: then the reason is no trial's own."""


class Driver:
    """Runs a study to its end, or to where it may go no further."""

    def __init__(
        self,
        search: SearchConfig,
        space: Space,
        study: "Study",
        journal: Journal,
        pool: TrialPool,
        limits: Limits,
        on_event: OnEvent,
        make_experiment: MakeExperiment,
        gpu_hours: Callable[[Sequence[Trial]], float] = lambda trials: 0.0,
    ) -> None:
        """Take what a study is made of.

        Args:
            search: What is searched, and by which rules.
            space: Its parameters over one experiment.
            study: Opened with the trials of the journal.
            journal: Of this study; nobody else writes it.
            pool: Measures.
            limits: When to stop.
            on_event: Told of every change.
            make_experiment: What a trial's values mean.
            gpu_hours: What was used so far, by all attempts.
        """
        self.search = search
        self.space = space
        self.study = study
        self.journal = journal
        self.pool = pool
        self.limits = limits
        self.on_event = on_event
        self.make_experiment = make_experiment
        self.objective = Objective(search.objective)
        self.reason = ""
        """Why no further trial was begun before all were, if so."""
        self._started = time.monotonic()
        self._active: dict[int, Trial] = {}
        self._experiments: dict[int, Mapping[str, Any]] = {}
        self._gpu_hours = gpu_hours
        self._failures: list[str] = []

    @property
    def trials(self) -> list[Trial]:
        """All trials, those of earlier attempts too."""
        return self.journal.trials

    def run(self) -> None:
        """Return when nothing is left to do."""
        left = [trial for trial in self.trials if trial.status == "running"]
        while True:
            while len(self._active) < self.pool.num_workers:
                trial = left.pop(0) if left else self._ask()
                if trial is None:
                    break
                self._begin(trial)
            if not self._active:
                return
            for measured in self.pool.wait():
                self._take(measured)

    def _ask(self) -> Trial | None:
        """Return a new trial; None where there is to be none."""
        if len(self.trials) >= self.limits.trials or self._used_up():
            return None
        trial = self.study.ask(first=self.space.baseline())
        self.journal.asked(trial)
        self.on_event("asked", trial)
        return trial

    def _used_up(self) -> bool:
        limits, done = self.limits, len(self.trials)
        waited = time.monotonic() - self._started
        if limits.timeout_seconds is not None and waited >= limits.timeout_seconds:
            self.reason = f"--timeout {limits.timeout_seconds:g} s is over"
        elif (
            limits.max_gpu_hours is not None
            and self._gpu_hours(self.trials) >= limits.max_gpu_hours
        ):
            self.reason = f"--max-gpu-hours {limits.max_gpu_hours:g} are used up"
        if self.reason:
            self.reason += f" after {done} of {limits.trials} trials; more of it goes on"
        return bool(self.reason)

    def _begin(self, trial: Trial) -> None:
        """Go on with a trial: take what an equal one has measured, submit what is missing."""
        self._active[trial.number] = trial
        for other, metrics in self._known(trial):
            if self._ended(trial):
                return
            self.journal.repeat(trial, metrics, reused=other)
            self.on_event("repeat", trial)
        if not self._ended(trial):
            self._submit(trial)

    def _known(self, trial: Trial) -> list[tuple[int, dict[str, float]]]:
        """Return the repeats that the trial lacks and an equal one has, with its number."""
        equal = [
            other
            for other in self.trials
            if other.number != trial.number and dict(other.exact) == dict(trial.exact)
        ]
        most = max(equal, key=lambda other: (len(other.repeats), -other.number), default=None)
        if most is None:
            return []
        found = most.repeats[len(trial.repeats) : self.search.repeats]
        return [(most.number, metrics) for metrics in found]

    def _submit(self, trial: Trial) -> None:
        try:
            if trial.number not in self._experiments:
                self._experiments[trial.number] = self.make_experiment(trial.exact)
        except ConfigError as error:
            self._end(trial, "failed", reason=str(error))
            return
        task = TrialTask(trial.number, len(trial.repeats), self._experiments[trial.number])
        self.pool.submit(task)

    def _take(self, measured: Measured) -> None:
        trial = self._active[measured.task.number]
        if measured.failure:
            self._end(trial, "failed", reason=measured.failure, seconds=measured.seconds)
            self._refuse_to_go_on(measured)
            return
        seconds = measured.seconds / len(measured.repeats)
        for metrics in measured.repeats:
            problem = self.objective.problem(metrics)
            if problem is not None:
                reason = f"{problem} in repeat {len(trial.repeats)}"
                self._end(trial, "failed", reason=reason, seconds=seconds)
                return
            self.journal.repeat(trial, metrics, seconds)
            self.on_event("repeat", trial)
        if not self._ended(trial, measured.fingerprints):
            self._submit(trial)

    def _refuse_to_go_on(self, measured: Measured) -> None:
        """Stop where trial after trial fails for one reason and none has a value yet."""
        self._failures.append(measured.failure)
        if any(trial.repeats for trial in self.trials) or len(self._failures) < _SAME_FAILURES:
            return
        if len(set(self._failures)) == 1:
            error = AudiomotionError(f"every trial fails: {measured.failure}")
            error.exit_code = measured.exit_code  # type: ignore[misc]
            raise error

    def _ended(self, trial: Trial, fingerprints: Mapping[str, str] | None = None) -> bool:
        """End a trial that has all repeats, or that is hopeless; return whether it has ended."""
        left = {"fingerprints": dict(fingerprints)} if fingerprints else {}
        if len(trial.repeats) >= self.search.repeats:
            average = means(trial.repeats)
            values, missed = self.objective.values(average), self.objective.violations(average)
            self._end(trial, "done", values=values, violations=missed, **left)
        elif (reason := self._hopeless(trial)) is not None:
            self._end(trial, "pruned", reason=reason, **left)
        else:
            return False
        return True

    def _hopeless(self, trial: Trial) -> str | None:
        """Return why a trial need not be measured further; with several goals there is no best."""
        best = self.best()
        if best is None or len(self.objective.goals) > 1:
            return None
        return hopeless(
            self._costs(trial), self._costs(best), self.search.repeats, self.search.pruning
        )

    def _costs(self, trial: Trial) -> list[float]:
        values = (self.objective.values(metrics) for metrics in trial.repeats)
        return [self.objective.costs(own)[0] for own in values]

    def _end(self, trial: Trial, status: Literal["done", "pruned", "failed"], **said: Any) -> None:
        self.journal.ended(trial, status, **said)
        self.study.tell(trial)
        self._active.pop(trial.number)
        self._experiments.pop(trial.number, None)
        self.on_event("ended", trial)

    def front(self) -> Sequence[int]:
        """Return the finished trials that keep every constraint and that no other beats."""
        return front_of(self.trials, self.objective)

    def best(self) -> Trial | None:
        """Return the first of the front; None while there is none."""
        front = self.front()
        return self.trials[front[0]] if front else None


def front_of(trials: Sequence[Trial], objective: Objective) -> list[int]:
    """Return the numbers of trials that win, the best in the first goal before all others."""
    values = {one.number: one.values for one in trials if one.status == "done" and one.feasible}
    return objective.front(values)
