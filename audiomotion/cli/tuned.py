"""Which system `amx tune` tunes: a recipe's, an arm's, or one that a launch trained."""

import json
from collections.abc import Sequence
from pathlib import Path

from audiomotion.cli.console import errors
from audiomotion.config.experiment import Experiment
from audiomotion.config.nearest import not_one_of
from audiomotion.config.resolve import resolve
from audiomotion.config.runtime import Runtime
from audiomotion.config.search import SearchConfig
from audiomotion.errors import ConfigError
from audiomotion.orchestrate.choosing import find_run
from audiomotion.orchestrate.records import ArmRecord, RunRecord, all_runs
from audiomotion.orchestrate.store import ArtifactStore


def chosen_system(
    search: SearchConfig,
    store: ArtifactStore,
    dataset: str | None,
    arm: str | None,
    run: str | None,
    seed: int | None,
    sets: Sequence[str],
    weights: str | None,
    recipes: Path | None,
) -> tuple[str, Experiment, Runtime]:
    """Return the name, the experiment and the runtime of what is tuned.

    Raises:
        ConfigError: It is not clear what that is, or there is no such thing.
    """
    if run is not None:
        if dataset or sets or weights:
            raise ConfigError(
                "--run tunes what a launch trained, as it was; leave --dataset, --set and "
                "--weights out"
            )
        return _of_run(find_run(run, list(all_runs(store))), arm, seed, recipes)
    if dataset is None:
        errors.say(f"no --dataset given: using {search.dataset}")
    axis, colon, name = (arm or "").partition(":")
    if arm is not None and not (axis and colon and name):
        raise ConfigError(f"--arm {arm}: not AXIS:ARM, such as --arm compressor:avgpool-8")
    (resolved,) = resolve(
        dataset=dataset or search.dataset,
        axes=[axis] if arm else [],
        arms=[name] if arm else None,
        sets=sets,
        recipes_dir=recipes,
        weights=weights,
    )
    return resolved.name, resolved.experiment, resolved.runtime


def _of_run(
    record: RunRecord, arm: str | None, seed: int | None, recipes: Path | None
) -> tuple[str, Experiment, Runtime]:
    trained = [one for one in record.arms if "masked" in one.fingerprints]
    names = list(dict.fromkeys(one.arm for one in trained))
    if arm is not None and arm not in names:
        raise ConfigError(f"--arm: {not_one_of(arm, names, what=f'the arms of {record.id} ')}")
    found = [one for one in trained if arm in (None, one.arm) and seed in (None, one.seed)]
    if len(found) != 1:
        listed = ", ".join(f"--arm {one.arm} --seed {one.seed}" for one in trained) or "no arms"
        raise ConfigError(f"{record.id} has trained {listed}; choose one")
    experiment = Experiment.model_validate_json(json.dumps(found[0].experiment))
    return found[0].arm, experiment, _runtime(found[0], experiment, recipes)


def _runtime(arm: ArmRecord, experiment: Experiment, recipes: Path | None) -> Runtime:
    """Return where the recipe of an arm runs; the defaults where it is not found by its name."""
    try:
        (resolved,) = resolve(experiment.name, recipes_dir=recipes)
    except ConfigError:
        errors.say(f"{arm.arm}: no recipe {experiment.name}; it runs with default resources")
        return Runtime()
    return resolved.runtime
