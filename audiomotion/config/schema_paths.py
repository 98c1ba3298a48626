"""Find the schema and the field that a path of keys leads to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from pydantic.fields import FieldInfo

from audiomotion.config.given import KeyPath
from audiomotion.config.schema import PartSchema, Schema


def schemas_in(annotation: Any) -> tuple[type[Schema], ...]:
    """Return the schemas a field admits: one for a section, several for a family's union."""
    if isinstance(annotation, type) and issubclass(annotation, Schema):
        return (annotation,)
    return tuple(schema for part in get_args(annotation) for schema in schemas_in(part))


def parts_in(field: FieldInfo) -> dict[str, type[PartSchema]]:
    """Return the family members that a field admits, by the name that selects them."""
    members = [schema for schema in schemas_in(field.annotation) if issubclass(schema, PartSchema)]
    return {schema.model_fields["name"].default: schema for schema in members}


@dataclass(frozen=True)
class Place:
    """Where in the schemas a validation error is."""

    path: KeyPath
    """Keys as the user writes them."""

    owner: type[Schema] | None
    """Schema that the last key belongs to, None inside lists and free mappings."""

    field: FieldInfo | None
    """Field of that key, None where the schema has no such field."""


def locate(schema: type[Schema], location: Sequence[str | int]) -> Place:
    """Return the place of a pydantic error; its location also names the members of unions."""
    path: list[str | int] = []
    owner: type[Schema] | None = None
    inside: type[Schema] | None = schema
    field: FieldInfo | None = None
    keys = iter(location)
    for key in keys:
        path.append(key)
        owner = inside
        field = owner.model_fields.get(str(key)) if owner else None
        admitted = schemas_in(field.annotation) if field else ()
        if field and len(admitted) > 1:
            inside = parts_in(field).get(str(next(keys, None)))
        else:
            inside = admitted[0] if admitted else None
    return Place(tuple(path), owner, field)


def paths_ending_in(schema: type[Schema], key: str, above: KeyPath = ()) -> Iterator[KeyPath]:
    """Yield the path of every field called `key` below `schema`, those of family members once."""
    for name, field in schema.model_fields.items():
        path = (*above, name)
        if name == key:
            yield path
        nested = [
            found
            for inner in schemas_in(field.annotation)
            for found in paths_ending_in(inner, key, path)
        ]
        yield from dict.fromkeys(nested)
