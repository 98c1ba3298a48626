"""Several axes in one launch: every combination of arms, or one axis at a time."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import product
from typing import Any

from audiomotion.config.axis import Axis, AxisConfig
from audiomotion.config.given import Given, Origin, dotted
from audiomotion.config.nearest import not_one_of
from audiomotion.config.overrides import merge, overlaps
from audiomotion.errors import ConfigError

JOINT = "+"
"""Between the names of several axes, and of their arms; no arm's own name holds it."""

NamedArm = tuple[str, Given]
"""An arm's name, and what it gives."""


@dataclass(frozen=True)
class Choice:
    """One arm of each axis; of no axis at all, the experiment as it is."""

    name: str
    layer: Given


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
