"""`amx evaluate`: another system's motions, measured as our own are."""

import csv
import json
import sys
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audiomotion.cli.console import errors, results
from audiomotion.cli.dry_run import PlanView, expected_cost
from audiomotion.cli.execution import with_contents
from audiomotion.cli.option_groups import with_option_groups
from audiomotion.cli.options import (
    DEFAULT_STORE,
    DataRootOption,
    DryRunOption,
    ExecutorName,
    ExecutorOption,
    JsonOption,
    RecipesOption,
    SetOption,
    StoreOption,
    experiment_names,
)
from audiomotion.cli.preparing import prepare
from audiomotion.cli.published_evaluator import PublishedEvaluator
from audiomotion.config.resolve import resolve
from audiomotion.config.runtime import Runtime
from audiomotion.errors import ConfigError
from audiomotion.orchestrate.launch import Request
from audiomotion.orchestrate.outside import checked_name, keep_measured, outside_record
from audiomotion.orchestrate.plan import Plan, Target
from audiomotion.orchestrate.records import RunRecord
from audiomotion.orchestrate.store import ArtifactStore, open_store
from audiomotion.report.render.sheet import sheet_of
from audiomotion.report.render.terminal import print_sheet
from audiomotion.report.render.tidy import as_json as table_json
from audiomotion.report.tables import table_of
from audiomotion.stages.base import AnyStage
from audiomotion.stages.graph import OutsideStage
from audiomotion.stages.system import SystemStages

if TYPE_CHECKING:
    from audiomotion.config.experiment import Experiment

_UNSAID = "not said"


@with_option_groups
def evaluate(
    dataset: Annotated[
        str,
        typer.Option(
            "--dataset",
            help="Experiment whose data set, evaluator and protocol it is.",
            autocompletion=experiment_names,
        ),
    ],
    motions: Annotated[
        Path | None, typer.Option("--motions", help="Folder of generated motions.")
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="The system, where its manifest does not say.")
    ] = None,
    instructions: Annotated[
        bool, typer.Option("--instructions", help="Print what is to be answered, as CSV.")
    ] = False,
    allow_missing: Annotated[
        bool, typer.Option("--allow-missing", help="Measure the clips that have motion alone.")
    ] = False,
    published: PublishedEvaluator = PublishedEvaluator(),  # noqa: B008
    sets: SetOption = None,
    recipes: RecipesOption = None,
    store: StoreOption = DEFAULT_STORE,
    data_root: DataRootOption = None,
    executor: ExecutorOption = ExecutorName.ray,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Measure the motions that another system generated; docs/evaluate.md has their form."""
    if (motions is None) != instructions:
        raise ConfigError("give either --motions DIR, to measure it, or --instructions")
    place = open_store(store)
    ask = partial(resolve, dataset, recipes_dir=recipes)
    (arm,) = published.resolved(ask, sets or (), place, dry_run=dry_run)
    ((_, experiment),) = with_contents([arm], place, data_root, dry_run=dry_run)
    bench = _Bench(experiment, place, data_root, executor, arm.runtime)
    if motions is None:
        bench.print_instructions()
        return
    stage, system, weights = bench.stage(motions, name, allow_missing)
    if dry_run:
        bench.print_plan(stage, system, as_json=as_json)
        return
    record = bench.measured(stage, outside_record(system, weights, experiment, stage))
    _print(record, place, as_json=as_json)


@dataclass(frozen=True)
class _Bench:
    """Data set, evaluator and protocol, ready to measure with."""

    experiment: "Experiment"
    store: ArtifactStore
    data_root: Path | None
    executor: ExecutorName
    runtime: Runtime

    def stage(
        self, motions: Path, name: str | None, allow_missing: bool
    ) -> tuple[OutsideStage, str, str]:
        """Return the measurement of a folder, the system's name and what is said of its weights."""
        from audiomotion.data.outside_files import read_manifest
        from audiomotion.stages.outside import folder_content

        cache = self.store.cache if self.store.cache.exists() else None
        content = folder_content(motions, cache)
        stage = SystemStages(self.experiment).outside(motions, content, allow_missing=allow_missing)
        manifest = read_manifest(motions)
        system = name or manifest.system or motions.absolute().name
        return stage, checked_name(system), manifest.weights or _UNSAID

    def print_plan(self, stage: OutsideStage, system: str, *, as_json: bool) -> None:
        """Print what measuring would run."""
        request = Request("experiment", system, [(system, self.experiment)], {})
        plan = Plan([Target(system, 0, stage)])
        cost = expected_cost(plan, self.store, self.runtime, self.executor)
        PlanView(request, plan, cost).print(as_json=as_json)

    def measured(self, stage: OutsideStage, record: RunRecord) -> RunRecord:
        """Run what is missing; return the record, which is kept, with its verdict.

        Raises:
            DataError: Everything that is wrong with the folder, before an evaluator is trained.
        """
        if self.store.find(stage.inputs["evaluator"]) is None:
            self._check(stage)
        self.store.prepare()
        return keep_measured(
            record,
            self.store,
            partial(self._measure, stage, record.title),
            lambda: errors.say("another process measures these motions; waiting for it"),
        )

    def _measure(self, stage: OutsideStage, system: str) -> None:
        if self.store.find(stage) is not None:
            errors.say("nothing to compute: these motions have been measured")
        else:
            self._run(stage, system)

    def _check(self, stage: OutsideStage) -> None:
        from audiomotion.stages.outside import GivenMotions

        GivenMotions(stage, self._dataset(stage.inputs["dataset"])).check(lambda done, total: None)
        how = self.experiment.evaluator.weights
        errors.say(f"no evaluator of this data set yet: it is {how} first, once for all systems")

    def _dataset(self, stage: AnyStage) -> Path:
        if self.store.find(stage) is None:
            self._run(stage, "data set")
        return self.store.fetch(stage)

    def _run(self, stage: AnyStage, label: str) -> None:
        plan = Plan([Target(label, 0, stage)])
        prepare(plan, self.store, self.data_root, self.executor, self.runtime)

    def print_instructions(self) -> None:
        """Print file name, clip, frames and text of every instruction of the measured split."""
        from audiomotion.data.dataset import MotionDataset
        from audiomotion.stages.asking import askable

        dataset = MotionDataset(self._dataset(SystemStages(self.experiment).dataset))
        asked = askable(dataset, self.experiment.test_variant, self.experiment.evaluation)
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(("file", "clip", "frames", "text"))
        for item in asked.items:
            name = f"{asked.names[item.utterance]}.npy"
            writer.writerow((name, item.clip, item.num_frames, asked.texts[item.utterance]))


def _print(record: RunRecord, store: ArtifactStore, *, as_json: bool) -> None:
    """Print the table of a record, and where it is kept."""
    table = table_of(store, record)
    if as_json:
        content = {"run": asdict(record), "table": json.loads(table_json(table))}
        typer.echo(json.dumps(content, indent=1, ensure_ascii=False))
    else:
        print_sheet(sheet_of(table), results())
    errors.say(f"kept as {record.id}: `amx runs show {record.id}`")
