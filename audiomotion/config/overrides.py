"""Lay one set of given values over another: recipe < arm < `--set`."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from pydantic.fields import FieldInfo

from audiomotion.config.given import SCHEMA_DEFAULT, Given, KeyPath, Origin, dotted, given
from audiomotion.config.recipe_schema import Recipe
from audiomotion.config.schema import Schema
from audiomotion.config.schema_paths import parts_in
from audiomotion.config.yaml_file import parse_value
from audiomotion.errors import ConfigError

SUPERSEDES = {
    "epochs": ("max_steps",),
    "max_steps": ("epochs",),
    "guidance_scale": ("guidance_s",),
    "guidance_s": ("guidance_scale",),
    "weights": ("revision", "random_size"),
}
"""Keys of a lower layer that lose their meaning when a higher one gives the key on the left."""


def merge(lower: Given, upper: Given) -> Given:
    """Return `lower` with everything that `upper` gives on top; lists are replaced whole.

    A part whose `name` changes is another part: the keys given for the old one are dropped, but
    for those that both parts' schemas call `lasting`. So an arm need only name another compressor,
    and its condition is as wide as the experiment says.
    """
    return Given(_merged(lower, upper, lower.value, Recipe), lower.origin)


def _merged(
    lower: Given, upper: Given, base: dict[str, Given], schema: type[Schema] | None = None
) -> dict[str, Given]:
    kept = dict(base)
    for key, item in upper.value.items():
        for void in SUPERSEDES.get(key, ()) if item.value is not None else ():
            if upper.get(void) is None:
                kept.pop(void, None)
        field = schema.model_fields.get(key) if schema else None
        kept[key] = _overlaid(kept[key], item, field) if key in kept else item
    return kept


def _overlaid(lower: Given, upper: Given, field: FieldInfo | None = None) -> Given:
    if not (lower.is_section and upper.is_section):
        return upper
    base = lower.value
    if _is_another_part(lower, upper):
        lasting = _lasting(lower, upper, field)
        base = {key: item for key, item in lower.value.items() if key in lasting}
    return Given(_merged(lower, upper, base), upper.origin)


def _is_another_part(lower: Given, upper: Given) -> bool:
    # Below the top level only the members of families have a name.
    old, new = lower.get("name"), upper.get("name")
    return old is not None and new is not None and old.plain() != new.plain()


def _lasting(lower: Given, upper: Given, field: FieldInfo | None) -> frozenset[str]:
    """Return the keys that mean the same in both parts."""
    members = parts_in(field) if field else {}
    old, new = (members.get(_name_of(part)) for part in (lower, upper))
    return old.lasting & new.lasting if old and new else frozenset()


def with_section_defaults(values: Given, schema: type[Schema]) -> Given:
    """Return `values` with each section completed by what its field's default says.

    Otherwise `rvq: {training: {learning_rate: 1e-3}}` would lose the batch size that
    `RvqConfig.training` has, and take the one that every `TrainingConfig` has.
    """
    completed: dict[str, Given] = {}
    for name, field in schema.model_fields.items():
        section = values.get(name)
        if section is None or not section.is_section:
            continue
        if isinstance(field.default, Schema):
            completed[name] = _overlaid(_default_section(schema, name), section)
        elif (part := parts_in(field).get(_name_of(section))) is not None:
            completed[name] = with_section_defaults(section, part)
    return values.with_keys(completed)


@cache  # every arm completes the same sections
def _default_section(schema: type[Schema], name: str) -> Given:
    return given(schema.model_fields[name].default.model_dump(), SCHEMA_DEFAULT)


def _name_of(part: Given) -> str:
    name = part.get("name")
    return str(name.plain()) if name is not None else ""


def set_layer(assignments: Sequence[str]) -> Given:
    """Return what `--set` options give; a value is YAML, so `2e-4` is a number and `no` a string.

    Raises:
        ConfigError: All assignments that are not `KEY=VALUE`, and those that contradict another.
    """
    layer = Given({}, Origin("--set"))
    problems: list[str] = []
    for assignment in assignments:
        try:
            added = _assignment(assignment)
            _refuse_contradiction(layer, added)
        except ConfigError as error:
            problems += error.problems
        else:
            layer = _joined(layer, added)
    if problems:
        raise ConfigError(problems)
    return layer


def _assignment(text: str) -> Given:
    key, equals, value = text.partition("=")
    path = tuple(part.strip() for part in key.split("."))
    if not equals or not all(path):
        raise ConfigError(f"--set {text}: not KEY=VALUE, such as --set rvq.width=128")
    origin = Origin(f"--set {text}", spells=path)
    try:
        return at_path(path, parse_value(value.strip()), origin)
    except ConfigError as error:
        raise ConfigError([f"{origin}: {problem}" for problem in error.problems]) from error


def at_path(path: KeyPath, value: Any, origin: Origin) -> Given:
    """Return a tree that gives one value."""
    tree = given(value, origin)
    for key in reversed(path):
        tree = Given({key: tree}, origin)
    return tree


def _joined(first: Given, second: Given) -> Given:
    """Return both layers in one; they agree where they overlap."""
    items = dict(first.value)
    for key, item in second.value.items():
        both = key in items and items[key].is_section and item.is_section
        items[key] = _joined(items[key], item) if both else item
    return Given(items, first.origin)


def _refuse_contradiction(layer: Given, added: Given) -> None:
    for path, new in added.leaves():
        for other, old in overlaps(layer, path):
            if other != path or old.plain() != new.plain():
                raise ConfigError(f"{new.origin}: {dotted(other)} is also given by {old.origin}")


def overlaps(layer: Given, path: KeyPath) -> list[tuple[KeyPath, Given]]:
    """Return the values of `layer` at `path`, above it or below it."""
    return [
        (other, value)
        for other, value in layer.leaves()
        if other[: len(path)] == path[: len(other)] and other
    ]
