"""`amx config`: what holds, and why."""

import json

import typer
from rich.table import Table

from audiomotion.cli.console import results
from audiomotion.cli.options import (
    ExperimentArgument,
    JsonOption,
    RecipesOption,
    SetOption,
    WeightsOption,
)
from audiomotion.config.explain import explain
from audiomotion.config.resolve import resolve


def config(
    experiment: ExperimentArgument = "demo",
    sets: SetOption = None,
    weights: WeightsOption = None,
    recipes: RecipesOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show every value of an experiment, and where it comes from."""
    (arm,) = resolve(experiment, sets=sets or (), weights=weights, recipes_dir=recipes)
    rows = explain(arm)
    if as_json:
        typer.echo(json.dumps([row._asdict() for row in rows], indent=1, ensure_ascii=False))
        return
    table = Table(header_style="bold")
    for heading in ("key", "value", "from", "what it is"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(row.path, _as_yaml(row.value), row.origin, row.docstring)
    results().print(table)


def _as_yaml(value: object) -> str:
    """Return a value as a recipe would give it."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
