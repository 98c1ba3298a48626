"""`amx export`: a trained system as a folder of its own."""

from pathlib import Path
from typing import Annotated

import typer

from audiomotion.cli.console import errors
from audiomotion.cli.options import DEFAULT_STORE, StoreOption


def export(
    run: Annotated[str, typer.Argument(help="Id of a finished launch, or its beginning.")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to write.")],
    arm: Annotated[str | None, typer.Option("--arm", help="One of several arms.")] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="One of several seeds.")] = None,
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """Write a trained system as a folder: weights, configuration, model card."""
    from audiomotion.pipeline.exporting import export_run

    chosen = export_run(run, folder, store=store, arm=arm, seed=seed)
    errors.say(
        f"{chosen.arm}, seed {chosen.seed}: `amx generate FILE.wav --model {folder} -o OUT.bvh`"
    )
    typer.echo(folder)
