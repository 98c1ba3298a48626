"""The command that asks for a recorded launch, as far as it can be told from its record."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from audiomotion.config.axis import load_axis
from audiomotion.config.dotted import flatten
from audiomotion.config.resolve import ResolvedArm, resolve
from audiomotion.errors import ConfigError
from audiomotion.orchestrate.records import RunRecord

_FILLED_IN = ("content", "sha256", "checkpoint", "revision")
"""Keys that a plan fills in from what it finds; nobody gives them."""

Leaves = Mapping[str, Any]


@dataclass(frozen=True)
class Reproduction:
    """A command, and what it leaves open."""

    command: str
    caveats: Sequence[str] = field(default_factory=tuple)
    """Empty where this installation's recipes make it ask for the very same launch."""


def reproduction(record: RunRecord) -> Reproduction | None:
    """Return the command that asks for a launch of axes or of an experiment; None for others."""
    if record.kind == "outside":
        return None
    if command := record.axis.get("command"):  # a launch that another command made, as tuning does
        return Reproduction(str(command))
    seeds = list(dict.fromkeys(arm.seed for arm in record.arms))
    many = seeds if len(seeds) > 1 else None
    words = _words(record, len(seeds))
    try:
        sets = _common(_differences(record, _resolved(record, (), many)))
        options = [word for key, value in sets for word in ("--set", f"{key}={_plain(value)}")]
        again = _resolved(record, [f"{key}={_plain(value)}" for key, value in sets], many)
        same = not any(_differences(record, again))
    except ConfigError as error:
        caveat = f"The recipes of this installation do not give this launch: {error.problems[0]}"
        return Reproduction(shlex.join(words), (caveat,))
    caveats = () if same else (
        "Arms differ from the recipes of this installation in more than options can say; the "
        "configurations below are what was run.",
    )  # fmt: skip
    return Reproduction(shlex.join([*words, *options]), caveats)


def _words(record: RunRecord, num_seeds: int) -> list[str]:
    if record.kind == "experiment":
        words = ["amx", "train", record.title]
    else:
        axes = [one["name"] for one in record.axis.get("axes", ())] or [record.title]
        words = ["amx", "ablate", *axes, "--dataset", _recipe(record)]
        words += ["--one-at-a-time"] if record.axis.get("one_at_a_time") else []
        words += _arms_option(record, axes)
    return [*words, "--seeds", str(num_seeds)] if num_seeds > 1 else words


def _recipe(record: RunRecord) -> str:
    """Return the experiment that the arms vary, which has a name of its own."""
    return str(record.arms[0].experiment.get("name", record.dataset))


def _arms_option(record: RunRecord, axes: Sequence[str]) -> list[str]:
    """Return `--arms` where a launch of one axis had not all of them."""
    own = list(dict.fromkeys(arm.arm for arm in record.arms))
    try:
        known = list(load_axis(axes[0]).arms) if len(axes) == 1 else own
    except ConfigError:
        return []
    return [] if set(own) == set(known) else ["--arms", ",".join(own)]


def _resolved(
    record: RunRecord, sets: Sequence[str], seeds: Sequence[int] | None
) -> list[ResolvedArm]:
    if record.kind == "experiment":
        return resolve(record.title, sets=sets, seeds=seeds)
    return resolve(
        axes=[one["name"] for one in record.axis.get("axes", ())] or [record.title],
        dataset=_recipe(record),
        sets=sets,
        seeds=seeds,
        one_at_a_time=bool(record.axis.get("one_at_a_time")),
    )


def _differences(record: RunRecord, resolved: Sequence[ResolvedArm]) -> list[dict[str, Any]]:
    """Return for each recorded arm and seed what it has otherwise than the resolved one.

    Raises:
        ConfigError: The recipes have no such arm.
    """
    given = {(arm.name, arm.experiment.seed): arm.experiment for arm in resolved}
    found = []
    for arm in record.arms:
        alike = given.get((arm.arm, arm.seed)) or next(
            (one for (name, _), one in given.items() if name == arm.arm), None
        )
        if alike is None:
            raise ConfigError(f"they have no arm {arm.arm!r} with seed {arm.seed}")
        theirs = dict(flatten(alike.model_dump(mode="json")))
        ours = dict(flatten(arm.experiment))
        keys = [key for key in ours if key.rpartition(".")[2] not in _FILLED_IN]
        found.append({key: ours[key] for key in keys if theirs.get(key, ...) != ours[key]})
    return found


def _common(differences: Sequence[Leaves]) -> list[tuple[str, Any]]:
    """Return what all arms have otherwise, and alike."""
    first = differences[0]
    return [
        (key, value)
        for key, value in first.items()
        if all(other.get(key, ...) == value for other in differences)
    ]


def _plain(value: Any) -> str:
    """Return a value as YAML on one line."""
    import yaml

    text = yaml.safe_dump(value, default_flow_style=True, width=10_000, allow_unicode=True)
    return text.removesuffix("...\n").strip()
