"""`amx tune SEARCH`, and what is made of a search that was run: `amx tune best RUN`."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperGroup

from audiomotion.cli.console import errors
from audiomotion.cli.guidance import find_search
from audiomotion.cli.options import DEFAULT_STORE, RecipesOption, StoreOption
from audiomotion.cli.tune import tune
from audiomotion.errors import ConfigError
from audiomotion.files import full_disk_explained, write_atomic
from audiomotion.orchestrate.records import RunFolder
from audiomotion.orchestrate.store import open_store
from audiomotion.tune.record import TuneRecord, load_record

_SEARCH = "search"


class SearchFirst(TyperGroup):
    """Takes what is none of its commands for the arguments of a search."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the command in front where it is left out, as it usually is."""
        named = bool(args) and args[0] in self.commands
        return super().parse_args(ctx, args if named else [_SEARCH, *args])


app = typer.Typer(cls=SearchFirst, help="Search values by validation; plots, best: of a search.")
app.command(_SEARCH)(tune)

RunArgument = Annotated[str, typer.Argument(help="Id of a search's run, or its beginning.")]


@app.command("best")
def best(
    run: RunArgument,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Recipe to write; printed if not given.")
    ] = None,
    recipes: RecipesOption = None,
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """Write what won as a recipe, which `--dataset FILE` and `extends` take."""
    from audiomotion.tune.recipe import best_recipe

    text = best_recipe(found_search(run, store), recipes)
    if output is None:
        typer.echo(text, nl=False)
        return
    if output.is_dir():
        raise ConfigError(f"-o {output}: is a folder; give the name of a file")
    with full_disk_explained(output):
        output.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(output, lambda file: file.write(text.encode()))
    errors.say(f"for example: amx ablate AXIS --dataset {output}")
    typer.echo(output)


@app.command("plots")
def plots(
    run: RunArgument,
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder to write.")],
    form: Annotated[
        Literal["png", "svg"], typer.Option("--format", help="How to write them.")
    ] = "png",
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """Draw a search: the plane of both scales, its history, importances, a front."""
    from audiomotion.tune.plots import write_plots

    record = found_search(run, store)
    with full_disk_explained(output):
        paths = write_plots(record, output, form)
    if not paths:
        raise ConfigError(f"{record.id} has nothing to draw: no trial has a value")
    for path in paths:
        typer.echo(path)


def found_search(run: str, store: str) -> TuneRecord:
    """Return a search of a store.

    Raises:
        ConfigError: There is none, or several.
    """
    artifacts = open_store(store)
    return load_record(RunFolder(artifacts, find_search(run, artifacts)).path)
