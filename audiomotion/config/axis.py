"""An axis: one question of an ablation, and the answers (arms) to try."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import product
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from audiomotion.config.experiment import Variant
from audiomotion.config.given import Given, Origin, dotted
from audiomotion.config.nearest import not_one_of
from audiomotion.config.overrides import merge, overlaps
from audiomotion.config.problems import find_problems
from audiomotion.config.recipes import find_recipe, named_after_file
from audiomotion.config.schema import Schema
from audiomotion.config.yaml_file import read_yaml
from audiomotion.errors import ConfigError


class PublishedTable(Schema):
    """Where the paper answers the same question; its figures stand beside ours, not among them."""

    table: Literal[2, 3, 4, 5, 6]
    """Table of the paper; rows are found by the arms' names."""

    dataset: Literal["humanml3d", "kit"]
    """Data set the figures were measured on."""

    variant: Variant
    """Captions tested on."""


class AxisConfig(Schema):
    """One file below `ablations/`."""

    name: str
    """Name of the axis; the file's where not given."""

    question: str = Field(min_length=1)
    """What the axis asks, one sentence."""

    dataset: str = "demo"
    """Experiment that is varied when none is named."""

    published: PublishedTable | None = None
    """The paper's figures for the same arms."""

    arms: dict[str, dict[str, Any]] = Field(min_length=1)
    """What each arm changes in the experiment; `{}` takes it as it is."""

    baseline: str
    """Arm that the others are compared with."""

    @field_validator("arms")
    @classmethod
    def _names(cls, value: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        for name in value:
            if not name or set(name) - set("abcdefghijklmnopqrstuvwxyz0123456789.-"):
                raise ValueError(f"arm {name!r}: a name holds a-z, 0-9, '.' and '-' only")
        return value

    @field_validator("baseline")
    @classmethod
    def _is_an_arm(cls, value: str, info: ValidationInfo) -> str:
        arms = list(info.data.get("arms", [value]))
        if value not in arms:
            raise ValueError(not_one_of(value, arms, what="the arms "))
        return value


@dataclass(frozen=True)
class Axis:
    """A checked axis, and what each of its arms gives, with origins."""

    config: AxisConfig
    arms: Mapping[str, Given]


@dataclass(frozen=True)
class Choice:
    """One arm of each axis; of no axis at all, the experiment as it is."""

    name: str
    layer: Given


def load_axis(name: str, recipes_dir: Path | None = None) -> Axis:
    """Return an axis given by path or name.

    Raises:
        ConfigError: Everything that is wrong with the file; what its arms change is not checked.
    """
    path = find_recipe("ablations", name, recipes_dir)
    values = named_after_file(read_yaml(path), path)
    config, problems = find_problems(values, AxisConfig)
    if problems:
        raise ConfigError(problems)
    arms = values.get("arms")
    assert arms is not None
    return Axis(config, {arm: layer.noted(f"arm {arm!r}") for arm, layer in arms.value.items()})


def choices(axes: Sequence[Axis], arms: Sequence[str] | None, experiment: str) -> list[Choice]:
    """Return every combination of arms, in the order of the files; `arms` keeps only those named.

    Raises:
        ConfigError: A name is no arm of any axis, or the arms of two axes change the same key.
    """
    _refuse_unknown(axes, arms or ())
    selected = [_selected(axis, arms or ()) for axis in axes]
    return [_combined(combination, experiment) for combination in product(*selected)]


def _refuse_unknown(axes: Sequence[Axis], wanted: Sequence[str]) -> None:
    known = [arm for axis in axes for arm in axis.arms]
    unknown = [arm for arm in wanted if arm not in known]
    if unknown and not known:
        raise ConfigError(f"--arms {','.join(wanted)}: there is no axis to take arms from")
    if unknown:
        raise ConfigError(
            [f"--arms: {not_one_of(arm, known, what='the arms ')}" for arm in unknown]
        )


def _selected(axis: Axis, wanted: Sequence[str]) -> list[tuple[str, Given]]:
    items = list(axis.arms.items())
    return [item for item in items if item[0] in wanted] or items


def _combined(combination: Sequence[tuple[str, Given]], experiment: str) -> Choice:
    layers = [layer for _, layer in combination]
    _refuse_overlap(layers)
    name = "+".join(arm for arm, _ in combination) or experiment
    return Choice(name, reduce(merge, layers, Given({}, Origin("arms"))))


def _refuse_overlap(layers: Sequence[Given]) -> None:
    problems = [
        f"{new.origin} {dotted(path)}: {old.origin} changes it too; two axes may not change one key"
        for index, layer in enumerate(layers)
        for path, new in layer.leaves()
        for earlier in layers[:index]
        for _, old in overlaps(earlier, path)
        if path
    ]
    if problems:
        raise ConfigError(problems)
