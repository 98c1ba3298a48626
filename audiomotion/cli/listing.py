"""`amx list`: what there is to choose from."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from audiomotion.cli.options import JsonOption, RecipesOption
from audiomotion.config.axis import load_axis
from audiomotion.config.compressors import COMPRESSORS
from audiomotion.config.datasets import DATASETS
from audiomotion.config.extractors import EXTRACTORS
from audiomotion.config.recipes import list_recipes
from audiomotion.config.rewriters import REWRITERS
from audiomotion.config.schema import Family
from audiomotion.config.speech import SPEECH
from audiomotion.config.text_encoders import TEXT_ENCODERS


class Kind(StrEnum):
    """What can be listed."""

    axes = "axes"
    experiments = "experiments"
    searches = "searches"
    extractors = "extractors"
    text_encoders = "text-encoders"
    compressors = "compressors"
    datasets = "datasets"
    rewriters = "rewriters"
    speech = "speech"


def list_(
    kind: Annotated[Kind | None, typer.Argument(help="All kinds where not given.")] = None,
    recipes: RecipesOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what there is to choose from: axes, experiments, extractors."""
    wanted = [kind] if kind else list(Kind)
    found = {item.value: _entries(item, recipes) for item in wanted}
    if as_json:
        typer.echo(json.dumps(found, indent=1, ensure_ascii=False))
        return
    for name, entries in found.items():
        typer.echo(f"{name}:")
        width = max((len(entry) for entry in entries), default=0)
        for entry, text in entries.items():
            typer.echo(f"  {entry:<{width}}  {text}".rstrip())
        if not entries:
            typer.echo("  none")


def _entries(kind: Kind, recipes: Path | None) -> dict[str, str]:
    families = {
        Kind.extractors: EXTRACTORS,
        Kind.text_encoders: TEXT_ENCODERS,
        Kind.compressors: COMPRESSORS,
        Kind.datasets: DATASETS,
        Kind.rewriters: REWRITERS,
        Kind.speech: SPEECH,
    }
    if kind in families:
        return _members(families[kind])
    if kind is Kind.axes:
        return {name: _axis(name, recipes) for name in list_recipes("ablations", recipes)}
    if kind is Kind.experiments:
        return {name: str(path) for name, path in list_recipes("experiments", recipes).items()}
    return {name: str(path) for name, path in list_recipes("tune", recipes).items()}


def _members(family: Family) -> dict[str, str]:
    return {
        name: (schema.__doc__ or "").partition("\n")[0] for name, schema in family.schemas.items()
    }


def _axis(name: str, recipes: Path | None) -> str:
    axis = load_axis(name, recipes).config
    return f"{axis.question} ({', '.join(axis.arms)})"
