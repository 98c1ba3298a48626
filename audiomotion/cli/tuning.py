"""A search, its plan and its workers, as the options of `amx tune` have it."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

import typer

from audiomotion.cli.closing import raise_for
from audiomotion.cli.console import counted, errors
from audiomotion.cli.dry_run import PlanView, cost_as_json, cost_sentences, expected_cost
from audiomotion.cli.durations import spoken_hours, spoken_seconds
from audiomotion.cli.execution import with_contents
from audiomotion.cli.launch_options import LaunchOptions
from audiomotion.cli.options import ExecutorName
from audiomotion.cli.preparing import prepare, run_plan
from audiomotion.cli.running import Command
from audiomotion.cli.tune_options import TuneOptions
from audiomotion.cli.tune_tracking import SearchTracking
from audiomotion.cli.tune_view import print_record, say_kept
from audiomotion.cli.weights import confirm_weights, frozen_parts
from audiomotion.config.given import Given, Origin
from audiomotion.config.resolve import ResolvedArm
from audiomotion.config.runtime import Resources, Runtime
from audiomotion.errors import AudiomotionError, ClusterError, ConfigError
from audiomotion.orchestrate.budget import GPU_LEDGER, GpuBudget
from audiomotion.orchestrate.estimates import Estimate
from audiomotion.orchestrate.executor import worker_settings
from audiomotion.orchestrate.failures import Failure
from audiomotion.orchestrate.launch import Request
from audiomotion.orchestrate.plan import Plan
from audiomotion.orchestrate.records import RunFolder, RunRecord
from audiomotion.orchestrate.slots import slots_here
from audiomotion.orchestrate.store import ArtifactStore
from audiomotion.orchestrate.trials import LocalPool, SystemWorkers, TrialPool, TrialTask, attempt
from audiomotion.report.guidance import CONVENTION
from audiomotion.report.table import ResultTable
from audiomotion.tune.costs import SearchCost, trial_estimate
from audiomotion.tune.driver import EventKind, Limits
from audiomotion.tune.journal import JOURNAL, read_trials
from audiomotion.tune.record import TuneRecord
from audiomotion.tune.request import TuneRequest
from audiomotion.tune.tested import final_record, final_request
from audiomotion.tune.trial import Trial

if TYPE_CHECKING:
    from audiomotion.config.experiment import Experiment


class Tuning:
    """A search, its plan and its workers, as options have it."""

    def __init__(
        self, request: TuneRequest, runtime: Runtime, store: ArtifactStore, options: TuneOptions
    ) -> None:
        self.request = request
        self.store = store
        self.options = options
        self.is_local = options.executor is ExecutorName.local
        self.slots = slots_here(one_by_one=self.is_local)
        self.runtime = runtime.with_one_worker() if self.is_local else runtime
        self.settled = self.runtime.settled(has_gpu=self.slots.gpus > 0)
        self.folder = RunFolder(store, request.id)
        self.num_trials = options.trials or request.search.trials
        self.num_workers = self._num_workers()

    @property
    def asked(self) -> Resources:
        """What a trial worker holds."""
        return self.settled.resources("evaluation")

    def _num_workers(self) -> int:
        wanted = self.options.workers
        if self.is_local:
            if wanted not in (None, 1):
                raise ConfigError(
                    f"--workers {wanted}: --executor local measures one trial at a time; leave one "
                    "of the two out"
                )
            return 1
        if wanted is not None:
            return wanted
        places = [self.slots.cpus / self.asked.cpus, float(self.num_trials)]
        if self.asked.gpus:
            places.append(self.slots.gpus / self.asked.gpus)
        if self.runtime.max_parallel_stages:
            places.append(float(self.runtime.max_parallel_stages))
        return max(1, int(min(places)))

    def run(self) -> None:
        """Print what it would cost, or run it and print what it found.

        Raises:
            AudiomotionError: No trial has won.
        """
        options, request = self.options, self.request
        self._refuse_training()
        before = expected_cost(request.needed, self.store, self.runtime, options.executor)
        cost = self._cost()
        budget = self._budget(before.gpu_hours + (cost.gpu_hours or 0.0))
        if options.dry_run:
            self._print_plan(cost)
            return
        confirm_weights(frozen_parts([request.experiment]), yes=options.yes)
        self.store.prepare()
        for sentence in self._cost_sentences(cost):
            errors.say(sentence)
        with SearchTracking(self.store, self.folder) as tracking:
            record = self._searched(budget, tracking)
            was_tested = final_record(self.store, record) is not None
            launch, table = self._tested(record, budget) or (None, None)
            unobserved = tracking.end(record, table, is_new=not was_tested)
        print_record(record, table, as_json=options.as_json)
        say_kept(record)
        if record.winner is None:
            raise AudiomotionError(
                "no trial has won: none finished that keeps every constraint; allow more trials, "
                "or ask for less"
            )
        if launch is not None:
            raise_for(launch)
        if unobserved:
            raise ClusterError(unobserved)

    def found(self) -> TuneRecord:
        """Run what is missing of the search and return its record, untested.

        Raises:
            ClusterError: The tracker lacks some of it.
        """
        cost = self._cost()
        budget = self._budget(cost.gpu_hours or 0.0)
        for sentence in self._cost_sentences(cost):
            errors.say(sentence)
        with SearchTracking(self.store, self.folder) as tracking:
            record = self._searched(budget, tracking)
            if unobserved := tracking.end(record, None, is_new=False):
                raise ClusterError(unobserved)
        return record

    def _tested(
        self, record: TuneRecord, budget: GpuBudget
    ) -> tuple[RunRecord, ResultTable] | None:
        """Measure what won, once, by an ordinary launch; None where there is nothing to test."""
        request = final_request(record) if self.options.test else None
        if request is None:
            return None
        options = self.options
        limit = options.max_gpu_hours
        left = None if limit is None else max(0.0, limit - self._gpu_hours(budget, self._past()))
        errors.say("the winner and what it is compared with are measured once on the test split")
        launch = LaunchOptions(
            store=options.store,
            data_root=options.data_root,
            executor=options.executor,
            max_gpu_hours=left,
            yes=True,
        )
        return Command(launch).outcome(request, self.runtime)

    def _refuse_training(self) -> None:
        request = self.request
        missing = request.needed.missing(self.store.available(request.needed.stages))
        if self.options.train:
            return
        if request.search.trains:
            raise ConfigError(f"--no-train: every trial of {request.search.name} trains")
        if missing:
            names = ", ".join(dict.fromkeys(stage.name for stage in missing))
            raise ConfigError(
                f"--no-train: {names} of {request.label} are not in {self.store.location}; leave "
                "--no-train out to make them first"
            )

    def _searched(self, budget: GpuBudget, tracking: SearchTracking) -> TuneRecord:
        from audiomotion.tune.running import Means, run_search

        means = Means(
            prepare=partial(self._prepare, budget),
            make_pool=partial(self._pool, budget),
            limits=Limits(self.num_trials, self.options.timeout, self.options.max_gpu_hours),
            storage=self.options.storage,
            gpu_hours=partial(self._gpu_hours, budget),
            on_event=partial(self._note, tracking),
            on_begin=tracking.begin,
        )
        return run_search(
            self.request,
            self.store,
            means,
            lambda: errors.say("another process runs this search; waiting for it"),
        )

    def _prepare(self, budget: GpuBudget) -> None:
        needed = self.request.needed
        if needed.missing(self.store.available(needed.stages)):
            options = self.options
            prepare(needed, self.store, options.data_root, options.executor, self.runtime, budget)

    def _pool(self, budget: GpuBudget) -> TrialPool:
        if self.request.search.trains:
            from audiomotion.tune.training import TrainingPool

            return TrainingPool(
                partial(self._run_plan, budget), self.store, self.num_workers, self._filled
            )
        if self.is_local:
            return LocalPool(self._workers())
        from audiomotion.orchestrate.ray_trials import RayPool

        return RayPool(self._workers(), self.num_workers, self.asked)

    def _workers(self) -> SystemWorkers:
        stage = self.request.evaluation
        settings = worker_settings(stage, self.settled, self.store, self.options.data_root)
        return SystemWorkers(stage, settings)

    def _run_plan(self, budget: GpuBudget, plan: Plan) -> Mapping[str, Failure]:
        options = self.options
        return run_plan(plan, self.store, options.data_root, options.executor, self.runtime, budget)

    def _filled(self, experiment: "Experiment") -> "Experiment":
        arm = ResolvedArm("trial", experiment, self.runtime, Given({}, Origin("trial")))
        ((_, filled),) = with_contents([arm], self.store, self.options.data_root, dry_run=False)
        return filled

    def _budget(self, expected: float) -> GpuBudget:
        """Return what the search may use.

        Raises:
            ConfigError: It is expected to take more.
        """
        limit = math.inf if self.options.max_gpu_hours is None else self.options.max_gpu_hours
        budget = GpuBudget(
            limit,
            lambda stage: self.settled.resources(stage.name).all_gpus,
            self.folder.path / GPU_LEDGER,
            self.folder.share,
        )
        used = self._gpu_hours(budget, self._past())
        if expected and used + expected > limit:
            raise ConfigError(
                f"--max-gpu-hours {limit:g}: the search is expected to take {expected:.3g} "
                f"GPU-hours and has used {used:.3g}; allow more, or fewer --trials"
            )
        return budget

    def _gpu_hours(self, budget: GpuBudget, trials: Sequence[Trial]) -> float:
        if self.request.search.trains:  # its stages are counted as they run
            return budget.used_hours
        seconds = sum(trial.seconds for trial in trials)
        return budget.used_hours + seconds * self.asked.gpus / 3600

    def _past(self) -> list[Trial]:
        return read_trials(self.folder.path / JOURNAL)

    def _cost(self) -> SearchCost:
        past = self._past()
        told = sum(trial.status != "running" for trial in past)
        estimate = trial_estimate(self.request, self.store, self.runtime, self.slots, past)
        if self.options.probe and estimate.basis in ("unknown", "rough"):
            estimate = self._probed() or estimate
        return SearchCost(
            estimate.seconds,
            estimate.basis,
            max(0, self.num_trials - told),
            self.num_workers,
            self.asked.gpus,
        )

    def _probed(self) -> Estimate | None:
        """Measure one repeat of the experiment's own values; None where parts are missing."""
        request = self.request
        if request.search.trains or request.needed.missing(
            self.store.available(request.needed.stages)
        ):
            errors.say("--probe: nothing to measure a trial with before its trainings are there")
            return None
        experiment = request.experiment.model_dump(mode="json")
        measured = attempt(self._workers()(), TrialTask(0, 0, experiment))
        if measured.failure:
            raise AudiomotionError(f"--probe: {measured.failure}")
        return Estimate(measured.seconds * request.search.repeats, "probed")

    def _cost_sentences(self, cost: SearchCost) -> Sequence[str]:
        if not cost.trials:
            return ["nothing to compute: every trial that is asked for is there"]
        workers = counted(cost.workers, "worker")
        trials = f"{counted(cost.trials, 'trial')} to run, {workers}"
        wall, hours = cost.wall_seconds, cost.gpu_hours
        if cost.trial_seconds is None or wall is None or hours is None:
            return [f"{trials}; time of a trial unknown before a first one: --probe measures it"]
        about = spoken_seconds(cost.trial_seconds)
        return [
            f"{trials}; about {about} a trial ({cost.basis}), {spoken_seconds(wall)} in all "
            f"({spoken_hours(hours, 'GPU-hour')}) if none is pruned"
        ]

    def _print_plan(self, cost: SearchCost) -> None:
        request = self.request
        plan = Plan([request.target]) if request.search.trains else request.needed
        before = expected_cost(plan, self.store, self.runtime, self.options.executor)
        if self.options.as_json:
            content: dict[str, Any] = {
                "id": request.id,
                "search": request.search.model_dump(mode="json"),
                "split": request.experiment.evaluation.split,
                "to_run": [plan.stages[key].name for key in before.estimates],
                "cost": cost_as_json(before, plan),
                "trials": {
                    **asdict(cost),
                    "wall_seconds": cost.wall_seconds,
                    "gpu_hours": cost.gpu_hours,
                },
                "convention": CONVENTION,
            }
            typer.echo(json.dumps(content, indent=1))
            return
        shown = Request(
            "experiment", request.search.name, [(request.label, request.experiment)], {}
        )
        if before.estimates:
            PlanView(shown, plan, before).print(as_json=False)
        else:
            for line in cost_sentences(before, plan):
                typer.echo(line)
        for line in self._cost_sentences(cost):
            typer.echo(line)
        typer.echo(
            f"measured on the {request.experiment.evaluation.split} split, "
            f"{counted(request.search.repeats, 'repeat')} a trial; {CONVENTION}"
        )

    def _note(
        self, tracking: SearchTracking, event: EventKind, trial: Trial, record: TuneRecord
    ) -> None:
        tracking.event(event, trial, record)
        self._show(event, trial, record)

    def _show(self, event: EventKind, trial: Trial, record: TuneRecord) -> None:
        if event != "ended":
            return
        values = ", ".join(f"{value:.4g}" for value in trial.values)
        params = ", ".join(f"{path.split('.', 1)[-1]}={v}" for path, v in trial.exact.items())
        best = "" if record.winner is None else f"; best is trial {record.winner}"
        errors.say(
            f"trial {trial.number} {trial.status} {values} ({params}){best}"
            + (f": {trial.reason}" if trial.reason else "")
        )
