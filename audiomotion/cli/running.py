"""`amx train` and `amx ablate`: resolve, plan, run, print."""

import os
import shlex
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from audiomotion.cli.closing import close_dead_launches, raise_for
from audiomotion.cli.confirming import confirm_forcing
from audiomotion.cli.console import counted, errors, results
from audiomotion.cli.dry_run import PlanView, cost_sentences
from audiomotion.cli.execution import make_executor, with_contents
from audiomotion.cli.guidance import GuidanceOption, guided
from audiomotion.cli.launch_options import LaunchOptions
from audiomotion.cli.option_groups import with_option_groups
from audiomotion.cli.options import (
    DEFAULT_STORE,
    AxesArgument,
    AxesOption,
    DatasetOption,
    ExperimentArgument,
    RecipesOption,
    SeedsOption,
    SetOption,
    WeightsOption,
)
from audiomotion.cli.preparing import prepare, print_artifacts
from audiomotion.cli.progress import ProgressDisplay
from audiomotion.cli.published_evaluator import PublishedEvaluator
from audiomotion.cli.submitting import cluster_address, submit
from audiomotion.cli.tuned_arms import SEARCH, refuse_with, tuned_arms
from audiomotion.cli.weights import confirm_weights, frozen_parts
from audiomotion.config.axis import load_axis
from audiomotion.config.combinations import described, joined
from audiomotion.config.recipes import list_recipes
from audiomotion.config.resolve import ResolvedArm, resolve
from audiomotion.config.runtime import Runtime
from audiomotion.config.search import load_search
from audiomotion.data.published_counts import Comparison
from audiomotion.errors import ConfigError
from audiomotion.files import read_json
from audiomotion.orchestrate.budget import GpuBudget
from audiomotion.orchestrate.forcing import discard
from audiomotion.orchestrate.forecast import Forecast
from audiomotion.orchestrate.launch import Request, launch, make_plan, new_record
from audiomotion.orchestrate.plan import Fingerprint, Plan
from audiomotion.orchestrate.records import RunFolder, RunRecord
from audiomotion.orchestrate.results import fetch_reports
from audiomotion.orchestrate.store import open_store
from audiomotion.report.guidance import TRIALS
from audiomotion.report.notes import same_system_notes
from audiomotion.report.published import refuse_unknown_rows
from audiomotion.report.render.sheet import sheet_of
from audiomotion.report.render.terminal import print_sheet
from audiomotion.report.render.tidy import as_json as table_json
from audiomotion.report.table import ResultTable
from audiomotion.report.tables import table_of
from audiomotion.stages.results import DATASET_REPORT


@with_option_groups
def train(
    experiment: ExperimentArgument,
    dataset: DatasetOption = None,
    sets: SetOption = None,
    seeds: SeedsOption = 1,
    guidance: GuidanceOption = None,
    weights: WeightsOption = None,
    recipes: RecipesOption = None,
    published: PublishedEvaluator = PublishedEvaluator(),  # noqa: B008
    options: LaunchOptions = LaunchOptions(),  # noqa: B008
) -> None:
    """Train one experiment, to weights and metrics."""
    ask = partial(
        resolve,
        experiment,
        seeds=_seeds(seeds),
        weights=weights,
        recipes_dir=recipes,
        dataset=dataset,
    )
    command = Command(options, recipes)
    sets = guided(guidance, ask, sets or (), command.store)
    arms = command.with_evaluator(published, ask, sets)
    command.run("experiment", arms[0].experiment.name, arms, {})


@with_option_groups
def ablate(
    axes: AxesArgument = None,
    more_axes: AxesOption = None,
    one_at_a_time: Annotated[
        bool,
        typer.Option("--one-at-a-time", help="Of several axes, vary one around all baselines."),
    ] = False,
    dataset: DatasetOption = None,
    arms: Annotated[
        str | None, typer.Option("--arms", help="Only these arms, separated by commas.")
    ] = None,
    sets: SetOption = None,
    seeds: SeedsOption = 1,
    guidance: GuidanceOption = None,
    tune_guidance: Annotated[
        bool, typer.Option("--tune-guidance", help="Search each arm's guidance scales first.")
    ] = False,
    trials: Annotated[
        int | None, typer.Option("--trials", min=1, help="Of --tune-guidance, trials an arm.")
    ] = None,
    weights: WeightsOption = None,
    recipes: RecipesOption = None,
    published: PublishedEvaluator = PublishedEvaluator(),  # noqa: B008
    options: LaunchOptions = LaunchOptions(),  # noqa: B008
) -> None:
    """Train the system once for each arm of an axis, or of several, and compare.

    The published figures of the same arms stand beside ours.
    """
    names = [*(axes or ()), *(more_axes or ())]
    if not names:
        known = ", ".join(list_recipes("ablations", recipes))
        raise ConfigError(f"no axis is named; give one or several of {known}, or a path")
    ask = partial(
        resolve,
        axes=names,
        arms=arms.split(",") if arms else None,
        seeds=_seeds(seeds),
        weights=weights,
        recipes_dir=recipes,
        dataset=dataset,
        one_at_a_time=one_at_a_time,
    )
    command = Command(options, recipes)
    sets = guided(guidance, ask, sets or (), command.store)
    resolved = command.with_evaluator(published, ask, sets)
    configs = [load_axis(name, recipes).config for name in names]
    for config in configs:
        refuse_unknown_rows(config)
    if dataset is None:
        errors.say(f"no --dataset given: using {configs[0].dataset}")
    if trials is not None and not tune_guidance:
        raise ConfigError("--trials goes with --tune-guidance")
    if tune_guidance:
        resolved = command.with_tuned_guidance(resolved, guidance, trials)
    title = joined(config.name for config in configs)
    content = described(configs, one_at_a_time=one_at_a_time)
    if tune_guidance:
        content |= {TRIALS: trials or load_search(SEARCH, recipes).trials}
    command.run("ablation", title, resolved, content)


def _seeds(count: int) -> Sequence[int] | None:
    """Return seeds 0 .. count - 1; None, which is the recipe's own, where one is asked for."""
    return None if count == 1 else range(count)


@dataclass(frozen=True)
class _Work:
    """What is to be done, and at what cost."""

    request: Request
    plan: Plan
    runtime: Runtime
    forced: Collection[Fingerprint]
    cost: Forecast
    budget: GpuBudget


class Command:
    """What `train` and `ablate` do once it is clear what is asked for."""

    def __init__(self, options: LaunchOptions, recipes: Path | None = None) -> None:
        self.options = options
        self.recipes = recipes
        self.store = open_store(options.store)

    def with_evaluator(
        self,
        published: PublishedEvaluator,
        ask: Callable[..., list[ResolvedArm]],
        sets: Sequence[str],
    ) -> list[ResolvedArm]:
        """Return the arms that are asked for, measured by the published evaluator if that is given.

        Raises:
            ConfigError: The command goes to a cluster, which has not the evaluator's files.
        """
        options = self.options
        goes = published.evaluator and not options.dry_run
        if goes and cluster_address(options.address, options.executor):
            raise ConfigError(
                "--evaluator names files of this machine, and the command goes to a cluster; put "
                "them into its store with amx import t2m-evaluator, then --set evaluator=official"
            )
        return published.resolved(ask, sets, self.store, dry_run=options.dry_run)

    def with_tuned_guidance(
        self, arms: list[ResolvedArm], guidance: str | None, trials: int | None
    ) -> list[ResolvedArm]:
        """Return the arms with scales that were searched for each; a dry run says what would be.

        Raises:
            ConfigError: Something does not go with that.
        """
        options = self.options
        cluster = cluster_address(options.address, options.executor) is not None
        refuse_with(options, guidance, cluster=cluster)
        if options.dry_run:
            names = dict.fromkeys(arm.name for arm in arms)
            errors.say(
                f"before that, a search of guidance scales for each of {', '.join(names)}; the "
                "plan shows their own scales, and evaluations of tuned ones may not be there"
            )
            return arms
        return tuned_arms(arms, self.store, options, trials, self.recipes)

    def run(
        self,
        kind: Literal["ablation", "experiment"],
        title: str,
        arms: Sequence[ResolvedArm],
        axis: Mapping[str, Any],
    ) -> None:
        """Print the plan, or run it and print the table.

        Raises:
            ArmsFailedError: Some arms have no result; the exit code of a shared cause otherwise.
        """
        options, runtime = self.options, arms[0].runtime
        if not options.dry_run and (cluster := cluster_address(options.address, options.executor)):
            submit(cluster, kind, title, arms, options, self.recipes)
        experiments = with_contents(arms, self.store, options.data_root, dry_run=options.dry_run)
        request = Request(kind, title, experiments, axis)
        whole = make_plan(request)
        evaluations = ((target.arm, target.stage.fingerprint) for target in whole.targets)
        for note in same_system_notes(evaluations):
            errors.say(note)
        options.refuse_unknown_stages(whole)
        plan = whole.only(options.only) if options.only else whole
        forced = plan.with_downstream(options.force or ())
        cost = options.expected_cost(plan, self.store, runtime, forced)
        if options.dry_run:
            again = forced and forced & self.store.available(plan.stages)
            PlanView(request, plan, cost, again).print(as_json=options.as_json)
        folder = RunFolder(self.store, new_record(request, whole).id)
        budget = options.budget(runtime, cost, folder)
        if options.dry_run:
            return
        confirm_weights(frozen_parts(item for _, item in request.arms), yes=options.yes)
        confirm_forcing(plan, forced, self.store, yes=options.yes)
        self.store.prepare()
        work = _Work(request, plan, runtime, forced, cost, budget)
        if options.only:
            self._prepare(work)
        else:
            self._run(work, folder)

    def outcome(self, request: Request, runtime: Runtime) -> tuple[RunRecord, ResultTable]:
        """Return what comes of a launch on this machine whose contents are filled in; run it."""
        plan = make_plan(request)
        cost = self.options.expected_cost(plan, self.store, runtime, ())
        folder = RunFolder(self.store, new_record(request, plan).id)
        budget = self.options.budget(runtime, cost, folder)
        return self._outcome(_Work(request, plan, runtime, (), cost, budget), folder)

    def _prepare(self, work: "_Work") -> None:
        """Run some stages for their own sake, and say where their artifacts are."""
        options = self.options
        discard(work.plan, work.forced, self.store)
        prepare(
            work.plan,
            self.store,
            options.data_root,
            options.executor,
            work.runtime,
            work.budget,
            retry_failed=options.retry_failed,
        )
        print_artifacts(work.plan.extra, self.store, as_json=options.as_json)

    def _run(self, work: "_Work", folder: RunFolder) -> None:
        record, table = self._outcome(work, folder)
        self._print(table)
        self._say_dropped(work.plan)
        raise_for(record)

    def _outcome(self, work: "_Work", folder: RunFolder) -> tuple[RunRecord, ResultTable]:
        with folder.claim(lambda: errors.say("another process runs this launch; waiting for it")):
            discard(work.plan, work.forced, self.store)
            return self._finished(folder, work.plan) or self._launch(work, folder)

    def _finished(self, folder: RunFolder, plan: Plan) -> tuple[RunRecord, ResultTable] | None:
        """Return the result of the same request if everything it asked for is there."""
        record = folder.load()
        if record is None or record.status != "done" or record.unobserved:
            return None
        if plan.missing(self.store.available(plan.stages)):
            return None
        errors.say(f"nothing to compute: launch {record.id} finished {record.updated}")
        return record, self._table(record)

    def _launch(self, work: "_Work", folder: RunFolder) -> tuple[RunRecord, ResultTable]:
        from audiomotion.report.patient import PatientObserver
        from audiomotion.report.tracked import TrackedLaunch
        from audiomotion.track.tracker import Tracker, default_uri

        uri = default_uri(self.store.root)
        close_dead_launches(self.store, uri)
        tracker = Tracker(uri, self.store.root, folder.path)
        tracked = PatientObserver(TrackedLaunch(tracker, self.store), errors.say)
        plan, options = work.plan, self.options
        num_missing = len(plan.missing(self.store.available(plan.stages)))
        arms = counted(len(work.request.arms), "arm")
        errors.say(
            f"{arms}, {len(plan.stages)} stages, {num_missing} to run; store {self.store.location}"
        )
        for sentence in cost_sentences(work.cost, plan):
            errors.say(sentence)
        executor = make_executor(options.executor, self.store, options.data_root, work.runtime)
        with ProgressDisplay(plan, self.store, num_missing, errors.quiet) as display:
            record = launch(
                work.request,
                plan,
                self.store,
                executor,
                tracked,
                display,
                work.cost.seconds,
                budget=work.budget,
                retry_failed=options.retry_failed,
            )
        return record, self._table(record)

    def _table(self, record: RunRecord) -> ResultTable:
        return table_of(self.store, record)

    def _print(self, table: ResultTable) -> None:
        if self.options.as_json:
            typer.echo(table_json(table))
        else:
            print_sheet(sheet_of(table), results())
            errors.say(f"compare curves and arms in a browser: amx ui{self._store_option()}")

    def _say_dropped(self, plan: Plan) -> None:
        """Say what a data set has beside the published one, and what of it could not be used."""
        stages = list(plan.stages.values())
        fetch_reports(self.store, [(stage.name, stage.fingerprint) for stage in stages])
        for stage in stages:
            path = self.store.folder(stage) / DATASET_REPORT
            if not path.exists():
                continue
            report = read_json(path)
            for row in report.get("beside_published", ()):
                if row["published"] is not None:
                    errors.say(f"data set: {Comparison(**row).sentence()}")
            if dropped := report["dropped"]:
                errors.say(f"left out of the data set: {len(dropped)}; the reasons are in {path}")

    def _store_option(self) -> str:
        """Return what another command needs to find this store; nothing where it finds it so."""
        location = self.store.location
        found = open_store(os.environ.get("AMX_STORE") or DEFAULT_STORE).location
        return "" if found == location else f" --store {shlex.quote(location)}"
