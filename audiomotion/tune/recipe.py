"""What a search found, as a recipe that a launch can take."""

import json
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from audiomotion.config.dotted import nested
from audiomotion.config.experiment import Experiment
from audiomotion.config.resolve import resolve
from audiomotion.errors import ConfigError
from audiomotion.report.guidance import CONVENTION
from audiomotion.tune.record import TuneRecord
from audiomotion.tune.tested import best_experiment, varies_guidance


def best_params(record: TuneRecord) -> Mapping[str, Any]:
    """Return the values that won.

    Raises:
        ConfigError: Nothing has won.
    """
    if record.winner is None:
        raise ConfigError(f"{record.id} has no winner; `amx runs show {record.id}` says why")
    return record.trial(record.winner).params


def best_recipe(record: TuneRecord, recipes: Path | None = None) -> str:
    """Return a recipe in YAML of what was tuned, with the values that won.

    Where the recipe that was tuned is found by its name and gives the rest, it is extended; else
    everything is written out.

    Raises:
        ConfigError: Nothing has won.
    """
    params = best_params(record)
    best = best_experiment(record)
    short = {"extends": best.name, **nested(params)}
    content = short if _gives(short, best, recipes) else _plain(best)
    return _heading(record) + yaml.safe_dump(content, sort_keys=False, allow_unicode=True)


def _heading(record: TuneRecord) -> str:
    assert record.winner is not None
    values = record.trial(record.winner).values
    told = ", ".join(
        f"{goal['name']} {value:.4g}" for goal, value in zip(record.objectives, values, strict=True)
    )
    forced = "; it was tuned on the test split" if record.forced_test_split else ""
    lines = [f"# Found by {record.id}: {told} on the {record.split} split{forced}."]
    lines += [f"# {CONVENTION}."] if varies_guidance(record) else []
    return "\n".join(lines) + "\n"


def _gives(content: Mapping[str, Any], wanted: Experiment, recipes: Path | None) -> bool:
    """Return whether a recipe of that content is what is wanted."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "best-of-a-search.yaml"
        path.write_text(json.dumps(content))
        try:
            (found,) = resolve(str(path), recipes_dir=recipes)
        except ConfigError:
            return False
    return _plain(found.experiment) == _plain(wanted)


def _plain(experiment: Experiment) -> dict[str, Any]:
    """Return everything that a recipe gives."""
    return _given(experiment.model_dump(mode="json"), top=True)


def _given(values: Mapping[str, Any], *, top: bool = False) -> dict[str, Any]:
    """Leave out what no recipe gives: its name, which is the file's, and what a plan fills in."""
    return {
        key: _given(value) if isinstance(value, dict) else value
        for key, value in values.items()
        if key != "content" and not (top and key == "name")
    }
