"""`amx list`: what there is to choose from."""

import json
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from audiomotion.cli.options import JsonOption, RecipesOption
from audiomotion.config.axis import AxisConfig, load_axis
from audiomotion.config.compressors import COMPRESSORS
from audiomotion.config.datasets import DATASETS
from audiomotion.config.exporters import EXPORTERS
from audiomotion.config.extractors import EXTRACTORS
from audiomotion.config.recipes import list_recipes
from audiomotion.config.rewriters import REWRITERS
from audiomotion.config.schema import Family
from audiomotion.config.search import SearchConfig, load_search
from audiomotion.config.speech import SPEECH
from audiomotion.config.text_encoders import TEXT_ENCODERS

Entry = str | dict[str, Any]
"""What is told of one thing to choose: a sentence, or of an axis what it holds."""


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
    formats = "formats"


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
        shown = {entry: _lines(item, whole=kind is not None) for entry, item in entries.items()}
        width = max(map(len, shown), default=0)
        for entry, lines in shown.items():
            for number, line in enumerate(lines):
                typer.echo(f"  {'' if number else entry:<{width}}  {line}".rstrip())
        if not entries:
            typer.echo("  none")


def _lines(entry: Entry, *, whole: bool) -> list[str]:
    """Return what is said of an entry: a line, or of an axis on its own all there is to say."""
    if isinstance(entry, str):
        return [entry]
    names = ", ".join(entry["arms"])
    if not whole:
        return [f"{entry['question']} ({names})"]
    lines = [entry["question"], f"arms: {names}; baseline: {entry['baseline']}"]
    if (published := entry["published"]) is not None:
        dataset = f", {published['dataset']}" if published["dataset"] else ""
        place = f"table {published['table']}{dataset}"
        lines.append(f"published: {place}, tested on {published['variant']} captions")
    return lines


def _entries(kind: Kind, recipes: Path | None) -> Mapping[str, Entry]:
    families = {
        Kind.extractors: EXTRACTORS,
        Kind.text_encoders: TEXT_ENCODERS,
        Kind.compressors: COMPRESSORS,
        Kind.datasets: DATASETS,
        Kind.rewriters: REWRITERS,
        Kind.speech: SPEECH,
        Kind.formats: EXPORTERS,
    }
    if kind in families:
        return _members(families[kind])
    if kind is Kind.axes:
        names = list_recipes("ablations", recipes)
        return {name: _axis(load_axis(name, recipes).config) for name in names}
    if kind is Kind.experiments:
        return {name: str(path) for name, path in list_recipes("experiments", recipes).items()}
    return {name: _search(load_search(name, recipes)) for name in list_recipes("tune", recipes)}


def _members(family: Family) -> dict[str, str]:
    return {
        name: (schema.__doc__ or "").partition("\n")[0] for name, schema in family.schemas.items()
    }


def _search(search: SearchConfig) -> str:
    return f"{search.question} ({', '.join(search.parameters)})"


def _axis(axis: AxisConfig) -> dict[str, Any]:
    content = axis.model_dump(mode="json", include={"question", "dataset", "baseline", "published"})
    return {**content, "arms": list(axis.arms)}
