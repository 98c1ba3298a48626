"""`amx train` and `amx ablate`: resolve, plan, run, print."""

import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from audiomotion.cli.console import counted, errors, results
from audiomotion.cli.dry_run import print_plan
from audiomotion.cli.execution import make_executor, with_contents
from audiomotion.cli.options import (
    DEFAULT_STORE,
    AddressOption,
    AxisArgument,
    DataRootOption,
    DatasetOption,
    DryRunOption,
    ExecutorName,
    ExecutorOption,
    ExperimentArgument,
    JsonOption,
    RecipesOption,
    SeedsOption,
    SetOption,
    StoreOption,
    WeightsOption,
    YesOption,
)
from audiomotion.cli.progress import ProgressDisplay
from audiomotion.cli.submitting import Places, cluster_address, submit
from audiomotion.cli.weights import confirm_weights, frozen_parts
from audiomotion.config.axis import load_axis
from audiomotion.config.resolve import ResolvedArm, resolve
from audiomotion.config.runtime import Runtime
from audiomotion.data.published_counts import Comparison
from audiomotion.errors import ArmsFailedError, AudiomotionError
from audiomotion.files import read_json
from audiomotion.orchestrate.estimates import recorded_seconds
from audiomotion.orchestrate.launch import Request, launch, make_plan, new_record
from audiomotion.orchestrate.plan import Plan
from audiomotion.orchestrate.records import RunFolder, RunRecord, close_dead_runs
from audiomotion.orchestrate.store import open_store
from audiomotion.report.render import as_json as table_json
from audiomotion.report.render import print_table
from audiomotion.report.table import ResultTable, build_table
from audiomotion.stages.results import DATASET_REPORT


def train(
    experiment: ExperimentArgument,
    dataset: DatasetOption = None,
    sets: SetOption = None,
    seeds: SeedsOption = 1,
    weights: WeightsOption = None,
    recipes: RecipesOption = None,
    store: StoreOption = DEFAULT_STORE,
    data_root: DataRootOption = None,
    executor: ExecutorOption = ExecutorName.ray,
    address: AddressOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    yes: YesOption = False,
) -> None:
    """Train one experiment, to weights and metrics."""
    arms = resolve(
        experiment,
        sets=sets or (),
        seeds=_seeds(seeds),
        weights=weights,
        recipes_dir=recipes,
        dataset=dataset,
    )
    title = arms[0].experiment.name
    command = Command(store, data_root, executor, dry_run, as_json, yes, address, recipes)
    command.run("experiment", title, arms, {})


def ablate(
    axis: AxisArgument,
    dataset: DatasetOption = None,
    arms: Annotated[
        str | None, typer.Option("--arms", help="Only these arms, separated by commas.")
    ] = None,
    sets: SetOption = None,
    seeds: SeedsOption = 1,
    weights: WeightsOption = None,
    recipes: RecipesOption = None,
    store: StoreOption = DEFAULT_STORE,
    data_root: DataRootOption = None,
    executor: ExecutorOption = ExecutorName.ray,
    address: AddressOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    yes: YesOption = False,
) -> None:
    """Train the system once for each arm of an axis, and compare.

    The published figures of the same arms stand beside ours.
    """
    resolved = resolve(
        axes=[axis],
        arms=arms.split(",") if arms else None,
        sets=sets or (),
        seeds=_seeds(seeds),
        weights=weights,
        recipes_dir=recipes,
        dataset=dataset,
    )
    config = load_axis(axis, recipes).config
    if dataset is None:
        errors.say(f"no --dataset given: using {config.dataset}")
    described = config.model_dump(mode="json", exclude={"arms"})
    command = Command(store, data_root, executor, dry_run, as_json, yes, address, recipes)
    command.run("ablation", config.name, resolved, described)


def _seeds(count: int) -> Sequence[int] | None:
    """Return seeds 0 .. count - 1; None, which is the recipe's own, where one is asked for."""
    return None if count == 1 else range(count)


class Command:
    """What `train` and `ablate` do once it is clear what is asked for."""

    def __init__(
        self,
        store: str,
        data_root: Path | None,
        executor: ExecutorName,
        dry_run: bool,
        as_json: bool,
        yes: bool,
        address: str | None = None,
        recipes: Path | None = None,
    ) -> None:
        self.location = store
        self.address = None if dry_run else cluster_address(address, executor)
        self.recipes = recipes
        self.store = open_store(store)
        self.data_root = data_root
        self.executor = executor
        self.dry_run = dry_run
        self.as_json = as_json
        self.yes = yes

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
        if self.address is not None:
            places = Places(self.location, self.data_root, self.recipes)
            submit(self.address, kind, title, arms, places, yes=self.yes)
        experiments = with_contents(arms, self.store, self.data_root, dry_run=self.dry_run)
        request = Request(kind, title, experiments, axis)
        plan = make_plan(request)
        if self.dry_run:
            print_plan(request, plan, self.store, as_json=self.as_json)
        else:
            self._run(request, plan, arms[0].runtime)

    def _run(self, request: Request, plan: Plan, runtime: Runtime) -> None:
        confirm_weights(frozen_parts(item for _, item in request.arms), yes=self.yes)
        self.store.prepare()
        folder = RunFolder(self.store.runs / new_record(request, plan).id)
        with folder.claim(lambda: errors.say("another process runs this launch; waiting for it")):
            record, table = self._finished(folder, plan) or self._launch(
                request, plan, runtime, folder
            )
        self._print(table)
        self._say_dropped(plan)
        _raise_for(record)

    def _finished(self, folder: RunFolder, plan: Plan) -> tuple[RunRecord, ResultTable] | None:
        """Return the result of the same request if everything it asked for is there."""
        record = folder.load()
        if record is None or record.status != "done":
            return None
        if plan.missing(self.store.available(plan.stages)):
            return None
        errors.say(f"nothing to compute: launch {record.id} finished {record.updated}")
        return record, self._table(record)

    def _launch(
        self, request: Request, plan: Plan, runtime: Runtime, folder: RunFolder
    ) -> tuple[RunRecord, ResultTable]:
        from audiomotion.report.tracked import TrackedLaunch
        from audiomotion.track.tracker import Tracker, default_uri

        uri = default_uri(self.store.root)
        self._close_dead_runs(uri)
        tracker = Tracker(uri, self.store.root, folder.path)
        tracked = TrackedLaunch(tracker, self.store.artifact_root)
        num_missing = len(plan.missing(self.store.available(plan.stages)))
        arms = counted(len(request.arms), "arm")
        errors.say(
            f"{arms}, {len(plan.stages)} stages, {num_missing} to run; store {self.store.root}"
        )
        executor = make_executor(self.executor, self.store, self.data_root, runtime)
        with ProgressDisplay(plan, self.store, num_missing, errors.quiet) as display:
            record = launch(
                request, plan, self.store, executor, tracked, display, recorded_seconds(self.store)
            )
        return record, self._table(record)

    def _close_dead_runs(self, uri: str) -> None:
        from audiomotion.report.tracked import TrackedLaunch
        from audiomotion.track.tracker import Tracker, tracked_uri

        for dead in close_dead_runs(self.store.runs):
            errors.say(f"launch {dead.path.name} had died; it is marked as interrupted")
            if (dead.path / "mlflow.json").exists():
                tracker = Tracker(tracked_uri(dead.path) or uri, self.store.root, dead.path)
                TrackedLaunch(tracker, self.store.artifact_root).interrupted()

    def _table(self, record: RunRecord) -> ResultTable:
        return build_table(record, self.store.artifact_root)

    def _print(self, table: ResultTable) -> None:
        if self.as_json:
            typer.echo(table_json(table))
        else:
            print_table(table, results())
            errors.say(f"compare curves and arms in a browser: amx ui{self._store_option()}")

    def _say_dropped(self, plan: Plan) -> None:
        """Say what a data set has beside the published one, and what of it could not be used."""
        for stage in plan.stages.values():
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
        found = Path(os.environ.get("AMX_STORE") or DEFAULT_STORE).absolute()
        return "" if found == self.store.root else f" --store {shlex.quote(str(self.store.root))}"


def _raise_for(record: RunRecord) -> None:
    failed = [arm for arm in record.arms if arm.status != "done"]
    if not failed and record.status == "done":
        return
    if not failed:
        raise ArmsFailedError("real and reconstructed motion could not be measured; run it again")
    reasons = {arm.reason: arm.exit_code for arm in failed}
    if len(failed) == len(record.arms) and len(reasons) == 1:
        error = AudiomotionError(f"every arm failed: {failed[0].reason}")
        error.exit_code = failed[0].exit_code  # type: ignore[misc]
        raise error
    names = ", ".join(f"{arm.arm} (seed {arm.seed})" for arm in failed)
    raise ArmsFailedError(f"no result for {names}; the same command runs only what is missing")
