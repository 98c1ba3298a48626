"""What a search varies, as numbers of one experiment: which values, and the experiment of each."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from pydantic import ValidationError

from audiomotion.config.experiment import Experiment
from audiomotion.config.given import Origin, given
from audiomotion.config.overrides import at_path, merge
from audiomotion.config.search import ParameterConfig, SearchConfig
from audiomotion.config.search_paths import Kind, kind_at
from audiomotion.errors import ConfigError

Params = Mapping[str, Any]
"""A value for each path that a trial varies; what depends on another value may be missing."""

_DIGITS = 12
"""Decimals that a stepped value is rounded to: 0.5 + 2 · 0.1 is 0.7."""


@dataclass(frozen=True)
class Parameter:
    """One key of the experiment, and what it may be."""

    path: str
    kind: Kind
    config: ParameterConfig

    @property
    def choices(self) -> Sequence[Any]:
        """The values themselves; empty for a range."""
        return self.config.choices or ()

    @property
    def low(self) -> float:
        """Least value of a range."""
        assert self.config.low is not None
        return self.config.low

    @property
    def high(self) -> float:
        """Greatest value of a range."""
        assert self.config.high is not None
        return self.config.high

    def exact(self, value: Any) -> Any:
        """Return a value as people write it: of a stepped range without the error of sums."""
        if self.kind == "choice":
            return value
        if self.kind == "integer":
            return int(value)
        step = self.config.step
        if step is None:
            return float(value)
        return round(self.low + round((value - self.low) / step) * step, _DIGITS)

    def holds(self, value: Any) -> bool:
        """Return whether a value is one that may be tried."""
        if self.kind == "choice":
            return any(type(value) is type(one) and value == one for one in self.choices)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        if not self.low <= value <= self.high:
            return False
        return self.config.step is None or math.isclose(self.exact(value), value, abs_tol=1e-9)


class Space:
    """The parameters of a search over one experiment."""

    def __init__(self, search: SearchConfig, base: Experiment) -> None:
        self.parameters = [
            Parameter(path, "choice" if config.choices is not None else kind_at(path), config)
            for path, config in search.parameters.items()
        ]
        self.base = base
        self._base_values = base.model_dump(mode="json")

    @property
    def has_conditions(self) -> bool:
        """Whether some parameters are only tried where others have a certain value."""
        return any(parameter.config.when for parameter in self.parameters)

    def is_active(self, parameter: Parameter, params: Params) -> bool:
        """Return whether a parameter is to be tried beside values that were chosen before it."""
        return all(
            self._value_at(path, params) in (wanted if isinstance(wanted, list) else [wanted])
            for path, wanted in parameter.config.when.items()
        )

    def _value_at(self, path: str, params: Params) -> Any:
        if path in params:
            return params[path]
        value: Any = self._base_values
        for key in path.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        return value

    def exact(self, params: Params) -> dict[str, Any]:
        """Return the values of a trial as people write them."""
        known = {parameter.path: parameter for parameter in self.parameters}
        return {path: known[path].exact(value) for path, value in params.items()}

    def baseline(self) -> dict[str, Any] | None:
        """Return the values that the experiment has itself; None where one is not in the space."""
        found: dict[str, Any] = {}
        for parameter in self.parameters:
            if self.is_active(parameter, found):
                value = self._value_at(parameter.path, {})
                if not parameter.holds(value):
                    return None
                found[parameter.path] = parameter.exact(value)
        return found

    def experiment(self, params: Params) -> Experiment:
        """Return the experiment with a trial's values, exact ones.

        Raises:
            ConfigError: No experiment can have these values together.
        """
        origin = Origin("trial")
        layers = [at_path(tuple(path.split(".")), value, origin) for path, value in params.items()]
        values = reduce(merge, layers, given(self._base_values, origin)).plain()
        try:
            return Experiment.model_validate_json(json.dumps(values))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(map(str, first["loc"]))
            raise ConfigError(f"{place}: {first['msg']}" if place else str(first["msg"])) from error
