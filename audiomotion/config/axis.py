"""An axis: one question of an ablation, and the answers (arms) to try."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from audiomotion.config.experiment import Variant
from audiomotion.config.given import Given
from audiomotion.config.nearest import not_one_of
from audiomotion.config.problems import find_problems
from audiomotion.config.recipes import find_recipe, named_after_file
from audiomotion.config.schema import Schema
from audiomotion.config.yaml_file import read_yaml
from audiomotion.errors import ConfigError

_WITHOUT_DATASET = 4
"""The table that does not say on which data set it was measured."""


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
