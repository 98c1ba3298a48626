"""Trials: one setting of a system measured for one repeat, by a worker that has loaded it once."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from audiomotion.errors import AudiomotionError, first_line
from audiomotion.orchestrate.worker import WorkerSettings, reading_context
from audiomotion.stages.base import Stage

Metrics = Mapping[str, float]


@dataclass(frozen=True)
class TrialTask:
    """What is to be measured."""

    number: int
    """Number of the trial."""
    repeat: int
    """The repeat to measure, the first that is missing."""
    experiment: Mapping[str, Any]
    """The trial's experiment, fully resolved, as JSON."""


@dataclass(frozen=True)
class Measured:
    """What came of a task."""

    task: TrialTask
    repeats: Sequence[Metrics] = ()
    """Metrics of the repeat that was asked for, and of those after it where they came along."""
    seconds: float = 0.0
    failure: str = ""
    """Why there are none."""
    exit_code: int = 1
    """Of a failure: what the command would end with if it were everything's."""
    fingerprints: Mapping[str, str] | None = None
    """Of the stages that a trial with trainings left artifacts of."""


class TrialPool(Protocol):
    """Measures tasks, some of them at the same time."""

    @property
    def num_workers(self) -> int:
        """Tasks that can be under way together."""

    def submit(self, task: TrialTask) -> None:
        """Begin a task; at most `num_workers` are under way."""

    def wait(self) -> Sequence[Measured]:
        """Return tasks that have ended, at least one; each comes once."""

    def close(self) -> None:
        """End all that is under way."""


class TrialWorker(Protocol):
    """Measures one task at a time, with whatever it has loaded."""

    def measure(self, task: TrialTask) -> Metrics:
        """Return the metrics of one repeat."""


class MakeWorker(Protocol):
    """Makes a worker in the process that will use it; it can be sent to another machine."""

    def __call__(self) -> TrialWorker:
        """Load whatever the trials share."""


@dataclass(frozen=True)
class SystemWorkers:
    """Makes workers that measure one trained system under any generation setting."""

    stage: Stage[Any]
    """An evaluation of it, whose inputs are in the store."""
    settings: WorkerSettings

    def __call__(self) -> TrialWorker:
        """Load the system, the split and the evaluator."""
        return _SystemWorker(self)


class _SystemWorker:
    def __init__(self, given: SystemWorkers) -> None:
        context = reading_context(given.stage, given.settings)
        from audiomotion.stages.trials import LoadedTrials  # after the threads are set

        self._trials = LoadedTrials(given.stage, context)

    def measure(self, task: TrialTask) -> Metrics:
        from audiomotion.config.experiment import GenerationConfig

        text = json.dumps(task.experiment["generation"])
        return self._trials.measure(GenerationConfig.model_validate_json(text), task.repeat)


def attempt(worker: TrialWorker, task: TrialTask) -> Measured:
    """Measure a task; what goes wrong with it is a result too."""
    started = time.monotonic()
    try:
        repeats = [dict(worker.measure(task))]
    except Exception as error:  # a trial fails alone: its reason is recorded
        kind = "" if isinstance(error, AudiomotionError) else f"{type(error).__name__}: "
        reason = f"{kind}{first_line(error)}"
        code = error.exit_code if isinstance(error, AudiomotionError) else 1
        seconds = time.monotonic() - started
        return Measured(task, seconds=seconds, failure=reason, exit_code=code)
    return Measured(task, repeats, time.monotonic() - started)


class LocalPool:
    """Measures in this process, one task after the other; the worker is made at the first."""

    num_workers = 1

    def __init__(self, make: MakeWorker) -> None:
        self._make = make
        self._worker: TrialWorker | None = None
        self._waiting: list[TrialTask] = []

    def submit(self, task: TrialTask) -> None:
        """Take a task; `wait` measures it."""
        self._waiting.append(task)

    def wait(self) -> Sequence[Measured]:
        """Measure the task that was submitted first."""
        task = self._waiting.pop(0)
        if self._worker is None:
            self._worker = self._make()
        return [attempt(self._worker, task)]

    def close(self) -> None:
        """Forget what waits."""
        self._waiting.clear()
