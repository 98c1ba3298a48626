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
    """Show every value of an experiment, where it comes from and what it means."""
    (arm,) = resolve(experiment, sets=sets or (), weights=weights, recipes_dir=recipes)
    rows = explain(arm)
    if as_json:
        typer.echo(json.dumps([row._asdict() for row in rows], indent=1, ensure_ascii=False))
        return
    table = Table("key", "value", "from", "what it is", header_style="bold")
    for row in rows:
        table.add_row(row.path, str(row.value), row.origin, row.docstring)
    results().print(table)
