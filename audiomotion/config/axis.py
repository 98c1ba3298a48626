"""An axis: one question of an ablation, and the answers (arms) to try."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import product
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from audiomotion.config.experiment import Variant
from audiomotion.config.given import Given, Origin, dotted
from audiomotion.config.nearest import not_one_of
from audiomotion.config.overrides import merge, overlaps
from audiomotion.config.problems import find_problems
from audiomotion.config.recipes import find_recipe, named_after_file
from audiomotion.config.schema import Schema
from audiomotion.config.yaml_file import read_yaml
from audiomotion.errors import ConfigError

JOINT = "+"
"""Between the names of several axes, and of their arms; no name of one holds it."""

_WITHOUT_DATASET = 4


class PublishedTable(Schema):
    """Where the paper answers the same question; its figures stand beside ours, not among them."""

    table: Literal[2, 3, 4, 5, 6]
    """Table of the paper."""

    dataset: Literal["humanml3d", "kit"] | None = None
    """Data set of the figures; where the table has the launch's own, that one.

    Table 4 is of speed, and the paper does not say on which.
    """

    variant: Variant
    """Captions tested on."""

    rows: dict[str, str] = Field(default_factory=dict)
    """Row of an arm that has another name there; rows of other arms are found by their names."""

    others: bool = False
    """Whether the rows that are no arm's stand in the table too, as published only."""

    @model_validator(mode="after")
    def _says_on_which_data_set(self) -> Self:
        if (self.dataset is None) != (self.table == _WITHOUT_DATASET):
            given = "no dataset" if self.dataset is None else f"dataset {self.dataset!r}"
            raise ValueError(
                f"table {self.table} with {given}; all tables but {_WITHOUT_DATASET} need one: "
                "humanml3d or kit"
            )
        return self


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

    @model_validator(mode="after")
    def _published_rows_are_of_arms(self) -> Self:
        for arm in self.published.rows if self.published else ():
            if arm not in self.arms:
                sentence = not_one_of(arm, list(self.arms), what="the arms ")
                raise ValueError(f"published.rows: {sentence}")
        return self


@dataclass(frozen=True)
class Axis:
    """A checked axis, and what each of its arms gives, with origins."""

    config: AxisConfig
    arms: Mapping[str, Given]


NamedArm = tuple[str, Given]
"""An arm's name, and what it gives."""


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


def choices(
    axes: Sequence[Axis],
    arms: Sequence[str] | None,
    experiment: str,
    *,
    one_at_a_time: bool = False,
) -> list[Choice]:
    """Return every combination of arms, in the order of the files; `arms` keeps only those named.

    One axis at a time, instead: the baseline of each axis together, whether named or not, then each
    other arm of each axis over the baselines of the other axes.

    Raises:
        ConfigError: An axis is named twice, a name is no arm of any axis, or arms of two axes give
            one key different values.
    """
    _refuse_repeated(axes)
    _refuse_unknown(axes, arms or ())
    selected = [_selected(axis, arms or ()) for axis in axes]
    if one_at_a_time:
        return list(_around_baseline(axes, selected, experiment))
    return [_combined(combination, experiment) for combination in product(*selected)]


def joined(names: Iterable[str]) -> str:
    """Return one name for several axes, or for an arm of each."""
    return JOINT.join(names)


def split(name: str) -> list[str]:
    """Return the names that `joined` made one."""
    return name.split(JOINT)


def described(axes: Sequence[AxisConfig], *, one_at_a_time: bool = False) -> dict[str, Any]:
    """Return what the record of a launch says of its axes: questions, baselines, published tables.

    The arms are in the record already, fully resolved.
    """
    return {
        "axes": [axis.model_dump(mode="json", exclude={"arms"}) for axis in axes],
        "baseline": joined(axis.baseline for axis in axes),
        "one_at_a_time": one_at_a_time,
    }


def _refuse_repeated(axes: Sequence[Axis]) -> None:
    names = [axis.config.name for axis in axes]
    repeated = dict.fromkeys(name for name in names if names.count(name) > 1)
    if repeated:
        raise ConfigError([f"axis {name!r} is named twice" for name in repeated])


def _around_baseline(
    axes: Sequence[Axis], selected: Sequence[Sequence[NamedArm]], experiment: str
) -> Iterator[Choice]:
    baselines = [(axis.config.baseline, axis.arms[axis.config.baseline]) for axis in axes]
    yield _combined(baselines, experiment)
    for place, arms in enumerate(selected):
        for arm in arms:
            if arm[0] != baselines[place][0]:
                around = [*baselines[:place], arm, *baselines[place + 1 :]]
                yield _combined(around, experiment, varied=place)


def _refuse_unknown(axes: Sequence[Axis], wanted: Sequence[str]) -> None:
    known = [arm for axis in axes for arm in axis.arms]
    unknown = [arm for arm in wanted if arm not in known]
    if unknown and not known:
        raise ConfigError(f"--arms {','.join(wanted)}: there is no axis to take arms from")
    if unknown:
        raise ConfigError(
            [f"--arms: {not_one_of(arm, known, what='the arms ')}" for arm in unknown]
        )


def _selected(axis: Axis, wanted: Sequence[str]) -> list[NamedArm]:
    items = list(axis.arms.items())
    return [item for item in items if item[0] in wanted] or items


def _combined(
    combination: Sequence[NamedArm], experiment: str, varied: int | None = None
) -> Choice:
    """Return one arm of several; the one at `varied` has the last word."""
    layers = [layer for _, layer in combination]
    last = [] if varied is None else [layers.pop(varied)]
    _refuse_contradiction(layers)
    name = joined(arm for arm, _ in combination) or experiment
    return Choice(name, reduce(merge, [*layers, *last], Given({}, Origin("arms"))))


def _refuse_contradiction(layers: Sequence[Given]) -> None:
    problems = [
        f"{new.origin} {dotted(path)}: {old.origin} gives it another value; arms of two axes must "
        "not contradict each other (--arms leaves arms out, --one-at-a-time varies one axis only)"
        for index, layer in enumerate(layers)
        for path, new in layer.leaves()
        for earlier in layers[:index]
        for other, old in overlaps(earlier, path)
        if path and (other != path or old.plain() != new.plain())
    ]
    if problems:
        raise ConfigError(problems)
