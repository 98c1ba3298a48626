"""`amx data features`: the spoken instructions through frozen extractors, ahead of any training."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

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
    WeightsOption,
    YesOption,
)
from audiomotion.cli.preparing import prepare
from audiomotion.cli.submitting import Places, cluster_address, submit_plan
from audiomotion.cli.weights import confirm_weights, frozen_parts
from audiomotion.config.resolve import ResolvedArm, resolve
from audiomotion.files import read_json
from audiomotion.orchestrate.launch import Request
from audiomotion.orchestrate.plan import Plan, Target
from audiomotion.orchestrate.store import Artifact, ArtifactStore, open_store
from audiomotion.stages.results import FEATURES
from audiomotion.stages.system import SystemStages

_VARIANTS = ("original", "oral")


@dataclass(frozen=True)
class FeaturesRow:
    """One line of what is printed; a count is None where an earlier version left none."""

    name: str
    weights: str
    rows: int
    frames: int
    width: int
    gigabytes: float
    frames_a_second: float | None
    """Of one worker, reading the audio included."""
    padding: float | None
    """Share of the computed samples that only fill up a batch."""


def features(
    dataset: Annotated[str, typer.Option("--dataset", help="Experiment whose data is taken.")],
    variants: Annotated[
        list[str] | None, typer.Option("--variant", help="original or oral; may be repeated.")
    ] = None,
    extractors: Annotated[
        list[str] | None,
        typer.Option("--extractor", help="Name of an extractor; may be repeated."),
    ] = None,
    sets: SetOption = None,
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
    """Speak the instructions and run them through extractors; trainings then find the features.

    Without --variant both, without --extractor the experiment's own. What is there is not made
    again.
    """
    arms = [
        arm
        for extractor in extractors or [""]
        for variant in variants or _VARIANTS
        for arm in _resolved(dataset, extractor, variant, sets or (), weights, recipes)
    ]
    cluster = None if dry_run else cluster_address(address, executor)
    if cluster is not None:
        named = [(arm.name, arm.experiment) for arm in arms]
        plan = features_plan(Request("experiment", "features", named, {}))
        parts = frozen_parts(item for _, item in named)
        places = Places(store, data_root, recipes)
        submit_plan(cluster, plan, "data", "features", arms, parts, places, yes=yes)
    place = open_store(store)
    found = with_contents(arms, place, data_root, dry_run=dry_run)
    request = Request("experiment", "features", found, {})
    plan = features_plan(request)
    if dry_run:
        cost = expected_cost(plan, place, arms[0].runtime, executor)
        PlanView(request, plan, cost).print(as_json=as_json)
        return
    confirm_weights(frozen_parts(item for _, item in found), yes=yes)
    prepare(plan, place, data_root, executor, arms[0].runtime)
    _print([_row(target, place) for target in plan.targets], as_json=as_json)


def _resolved(
    dataset: str,
    extractor: str,
    variant: str,
    sets: Sequence[str],
    weights: str | None,
    recipes: Path | None,
) -> list[ResolvedArm]:
    heard = [] if not extractor else ["condition=audio", f"extractor.name={extractor}"]
    chosen = [*heard, f"test_variant={variant}", *sets]
    return resolve(dataset, sets=chosen, weights=weights, recipes_dir=recipes)


def features_plan(request: Request) -> Plan:
    """Return the features that the arms are tested on, and what these need."""
    return Plan(
        Target(
            f"{experiment.encoder.name}/{experiment.test_variant}",
            experiment.seed,
            SystemStages(experiment).features(experiment.test_variant),
        )
        for _, experiment in request.arms
    )


def _row(target: Target, store: ArtifactStore) -> FeaturesRow:
    from audiomotion.data.ragged import Ragged

    artifact = store.find(target.stage)
    assert artifact is not None
    store.fetch_files([(artifact.stage, artifact.fingerprint)], ["features.npz", FEATURES])
    ragged = Ragged.open_index(artifact.folder, "features")
    record = read_json(artifact.folder / FEATURES)
    frames = int(ragged.lengths.sum())
    return FeaturesRow(
        name=target.arm,
        weights=str(record["weights"]),
        rows=len(ragged),
        frames=frames,
        width=int(record["feature_dim"]),
        gigabytes=ragged.num_bytes / 1e9,
        frames_a_second=_ratio(frames, _count(artifact, "seconds")),
        padding=_padding(artifact),
    )


def _count(artifact: Artifact, name: str) -> float | None:
    found = artifact.manifest.get("counts", {}).get(name)
    return None if found is None else float(found)


def _padding(artifact: Artifact) -> float | None:
    kept = _ratio(_count(artifact, "samples"), _count(artifact, "computed_samples"))
    return None if kept is None else 1 - kept


def _ratio(value: float | None, by: float | None) -> float | None:
    return value / by if value is not None and by else None


def _print(rows: Sequence[FeaturesRow], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps([vars(row) for row in rows], indent=1))
        return
    table = Table(header_style="bold")
    table.add_column("features")
    table.add_column("weights")
    for heading in ("rows", "frames", "width", "GB", "frames/s a worker", "padding"):
        table.add_column(heading, justify="right")
    for row in rows:
        speed = "" if row.frames_a_second is None else f"{row.frames_a_second:.0f}"
        padding = "" if row.padding is None else f"{row.padding:.1%}"
        counts = (f"{row.rows}", f"{row.frames}", f"{row.width}", f"{row.gigabytes:.3f}")
        table.add_row(row.name, row.weights, *counts, speed, padding)
    results().print(table)
