"""What holds, and why: every value of a resolved experiment with where it comes from."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from audiomotion.config.given import SCHEMA_DEFAULT, KeyPath, dotted
from audiomotion.config.problems import origin_at
from audiomotion.config.resolve import ResolvedArm
from audiomotion.config.schema import PartSchema, Schema


class Explanation(NamedTuple):
    """One value of a resolved configuration."""

    path: str
    """Key as it is written after `--set`."""

    value: Any
    origin: str
    """`schema default`, `experiments/kit.yaml:12`, an arm, or the option that gave it."""

    docstring: str


def explain(resolved: ResolvedArm) -> list[Explanation]:
    """Return every value of the experiment and its runtime, in the order of the schemas."""
    values = [*_leaves(resolved.experiment, ()), *_leaves(resolved.runtime, ("runtime",))]
    return [
        Explanation(
            dotted(path),
            value,
            str(origin_at(resolved.provenance, path) or SCHEMA_DEFAULT),
            docstring,
        )
        for path, value, docstring in values
    ]


def _leaves(config: Schema, above: KeyPath) -> Iterator[tuple[KeyPath, Any, str]]:
    for name in type(config).model_fields:
        value = getattr(config, name)
        if isinstance(value, Schema):
            yield from _leaves(value, (*above, name))
        else:
            yield (*above, name), value, _docstring(type(config), name)


def _docstring(schema: type[Schema], name: str) -> str:
    """Return a field's docstring; a member of a family is described where its name stands."""
    if name == "name" and issubclass(schema, PartSchema):
        return (schema.__doc__ or "").partition("\n")[0]
    for ancestor in schema.__mro__:
        fields = ancestor.model_fields if issubclass(ancestor, Schema) else {}
        if name in fields and fields[name].description:
            return fields[name].description or ""
    return ""
