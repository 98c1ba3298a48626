"""`amx data`: raw data sets."""

from pathlib import Path
from typing import Annotated

import typer

from audiomotion.cli.console import errors
from audiomotion.cli.data_features import features
from audiomotion.cli.options import DataRootOption
from audiomotion.config.datasets import FolderSchema
from audiomotion.config.resolve import resolve
from audiomotion.data.folder_check import dataset_folder
from audiomotion.data.source import missing_data
from audiomotion.errors import ConfigError, DataError

app = typer.Typer(no_args_is_help=True)
app.command("features")(features)

DatasetName = Annotated[str, typer.Option("--dataset", help="Experiment whose data is looked at.")]


@app.command("build")
def build(
    name: Annotated[str, typer.Argument(help="Data set to build: bandai.")],
    source: Annotated[Path, typer.Option("--source", help="Folder of the published files.")],
    data_root: DataRootOption = None,
) -> None:
    """Import published motion files into the folder layout that experiments read."""
    if name != "bandai":
        raise ConfigError(
            f"{name!r} cannot be built; only bandai can, the others come in their layout"
        )
    if data_root is None:
        raise ConfigError("--data-root or AMX_DATA_ROOT must say where the data set is to be built")
    from audiomotion.data.bandai import build_bandai

    shown = -1

    def progress(done: int, total: int) -> None:
        nonlocal shown
        percent = 100 * done // max(1, total)
        if percent // 10 > shown // 10:
            shown = percent
            errors.say(f"{percent:3d} %")

    for line in build_bandai(source, data_root / "bandai", progress).lines():
        typer.echo(line)


@app.command("check")
def check(dataset: DatasetName, data_root: DataRootOption = None) -> None:
    """Say whether a data set's raw files are there; exit code 3 where they are not."""
    config = resolve(dataset)[0].experiment.dataset
    if isinstance(config, FolderSchema):
        dataset_folder(config, data_root)  # without a data root there is nothing to look at
    if problems := missing_data(config, data_root):
        raise DataError("\n".join(problems))
    typer.echo(f"{dataset}: nothing is missing")
