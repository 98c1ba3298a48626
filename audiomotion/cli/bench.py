"""`amx bench`: how fast things are, each against what it could be at best."""

import json
import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from audiomotion.cli.bench_systems import cascade, generate
from audiomotion.cli.console import errors, results
from audiomotion.cli.options import DEFAULT_STORE, JsonOption, SetOption, StoreOption, WeightsOption
from audiomotion.config.resolve import ResolvedArm, resolve
from audiomotion.orchestrate.store import open_store

if TYPE_CHECKING:
    from audiomotion.bench.timing import Cost, Measurement, Spread

app = typer.Typer(no_args_is_help=True)
app.command("cascade")(cascade)
app.command("generate")(generate)


@app.callback()
def bench() -> None:
    """Measure speed."""


@app.command("data")
def data(
    dataset: Annotated[
        str | None,
        typer.Option("--dataset", help="Experiment whose parts are used; humanml3d, quick: demo."),
    ] = None,
    sets: SetOption = None,
    weights: WeightsOption = None,
    store: StoreOption = DEFAULT_STORE,
    threads: Annotated[int, typer.Option("--threads", min=1, help="Torch threads.")] = 1,
    quick: Annotated[
        bool, typer.Option("--quick", help="Tiny sizes, seconds: the ratios say little.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Measure speaking, features, random reads and the training's loader.

    No data set is needed. Files are written below the store, whose disk is measured, and deleted.
    """
    import torch

    from audiomotion.bench.data import FULL_CPU, FULL_GPU, QUICK, bench_data
    from audiomotion.orchestrate.worker import environment

    arm = _arm(dataset, sets or [], weights, quick=quick)
    device = arm.runtime.settled(has_gpu=torch.cuda.is_available()).device
    torch.set_num_threads(threads)
    surroundings = {
        **environment(device, threads),
        "cpus": os.cpu_count(),
        "gpu": torch.cuda.get_device_name() if device == "cuda" else None,
        "weights": arm.experiment.extractor.weights_label,
        "quick": quick,
    }
    size = QUICK if quick else FULL_CPU if device == "cpu" else FULL_GPU
    found = []
    for measurement in bench_data(arm.experiment, size, device, open_store(store).root / "tmp"):
        errors.say(f"measured: {measurement.name}")
        found.append(measurement)
    _print(found, surroundings, as_json=as_json)


@app.command("evaluate")
def evaluate(
    dataset: Annotated[
        str | None,
        typer.Option("--dataset", help="Experiment whose sizes are used; humanml3d, quick: demo."),
    ] = None,
    sets: SetOption = None,
    store: StoreOption = DEFAULT_STORE,
    threads: Annotated[int, typer.Option("--threads", min=1, help="Torch threads.")] = 1,
    quick: Annotated[
        bool, typer.Option("--quick", help="A small split, seconds: the figures say little.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Measure what the protocol's parts take, and what measuring costs beside generating.

    Weights are random and motions made up: neither data set nor download is needed. Some batches
    are generated and embedded and counted up to all repeats; metrics are those of the whole split.
    """
    import torch

    from audiomotion.bench.evaluating import FULL_CPU, FULL_GPU, QUICK, bench_evaluation
    from audiomotion.orchestrate.worker import environment

    arm = _arm(dataset, sets or [], None, quick=quick)
    device = arm.runtime.settled(has_gpu=torch.cuda.is_available()).device
    torch.set_num_threads(threads)
    size = QUICK if quick else FULL_CPU if device == "cpu" else FULL_GPU
    surroundings = {
        **environment(device, threads),
        "cpus": os.cpu_count(),
        "gpu": torch.cuda.get_device_name() if device == "cuda" else None,
        "sizes": arm.experiment.name,
        "weights": "random",
        "clips": size.clips,
        "repeats": arm.experiment.evaluation.repeats,
        "motions generated in a measurement": size.batches * size.batch_size,
        "quick": quick,
    }
    folder = open_store(store).root / "tmp"
    found = list(bench_evaluation(arm.experiment, size, device, folder, _say_round))
    _print_costs(found, surroundings, as_json=as_json)


def _say_round(number: int) -> None:
    errors.say(f"measured: round {number}" if number else "warmed up")


@app.command("orchestrate")
def orchestrate(
    store: StoreOption = DEFAULT_STORE,
    quick: Annotated[
        bool, typer.Option("--quick", help="Few arms: the figures say little.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Measure what running costs besides the work: arms, short stages, plans, restarts.

    Beside it what Ray Tune and Ray's jobs take for the same. Files are written below the store.
    """
    from audiomotion.bench.orchestrating import FULL, QUICK, bench_orchestration
    from audiomotion.orchestrate.worker import environment

    surroundings = {**environment("cpu", 1), "cpus": os.cpu_count(), "quick": quick}
    found = []
    for cost in bench_orchestration(QUICK if quick else FULL, open_store(store).root / "tmp"):
        errors.say(f"measured: {cost.name}")
        found.append(cost)
    _print_costs(found, surroundings, as_json=as_json)


@app.command("tune")
def tune(
    store: StoreOption = DEFAULT_STORE,
    threads: Annotated[int, typer.Option("--threads", min=1, help="Torch threads.")] = 1,
    quick: Annotated[
        bool, typer.Option("--quick", help="Few trials: the figures say little.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Measure what a search costs beside its trials, how busy two workers are, what it finds.

    Weights are random and motions made up; the surface that is searched is a formula.
    """
    import torch

    from audiomotion.bench.tuning import FULL, QUICK, bench_tuning
    from audiomotion.orchestrate.worker import environment

    torch.set_num_threads(threads)
    surroundings = {**environment("cpu", threads), "cpus": os.cpu_count(), "quick": quick}
    found = []
    for cost in bench_tuning(QUICK if quick else FULL, open_store(store).root / "tmp"):
        errors.say(f"measured: {cost.name}")
        found.append(cost)
    _print_costs(found, surroundings, as_json=as_json)


def _print_costs(found: "list[Cost]", surroundings: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        rows = [{**asdict(row), "reached": row.reached} for row in found]
        typer.echo(json.dumps({"environment": surroundings, "costs": rows}, indent=1))
        return
    table = Table("measured", "takes", "at most", header_style="bold")
    for row in found:
        target = "" if row.at_most is None else f"{row.at_most:g} {_verdict(row)}"
        table.add_row(row.name, f"{_shown(row.value)} {row.unit}".rstrip(), target)
    results().print(table)
    typer.echo("median (smallest to largest); " + _described(surroundings))


def _arm(dataset: str | None, sets: list[str], weights: str | None, *, quick: bool) -> ResolvedArm:
    """Return the experiment; random weights are as fast as trained ones, and need no download."""
    chosen = ["extractor.name=wavlm"] if dataset is None else []
    if dataset is None and weights is None:
        chosen.append(f"extractor.random_size={'tiny' if quick else 'base'}")
    name = dataset or ("demo" if quick else "humanml3d")
    (arm,) = resolve(name, sets=[*chosen, *sets], weights=weights or "random")
    return arm


def _print(found: "list[Measurement]", surroundings: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        rows = [{**asdict(row), "reached": row.reached} for row in found]
        typer.echo(json.dumps({"environment": surroundings, "measurements": rows}, indent=1))
        return
    table = Table(header_style="bold")
    for heading in ("measured", "a second", "against", "a second", "ratio", "target"):
        table.add_column(heading)
    for row in found:
        target = "" if row.target is None else f"{row.target:g} {_verdict(row)}"
        table.add_row(
            row.name,
            f"{_shown(row.rate)} {row.unit}",
            row.against,
            "" if row.against_rate is None else f"{_shown(row.against_rate)} {row.unit}",
            "" if row.ratio is None else _shown(row.ratio),
            target,
        )
    results().print(table)
    typer.echo("median (smallest to largest); " + _described(surroundings))


def _verdict(row: "Measurement | Cost") -> str:
    return "reached" if row.reached else "missed"


def _shown(spread: "Spread") -> str:
    return f"{spread.median:.3g} ({spread.low:.3g} to {spread.high:.3g})"


def _described(surroundings: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in surroundings.items() if value is not None)
