"""`amx data speak`: captions to audio, before any training asks for it."""

import json
from collections import Counter
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.table import Table

from audiomotion.cli.console import results
from audiomotion.cli.dry_run import PlanView, expected_cost
from audiomotion.cli.execution import with_contents
from audiomotion.cli.options import (
    DEFAULT_STORE,
    AddressOption,
    DataRootOption,
    DryRunOption,
    ExecutorName,
    ExecutorOption,
    JsonOption,
    RecipesOption,
    SetOption,
    StoreOption,
    YesOption,
)
from audiomotion.cli.preparing import prepare
from audiomotion.cli.submitting import Places, cluster_address, submit_plan
from audiomotion.cli.weights import confirm_weights
from audiomotion.config.experiment import Experiment
from audiomotion.config.resolve import resolve
from audiomotion.config.speech import SPEECH
from audiomotion.data.utterances import Utterances
from audiomotion.orchestrate.launch import Request
from audiomotion.orchestrate.plan import Plan, Target
from audiomotion.orchestrate.store import ArtifactStore, open_store
from audiomotion.stages.graph import SpeakStage
from audiomotion.stages.system import SystemStages


class SpokenVariant(StrEnum):
    """Which captions are spoken."""

    original = "original"
    oral = "oral"
    both = "both"


def _backends(incomplete: str) -> list[str]:
    return [name for name in SPEECH.schemas if name.startswith(incomplete)]


def speak(
    dataset: Annotated[str, typer.Option("--dataset", help="Experiment whose captions they are.")],
    variant: Annotated[
        SpokenVariant, typer.Option("--variant", help="Captions as written, as spoken, or both.")
    ] = SpokenVariant.both,
    backend: Annotated[
        str | None,
        typer.Option("--backend", help="Synthesizer: speech.name.", autocompletion=_backends),
    ] = None,
    voices: Annotated[
        int | None, typer.Option("--voices", help="Voices drawn from: speech.num_voices.")
    ] = None,
    test_voices: Annotated[
        str | None,
        typer.Option("--test-voices", help="shared or held-out: speech.test_voices."),
    ] = None,
    sets: SetOption = None,
    recipes: RecipesOption = None,
    store: StoreOption = DEFAULT_STORE,
    data_root: DataRootOption = None,
    executor: ExecutorOption = ExecutorName.ray,
    address: AddressOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    yes: YesOption = False,
) -> None:
    """Speak the captions of a data set; what was spoken before is not spoken again.

    The audio lies in the store, where a training with the same `speech` finds it.
    """
    chosen = {"name": backend, "num_voices": voices, "test_voices": test_voices}
    named = [f"speech.{key}={value}" for key, value in chosen.items() if value is not None]
    arms = resolve(dataset, sets=[*(sets or ()), *named], recipes_dir=recipes)
    cluster = None if dry_run else cluster_address(address, executor)
    if cluster is not None:
        _, plan = _speak_plan(arms[0].experiment, variant)
        parts = [arms[0].experiment.speech]
        places = Places(store, data_root, recipes)
        submit_plan(cluster, plan, "data", "speech", arms, parts, places, yes=yes)
    artifacts = open_store(store)
    ((_, experiment),) = with_contents(arms, artifacts, data_root, dry_run=dry_run)
    request, plan = _speak_plan(experiment, variant)
    if dry_run:
        cost = expected_cost(plan, artifacts, arms[0].runtime, executor)
        PlanView(request, plan, cost).print(as_json=as_json)
        return
    confirm_weights([arm.experiment.speech for arm in arms], yes=yes)
    prepare(plan, artifacts, data_root, executor, arms[0].runtime)
    rows = [_row(target, artifacts) for target in plan.targets]
    _print(rows, as_json=as_json)


def _speak_plan(experiment: Experiment, variant: SpokenVariant) -> tuple[Request, Plan]:
    stages: dict[str, SpeakStage] = {}
    if variant is not SpokenVariant.oral:
        stages["original"] = SystemStages(experiment).speech("original")
    if variant is not SpokenVariant.original:
        stages["oral"] = SystemStages(experiment).speech("oral")
    request = Request("experiment", "speech", [(name, experiment) for name in stages], {})
    return request, Plan(Target(name, experiment.seed, stage) for name, stage in stages.items())


def _row(target: Target, store: ArtifactStore) -> dict[str, Any]:
    """Return what a variant's artifact holds, in numbers."""
    stage = target.stage
    store.fetch_files([(stage.name, stage.fingerprint)], ["utterances*"])
    records = Utterances(store.folder(stage)).records
    files = {record.file: record.seconds for record in records}
    return {
        "variant": target.arm,
        "utterances": len(records),
        "files": len(files),
        "hours": sum(record.seconds for record in records) / 3600,
        "voices": dict(sorted(Counter(record.voice for record in records).items())),
        "backends": sorted({record.backend for record in records}),
        "folder": store.place(stage),
    }


def _print(rows: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(rows, indent=1, ensure_ascii=False))
        return
    table = Table("variant", "utterances", "files", "hours", "voices", "by", header_style="bold")
    for row in rows:
        table.add_row(
            row["variant"],
            f"{row['utterances']:,}",
            f"{row['files']:,}",
            f"{row['hours']:.2f}",
            str(len(row["voices"])),
            ", ".join(row["backends"]),
        )
    results().print(table)
    for row in rows:
        typer.echo(f"{row['variant']}: {row['folder']}")
