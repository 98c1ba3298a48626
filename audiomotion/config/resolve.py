"""From a recipe, an axis and options to fully resolved experiments, one for each arm and seed.

Precedence: schema default < recipe (what it extends below it) < arm < `--dataset`, `--weights` <
`--set` and the seed. Everything that is wrong with any arm is reported at once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import product
from pathlib import Path
from typing import ParamSpec, TypeVar

from audiomotion.config.axis import load_axis
from audiomotion.config.combinations import Choice, choices
from audiomotion.config.experiment import Experiment
from audiomotion.config.given import Given, Origin
from audiomotion.config.official import spell_out_official
from audiomotion.config.overrides import at_path, merge, set_layer, with_section_defaults
from audiomotion.config.problems import find_problems, unique
from audiomotion.config.recipe_schema import Recipe
from audiomotion.config.recipes import load_recipe
from audiomotion.config.runtime import Runtime
from audiomotion.config.weights import drop_contradicting_weights, fill_weights
from audiomotion.errors import ConfigError

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


@dataclass(frozen=True)
class ResolvedArm:
    """One experiment, ready to run, and where each of its values comes from."""

    name: str
    """The arm's name; those of several axes joined by `+`; without an axis the experiment's."""

    experiment: Experiment
    runtime: Runtime
    provenance: Given
    """Everything that was given, with origins; what is not in it is a schema default."""


def resolve(
    experiment: str | None = None,
    axes: Sequence[str] = (),
    arms: Sequence[str] | None = None,
    sets: Sequence[str] = (),
    seeds: Sequence[int] | None = None,
    recipes_dir: Path | None = None,
    weights: str | None = None,
    dataset: str | None = None,
    *,
    one_at_a_time: bool = False,
) -> list[ResolvedArm]:
    """Return the experiments of all arms and seeds, arm by arm.

    Args:
        experiment: Name or path of a recipe. None takes the one called `dataset`, or else the
            one that the first axis names.
        axes: Names or paths of axes; of several, every combination of arms.
        arms: Names of the arms to keep; all where None or empty.
        sets: `KEY=VALUE` assignments of `--set`.
        seeds: Training seeds; None takes the recipe's.
        recipes_dir: The user's own recipes.
        weights: `pretrained` or `random`, whatever recipe and arms say.
        dataset: With an `experiment`, the data set to use instead of the recipe's.
        one_at_a_time: Of several axes, only the baselines together and each other arm with them.

    Raises:
        ConfigError: Every problem of every arm.
    """
    problems: list[str] = []
    found = [_attempt(problems, load_axis, name, recipes_dir) for name in axes]
    loaded = [axis for axis in found if axis is not None]
    recipe_name = experiment or dataset or next((axis.config.dataset for axis in loaded), None)
    recipe = _attempt(problems, load_recipe, recipe_name, recipes_dir) if recipe_name else None
    chosen = None
    if all(found):
        name = _name(recipe)
        chosen = _attempt(problems, choices, loaded, arms, name, one_at_a_time=one_at_a_time)
    last = _attempt(problems, _last_layer, sets, seeds)
    if recipe is None or chosen is None or last is None:
        raise ConfigError(unique(problems) or "no experiment, axis or data set is named")
    options = _options_layer(weights, dataset if experiment else None)
    lasts = [_with_seed(last, seed) for seed in seeds] if seeds else [last]
    resolved = [
        _attempt(problems, _resolve_one, recipe, choice, options, last)
        for choice, last in product(chosen, lasts)
    ]
    found_arms = [arm for arm in resolved if arm is not None]
    problems += _seeds_that_change_nothing(found_arms, seeds or ())
    if problems:
        raise ConfigError(unique(problems))
    return found_arms


def _seeds_that_change_nothing(arms: Sequence[ResolvedArm], seeds: Sequence[int]) -> list[str]:
    """Return a problem for each arm of which several seeds would be one and the same."""
    return [
        f"--seeds: nothing of {arm.name} is trained (masked and residual are official), so that "
        "every seed would give the same figures; leave --seeds out"
        for arm in arms
        if len(seeds) > 1
        and arm.experiment.masked.weights == arm.experiment.residual.weights == "official"
    ]


def _attempt(
    problems: list[str],
    function: Callable[Parameters, Result],
    *args: Parameters.args,
    **kwargs: Parameters.kwargs,
) -> Result | None:
    """Return the function's result; where it raises, keep its problems and return None."""
    try:
        return function(*args, **kwargs)
    except ConfigError as error:
        problems += error.problems
        return None


def _name(recipe: Given | None) -> str:
    name = recipe.get("name") if recipe else None
    return str(name.plain()) if name else ""


def _options_layer(weights: str | None, dataset: str | None) -> Given:
    layer = Given({}, Origin("options"))
    for option, path, value in [
        ("--weights", ("weights",), weights),
        ("--dataset", ("dataset", "name"), dataset),
    ]:
        if value is not None:
            origin = Origin(f"{option} {value}", spells=path)
            layer = merge(layer, at_path(path, value, origin))
    return layer


def _last_layer(sets: Sequence[str], seeds: Sequence[int] | None) -> Given:
    layer = set_layer(sets)
    if seeds and (seed := layer.get("seed")) is not None:
        raise ConfigError(f"{seed.origin}: the seed is also given by --seeds")
    return layer


def _with_seed(last: Given, seed: int) -> Given:
    return merge(last, at_path(("seed",), seed, Origin("--seeds", spells=("seed",))))


def _resolve_one(recipe: Given, choice: Choice, options: Given, last: Given) -> ResolvedArm:
    recipe, arm, last = map(spell_out_official, (recipe, choice.layer, last))
    values = reduce(merge, [arm, options], recipe)
    values = merge(drop_contradicting_weights(values, options), last)
    values = with_section_defaults(fill_weights(values), Recipe)
    resolved, problems = find_problems(values, Recipe)
    if problems:
        raise ConfigError(problems)
    assert isinstance(resolved, Recipe)
    return ResolvedArm(choice.name, resolved.experiment(), resolved.runtime, values)
