"""`amx bench cascade` and `amx bench generate`: how fast whole systems are."""

import json
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from audiomotion.cli.console import errors, results
from audiomotion.cli.options import DEFAULT_STORE, JsonOption, SetOption, StoreOption, WeightsOption
from audiomotion.config.resolve import ResolvedArm, resolve
from audiomotion.orchestrate.store import open_store

if TYPE_CHECKING:
    from audiomotion.bench.generating import GenerationSpeed
    from audiomotion.bench.timing import Spread
    from audiomotion.report.paper.speeds import SpeedRecord

DatasetOption = Annotated[
    str | None,
    typer.Option("--dataset", help="Experiment whose sizes are used; humanml3d, quick: demo."),
]
ThreadsOption = Annotated[int, typer.Option("--threads", min=1, help="Torch threads.")]

_CASCADE = ("condition=text", "test_text=transcripts")
_ALWAYS_RANDOM = "transformers and RVQ random"


def cascade(
    dataset: DatasetOption = None,
    sets: SetOption = None,
    weights: WeightsOption = None,
    store: StoreOption = DEFAULT_STORE,
    threads: ThreadsOption = 1,
    batch_sizes: Annotated[
        list[int] | None,
        typer.Option("--batch-size", min=1, help="Samples at a time; may be repeated."),
    ] = None,
    rounds: Annotated[
        int | None, typer.Option("--rounds", min=2, help="Measurements of each; 20, quick: 5.")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", "--tiny", help="Tiny sizes, seconds: figures say nothing.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Measure audio to motion in one step, and by way of text: the paper's table 4.

    No data set is needed; weights are random unless --weights pretrained. The result is kept in
    the store, where `amx table 4` finds it.
    """
    import torch

    from audiomotion.bench.cascade import FULL_CPU, FULL_GPU, QUICK, CascadeBench
    from audiomotion.report.paper.speeds import SpeedRecord, save_speeds

    arms = [
        _arm(dataset, [*own, *(sets or [])], weights, quick=quick)
        for own in (("condition=audio",), _CASCADE)
    ]
    device = arms[0].runtime.settled(has_gpu=torch.cuda.is_available()).device
    torch.set_num_threads(threads)
    size = QUICK if quick else FULL_CPU if device == "cpu" else FULL_GPU
    size = replace(
        size,
        batch_sizes=tuple(batch_sizes or size.batch_sizes),
        rounds=rounds or size.rounds,
    )
    place = open_store(store)
    first, second = (arm.experiment for arm in arms)
    bench = CascadeBench(first, second, size, device, place.root / "tmp")
    measured = list(bench.measure(_say_round))
    names = tuple(bench.loading_seconds)
    fixed = second.recognizer.weights == "random"
    record = SpeedRecord(
        created=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        quick=quick,
        environment=_surroundings(device, threads),
        experiments={
            name: arm.experiment.model_dump(mode="json")
            for name, arm in zip(names, arms, strict=True)
        },
        weights={
            name: f"{arm.experiment.weights_label}; {_ALWAYS_RANDOM}"
            for name, arm in zip(names, arms, strict=True)
        },
        loading_seconds=bench.loading_seconds,
        num_tokens=size.num_tokens,
        transcript_tokens=_FIXED if fixed else _FREE,
        speeds=[speed for speeds, _ in measured for speed in speeds],
        ratios={str(speeds[0].batch_size): ratio for speeds, ratio in measured},
    )
    errors.say(f"kept: {save_speeds(record, place)}")
    _print_speeds(record, as_json=as_json)


_FIXED = (
    "as many as the words and marks that were spoken, and the end of text: random weights do not "
    "know when to stop"
)
_FREE = "until the recognizer ends"


def _say_round(batch_size: int, number: int) -> None:
    errors.say(f"batch {batch_size}: " + (f"measured round {number}" if number else "warmed up"))


def _print_speeds(record: "SpeedRecord", *, as_json: bool) -> None:
    from audiomotion.report.published import published_rows

    if as_json:
        typer.echo(json.dumps(asdict(record), indent=1))
        return
    published = published_rows(4, None)
    table = Table(header_style="bold")
    for heading in ("system", "batch", "samples/s", "published", "ms of a sample", "loading"):
        table.add_column(heading)
    for speed in record.speeds:
        parts = ", ".join(f"{part} {1000 * own:.3g}" for part, own in speed.parts.items())
        table.add_row(
            speed.system,
            str(speed.batch_size),
            str(speed.figure),
            str(published[speed.system].figures["samples_per_second"].mean),
            parts,
            f"{record.loading_seconds[speed.system]:.1f} s",
        )
    results().print(table)
    first, second = (row.figures["samples_per_second"].mean for row in published.values())
    for size, ratio in record.ratios.items():
        typer.echo(
            f"end-to-end over cascade, batch {size}: {ratio}; published {first / second:.3f}"
        )
    typer.echo(f"not comparable with published: {'; '.join(record.obstacles)}")
    typer.echo(f"tokens of a transcript: {record.transcript_tokens}")
    typer.echo("mean ± half a 95 % interval (Student's t); " + _described(dict(record.environment)))


def generate(
    dataset: DatasetOption = None,
    sets: SetOption = None,
    threads: ThreadsOption = 1,
    quick: Annotated[
        bool, typer.Option("--quick", help="Tiny sizes, seconds: the figures say little.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Measure motion from features, against the bare matrix work of the same layers.

    Weights and features are random: neither data set nor download is needed.
    """
    import torch

    from audiomotion.bench.generating import FULL_CPU, FULL_GPU, QUICK, bench_generation

    arm = _arm(dataset, sets or [], None, quick=quick)
    device = arm.runtime.settled(has_gpu=torch.cuda.is_available()).device
    torch.set_num_threads(threads)
    size = QUICK if quick else FULL_CPU if device == "cpu" else FULL_GPU
    found = list(bench_generation(arm.experiment, size, device, _say_round))
    surroundings = _surroundings(device, threads)
    surroundings |= {"weights": "random", "tokens": size.num_tokens, "quick": quick}
    _print_generation(found, surroundings, as_json=as_json)


def _print_generation(
    found: "Sequence[GenerationSpeed]", surroundings: dict[str, Any], *, as_json: bool
) -> None:
    if as_json:
        rows = [asdict(row) for row in found]
        typer.echo(json.dumps({"environment": surroundings, "speeds": rows}, indent=1))
        return
    table = Table(header_style="bold")
    for heading in (
        *("batch", "samples/s", "latency p50", "p99 (rounds)", "shares"),
        *("bare products, samples/s", "ratio"),
    ):
        table.add_column(heading)
    for row in found:
        table.add_row(
            str(row.batch_size),
            _shown(row.rate),
            f"{1000 * row.p50_seconds:.3g} ms",
            f"{1000 * row.p99_seconds:.3g} ms ({row.rounds})",
            ", ".join(f"{part} {share:.1%}" for part, share in row.shares.items()),
            _shown(row.floor_rate),
            _shown(row.ratio),
        )
    results().print(table)
    typer.echo("median (smallest to largest); " + _described(surroundings))


def _arm(
    dataset: str | None, sets: Sequence[str], weights: str | None, *, quick: bool
) -> ResolvedArm:
    """Return the experiment; random weights are as fast as trained ones, and need no download."""
    chosen = ["extractor.name=wavlm"] if dataset is None else []
    if dataset is None and weights in (None, "random"):
        parts = ("extractor", "text_encoder", "recognizer")
        chosen += [f"{part}.random_size={'tiny' if quick else 'base'}" for part in parts]
    name = dataset or ("demo" if quick else "humanml3d")
    (arm,) = resolve(name, sets=[*chosen, *sets], weights=weights or "random")
    return arm


def _surroundings(device: str, threads: int) -> dict[str, Any]:
    import torch

    from audiomotion.orchestrate.worker import environment

    gpu = torch.cuda.get_device_name() if device == "cuda" else None
    return {**environment(device, threads), "cpus": os.cpu_count(), "gpu": gpu}


def _shown(spread: "Spread") -> str:
    return f"{spread.median:.3g} ({spread.low:.3g} to {spread.high:.3g})"


def _described(surroundings: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in surroundings.items() if value is not None)
