"""`amx data push`: raw data into the store, once, for machines that lack its folder."""

import json
from dataclasses import asdict

import typer

from audiomotion.cli.console import counted
from audiomotion.cli.data_check import DatasetName
from audiomotion.cli.options import (
    DEFAULT_STORE,
    DataRootOption,
    JsonOption,
    RecipesOption,
    SetOption,
    StoreOption,
)
from audiomotion.config.datasets import FolderSchema
from audiomotion.config.resolve import resolve
from audiomotion.errors import ConfigError


def push(
    dataset: DatasetName,
    data_root: DataRootOption = None,
    store: StoreOption = DEFAULT_STORE,
    sets: SetOption = None,
    recipes: RecipesOption = None,
    again: bool = typer.Option(False, "--again", help="Put it anew where it is there."),
    as_json: JsonOption = False,
) -> None:
    """Put a data set into the store: workers without its folder take it from there."""
    from audiomotion.orchestrate.raw_data import push_data
    from audiomotion.orchestrate.store import open_store

    (arm,) = resolve(dataset, sets=sets or (), recipes_dir=recipes)
    config = arm.experiment.dataset
    if not isinstance(config, FolderSchema):
        raise ConfigError(f"data set {config.label} is made from a seed; there is nothing to push")
    place = open_store(store)
    place.prepare()
    pushed = push_data(place, config, data_root, again=again)
    if as_json:
        typer.echo(json.dumps({"dataset": config.label, **asdict(pushed)}, indent=1))
        return
    size = f"{counted(pushed.num_files, 'file')}, {pushed.num_bytes / 1e6:.1f} MB"
    state = "pushed" if pushed.is_new else "was there already"
    typer.echo(f"{config.label}: {size}, {state}; content {pushed.content[:16]}")
