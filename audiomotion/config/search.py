"""A search: which values to try, by what they are judged, and how they are chosen."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from audiomotion.config.given import Given
from audiomotion.config.nearest import not_one_of
from audiomotion.config.problems import find_problems, shown
from audiomotion.config.recipes import find_recipe, named_after_file
from audiomotion.config.schema import Schema
from audiomotion.config.search_paths import fields_at, kind_at, problem_with, refusal
from audiomotion.config.yaml_file import read_yaml
from audiomotion.errors import ConfigError

OBJECTIVES: Final[Mapping[str, Literal["lower", "higher"]]] = {
    "fid": "lower",
    "top1": "higher",
    "top2": "higher",
    "top3": "higher",
    "mm_distance": "lower",
    "multimodality": "higher",
}
"""Metrics that a search may ask for, and which way each is better."""


class ParameterConfig(Schema):
    """The values that one key of the experiment may take."""

    low: float | None = None
    """Least value of a range."""

    high: float | None = None
    """Greatest value of a range; with a step, the last one that the steps reach."""

    step: float | None = Field(default=None, gt=0)
    """Distance of two values of a range; null takes any value, of an integer every one."""

    log: bool = False
    """Whether values are as likely between 1 and 10 as between 10 and 100."""

    choices: list[Any] | None = Field(default=None, min_length=1)
    """The values themselves, in place of a range."""

    when: dict[str, Any] = Field(default_factory=dict)
    """Path and value: only tried where the experiment has that value there (a list: one of it)."""

    @model_validator(mode="after")
    def _a_range_or_choices(self) -> Self:
        if self.choices is not None:
            self._check_choices(self.choices)
        elif self.low is None or self.high is None:
            raise ValueError("give low and high, or choices")
        else:
            self._check_range(self.low, self.high)
        return self

    def _check_choices(self, choices: list[Any]) -> None:
        if (self.low, self.high, self.step, self.log) != (None, None, None, False):
            raise ValueError("choices stand alone: leave low, high, step and log out")
        if any(isinstance(choice, dict | list) for choice in choices):
            raise ValueError("choices are single values, no mappings and no lists")
        kept = [(type(choice), choice) for choice in choices]
        if len(set(kept)) != len(kept):
            raise ValueError("a choice is given twice")

    def _check_range(self, low: float, high: float) -> None:
        if low >= high:
            raise ValueError(
                f"an empty range: low {low:g} is not below high {high:g}; --set fixes a value"
            )
        if self.log and (low <= 0 or self.step is not None):
            raise ValueError("log needs low above 0 and no step")
        if self.step is not None and self.step > high - low:
            raise ValueError(f"step {self.step:g} is wider than the range {low:g} to {high:g}")


class ConstraintConfig(Schema):
    """What a metric's mean must keep to."""

    at_least: float | None = None
    """Smallest mean that is accepted."""

    at_most: float | None = None
    """Greatest mean that is accepted."""

    @model_validator(mode="after")
    def _one_bound(self) -> Self:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("give either at_least or at_most")
        return self


class ObjectiveConfig(Schema):
    """By what a trial is judged: the means over its repeats."""

    metrics: list[str] = Field(default=["fid"], min_length=1)
    """Metrics; of several without weights the result is a Pareto front."""

    weights: dict[str, float] | None = None
    """Weight of each metric: the weighted sum, in which those that are better higher count
    negative, is the only objective, and lower is better."""

    constraints: dict[str, ConstraintConfig] = Field(default_factory=dict)
    """What other metrics must keep to for a trial to win."""

    @field_validator("metrics")
    @classmethod
    def _known_metrics(cls, value: list[str]) -> list[str]:
        for name in value:
            _refuse_unknown(name)
        if len(set(value)) != len(value):
            raise ValueError("a metric is given twice")
        return value

    @field_validator("weights")
    @classmethod
    def _a_weight_a_metric(
        cls, value: dict[str, float] | None, info: ValidationInfo
    ) -> dict[str, float] | None:
        metrics = info.data.get("metrics")
        if value is None or metrics is None:
            return value
        if set(value) != set(metrics) or min(value.values()) <= 0:
            raise ValueError(f"give a weight above 0 to each of {', '.join(metrics)}")
        return value

    @field_validator("constraints")
    @classmethod
    def _known_constraints(cls, value: dict[str, ConstraintConfig]) -> dict[str, ConstraintConfig]:
        for name in value:
            _refuse_unknown(name)
        return value

    @property
    def num_values(self) -> int:
        """Objectives: one, or with several unweighted metrics that many."""
        return 1 if self.weights is not None else len(self.metrics)

    @property
    def needed(self) -> list[str]:
        """Every metric that is looked at."""
        return list(dict.fromkeys([*self.metrics, *self.constraints]))


def _refuse_unknown(name: str) -> None:
    if name not in OBJECTIVES:
        raise ValueError(not_one_of(name, list(OBJECTIVES), what="the objectives "))


class PruningConfig(Schema):
    """When a hopeless trial is stopped before its last repeat."""

    error_level: float = Field(default=0.01, ge=0, lt=0.5)
    """Probability, at most, of stopping a trial that is no worse than the best; 0 stops none."""

    min_repeats: int = Field(default=3, ge=2)
    """Repeats before the first look."""


class SearchConfig(Schema):
    """One file below `tune/`."""

    name: str
    """Name of the search; the file's where not given."""

    question: str = Field(min_length=1)
    """What the search asks, one sentence."""

    dataset: str = "demo"
    """Experiment that is tuned when none is named."""

    parameters: dict[str, ParameterConfig] = Field(min_length=1)
    """What is varied: the path of each key as after `--set`, and the values it may take."""

    objective: ObjectiveConfig = ObjectiveConfig()
    """By what trials are judged."""

    sampler: Literal["tpe", "nsga2", "random"] = "tpe"
    """How the next values are chosen; `nsga2` is for several objectives."""

    trials: int = Field(default=40, ge=1)
    """Trials in all, where `--trials` does not say."""

    repeats: int = Field(default=5, ge=1)
    """Generations of the split that a trial is measured by."""

    split: Literal["val", "test"] = "val"
    """Split that is measured; `test` only with --force-test-split."""

    pruning: PruningConfig = PruningConfig()
    """When a trial is stopped early."""

    @property
    def trains(self) -> bool:
        """Whether a trial may need a training of its own."""
        return any(not path.startswith("generation.") for path in self.parameters)


def load_search(name: str, recipes_dir: Path | None = None) -> SearchConfig:
    """Return a search given by path or name.

    Raises:
        ConfigError: Everything that is wrong with the file.
    """
    path = find_recipe("tune", name, recipes_dir)
    values = named_after_file(read_yaml(path), path)
    config, problems = find_problems(values, SearchConfig)
    if config is not None:
        assert isinstance(config, SearchConfig)
        problems = list(_path_problems(config, values))
        if not problems:
            return config
    raise ConfigError(problems)


def _path_problems(config: SearchConfig, values: Given) -> Iterator[str]:
    """Yield what is wrong with paths and with values for them, with file and line."""
    given = values.get("parameters")
    assert given is not None
    above: list[str] = []
    for path, parameter in config.parameters.items():
        entry = given.get(path)
        place = f"{entry.origin if entry else values.origin} parameters.{path}"
        for problem in _problems_of(path, parameter, above, list(config.parameters)):
            yield f"{place}: {problem}"
        above.append(path)


def _problems_of(
    path: str, parameter: ParameterConfig, above: list[str], searched: list[str]
) -> Iterator[str]:
    refused = refusal(path)
    if refused is not None:
        yield refused
        return
    yield from _value_problems(path, parameter)
    for other in parameter.when:
        if not fields_at(other):
            yield f"when {other}: {refusal(other)}"
        elif other in searched and other not in above:
            yield f"when {other}: it must stand above what depends on it"


def _value_problems(path: str, parameter: ParameterConfig) -> Iterator[str]:
    if parameter.choices is not None:
        values: list[Any] = parameter.choices
    else:
        kind = kind_at(path)
        if kind == "choice":
            yield "its values are no numbers, so it has no range; give choices"
            return
        given = [one for one in (parameter.low, parameter.high, parameter.step) if one is not None]
        if kind == "integer" and not all(one.is_integer() for one in given):
            yield f"{', '.join(map(shown, given))}: integers belong here"
            return
        ends = [one for one in (parameter.low, parameter.high) if one is not None]
        values = [int(one) for one in ends] if kind == "integer" else list(ends)
    problems = (problem_with(path, value) for value in values)
    yield from (problem for problem in problems if problem is not None)
