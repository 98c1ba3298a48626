"""The keys of an experiment that a search may vary: which there are, and what each may be."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, get_args

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from audiomotion.config.experiment import Experiment
from audiomotion.config.nearest import did_you_mean, nearest
from audiomotion.config.schema import Schema
from audiomotion.config.schema_paths import paths_ending_in, schemas_in

Kind = Literal["integer", "number", "choice"]

YARDSTICK = ("name", "seed", "dataset", "test_variant", "evaluation", "evaluator")
"""Keys that decide what is measured, on what and by whom: with another yardstick two trials could
not be compared."""


def fields_at(path: str, schema: type[Schema] = Experiment) -> list[FieldInfo]:
    """Return the field that a dotted path leads to, one for each family member that has it."""
    owners, found = [schema], list[FieldInfo]()
    for key in path.split("."):
        found = [owner.model_fields[key] for owner in owners if key in owner.model_fields]
        owners = [inner for field in found for inner in schemas_in(field.annotation)]
    return found


def refusal(path: str) -> str | None:
    """Return why a search may not vary what is at a path; None where it may."""
    fields = fields_at(path)
    if not fields:
        return f"unknown path{did_you_mean(_meant(path))}"
    if path.split(".")[0] in YARDSTICK:
        return f"it belongs to the yardstick ({', '.join(YARDSTICK)}), which a search never varies"
    if any(schemas_in(field.annotation) for field in fields):
        inner = ", ".join(dict.fromkeys(_leaves_below(fields)))
        return f"a section, not one value; it has {inner}"
    return None


def _meant(path: str) -> str | None:
    """Return the path that was probably meant: by its spelling, or else by its last key."""
    known = dict.fromkeys(_all_paths(Experiment))
    close = nearest(path, known)
    if close is not None:
        return close
    last = path.rpartition(".")[2]
    keys = dict.fromkeys(known_path.rpartition(".")[2] for known_path in known)
    key = last if last in keys else nearest(last, keys)
    ends = paths_ending_in(Experiment, key) if key else iter(())
    return next((".".join(map(str, found)) for found in ends), None)


def _all_paths(schema: type[Schema], above: str = "") -> Iterator[str]:
    """Yield the dotted path of every value below a schema; of families, all members' values."""
    for name, field in schema.model_fields.items():
        inner = schemas_in(field.annotation)
        if not inner:
            yield f"{above}{name}"
        for part in inner:
            yield from _all_paths(part, f"{above}{name}.")


def _leaves_below(fields: list[FieldInfo]) -> Iterator[str]:
    for field in fields:
        for schema in schemas_in(field.annotation):
            yield from schema.model_fields


def kind_at(path: str) -> Kind:
    """Return what a range at a path would be of: integers, numbers, or nothing that has ranges."""
    kinds = {kind for field in fields_at(path) for kind in _kinds_in(field.annotation)}
    if float in kinds:
        return "number"
    return "integer" if int in kinds else "choice"


def _kinds_in(annotation: Any) -> Iterator[Any]:
    yield annotation
    if not isinstance(annotation, type):
        for part in get_args(annotation):
            yield from _kinds_in(part)


def problem_with(path: str, value: Any) -> str | None:
    """Return why no experiment can have a value at a path; None where one can."""
    problems = [_problem(field, value) for field in fields_at(path)]
    return None if None in problems else problems[0]


def _problem(field: FieldInfo, value: Any) -> str | None:
    kind: Any = field.annotation
    if field.metadata:
        kind = Annotated[(kind, *field.metadata)]
    adapter = TypeAdapter[Any](kind, config=ConfigDict(strict=True, allow_inf_nan=False))
    try:
        adapter.validate_python(value)
    except ValidationError as error:
        message = error.errors(include_url=False)[0]["msg"]
        return f"{value!r}: {message[:1].lower()}{message[1:]}"
    return None
