"""Trials that train: each is an ordinary plan, of which the store has what others left already."""

import json
import time
from collections.abc import Callable, Mapping, Sequence

from audiomotion.config.experiment import Experiment
from audiomotion.errors import AudiomotionError
from audiomotion.evaluate.result import EvaluationResult
from audiomotion.files import read_json
from audiomotion.orchestrate.failures import Failure
from audiomotion.orchestrate.launch import stage_fingerprints
from audiomotion.orchestrate.plan import Plan, Target
from audiomotion.orchestrate.results import fetch_reports
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.orchestrate.trials import Measured, TrialTask
from audiomotion.stages.results import RESULT
from audiomotion.stages.system import SystemStages

RunPlan = Callable[[Plan], Mapping[str, Failure]]
"""Runs what is missing of a plan; returns why stages have no artifact, by fingerprint."""


class TrainingPool:
    """Runs the plans of all submitted trials as one, so that what they share is made once."""

    def __init__(
        self,
        run_plan: RunPlan,
        store: ArtifactStore,
        num_workers: int,
        fill: Callable[[Experiment], Experiment],
    ) -> None:
        """Take what to run with.

        Args:
            run_plan: The ordinary machinery of a launch.
            store: Where its artifacts are.
            num_workers: Trials whose plans are run together.
            fill: Fills contents of data and weights into an experiment.
        """
        self.num_workers = num_workers
        self._run_plan = run_plan
        self._store = store
        self._fill = fill
        self._waiting: list[TrialTask] = []

    def submit(self, task: TrialTask) -> None:
        """Take a task; `wait` runs it."""
        self._waiting.append(task)

    def wait(self) -> Sequence[Measured]:
        """Run everything that was submitted.

        Raises:
            AudiomotionError: The budget of the launch is used up; the trials are not judged.
        """
        tasks, self._waiting = self._waiting, []
        targets = {task.number: self._target(task) for task in tasks}
        started = time.monotonic()
        failures = self._run_plan(Plan(targets.values()))
        seconds = (time.monotonic() - started) / len(tasks)
        return [self._measured(task, targets[task.number], failures, seconds) for task in tasks]

    def _target(self, task: TrialTask) -> Target:
        experiment = Experiment.model_validate_json(json.dumps(task.experiment))
        stages = SystemStages(self._fill(experiment))
        return Target(f"trial-{task.number}", experiment.seed, stages.evaluation)

    def _measured(
        self, task: TrialTask, target: Target, failures: Mapping[str, Failure], seconds: float
    ) -> Measured:
        fingerprints = stage_fingerprints(target)
        failure = failures.get(target.stage.fingerprint)
        if failure is not None and failure.kind == "refused":
            raise AudiomotionError(failure.reason)
        if failure is not None:
            reason = f"{failure.stage.name}: {failure.reason}"
            code = failure.exit_code
            return Measured(task, (), seconds, reason, code, fingerprints)
        fetch_reports(self._store, [("evaluation", target.stage.fingerprint)])
        content = read_json(self._store.folder(target.stage) / RESULT)
        repeats = [repeat.metrics for repeat in EvaluationResult.from_json(content).repeats]
        return Measured(task, repeats[task.repeat :], seconds, fingerprints=fingerprints)

    def close(self) -> None:
        """Forget what waits."""
        self._waiting.clear()
