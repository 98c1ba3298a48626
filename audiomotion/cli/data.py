"""`amx data`: raw data sets."""

from pathlib import Path
from typing import Annotated

import typer

from audiomotion.cli import data_oral
from audiomotion.cli.console import errors
from audiomotion.cli.data_check import check
from audiomotion.cli.data_features import features
from audiomotion.cli.data_own import build_own_data
from audiomotion.cli.data_push import push
from audiomotion.cli.data_speak import speak
from audiomotion.cli.data_stats import stats
from audiomotion.cli.options import DataRootOption
from audiomotion.errors import ConfigError

app = typer.Typer(no_args_is_help=True)
app.command("oral")(data_oral.oral)
app.command("speak")(speak)
app.command("features")(features)
app.command("push")(push)


@app.command("build")
def build(
    name: Annotated[str, typer.Argument(help="Data set to build: bandai, own.")],
    source: Annotated[Path, typer.Option("--source", help="Folder of the published files.")],
    data_root: DataRootOption = None,
    folder: Annotated[
        str, typer.Option("--name", help="own: folder to build below the data root.")
    ] = "own",
    seed: Annotated[
        int, typer.Option("--seed", help="own: decides splits that the manifest leaves open.")
    ] = 0,
) -> None:
    """Import motion files into the folder layout that experiments read."""
    if name not in ("bandai", "own"):
        raise ConfigError(
            f"{name!r} cannot be built; bandai and own can, the others come in their layout"
        )
    if data_root is None:
        raise ConfigError("--data-root or AMX_DATA_ROOT must say where the data set is to be built")
    shown = -1

    def progress(done: int, total: int) -> None:
        nonlocal shown
        percent = 100 * done // max(1, total)
        if percent // 10 > shown // 10:
            shown = percent
            errors.say(f"{percent:3d} %")

    if name == "own":
        lines = build_own_data(source, data_root, folder, seed, progress)
    else:
        from audiomotion.data.bandai import build_bandai

        lines = build_bandai(source, data_root / "bandai", progress).lines()
    for line in lines:
        typer.echo(line)


app.command("check")(check)
app.command("stats")(stats)
