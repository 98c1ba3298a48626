"""Say what is wrong with a configuration: file, line, key, value, what is allowed, nearest name."""

import math
from collections.abc import Callable, Sequence
from typing import Any, Literal, get_args, get_origin

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from audiomotion.config.given import SCHEMA_DEFAULT, Given, KeyPath, Origin, dotted
from audiomotion.config.nearest import did_you_mean, nearest, not_one_of
from audiomotion.config.official import OFFICIAL, OFFICIAL_WORD
from audiomotion.config.overrides import SUPERSEDES
from audiomotion.config.schema import Schema
from audiomotion.config.schema_paths import Place, locate, parts_in, paths_ending_in, schemas_in
from audiomotion.config.yaml_file import kind_of

_WIDEST_VALUE = 60
_MOST_PATHS = 4


def find_problems(values: Given, schema: type[Schema]) -> tuple[Any, list[str]]:
    """Return the validated configuration, None where it is wrong, and a sentence a problem."""
    try:
        return schema.model_validate(values.plain()), []
    except ValidationError as error:
        details = error.errors(include_url=False)
        found = [_problem(detail, values, schema) for detail in details]
        return None, [sentence for _, sentence in sorted(found, key=lambda item: item[0])]


def origin_at(values: Given, path: KeyPath) -> Origin | None:
    """Return where the value at `path` comes from, None where nobody gave it.

    A value that replaces another key's (`guidance_scale`, computed from `guidance_s`) comes from
    that key's place.
    """
    above = _descend(values, path[:-1])
    if above is None or not path:
        return above.origin if above else None
    found = _descend(above, path[-1:])
    if found is not None and found.origin != SCHEMA_DEFAULT:
        return found.origin
    for key, voids in SUPERSEDES.items():
        other = above.get(key)
        if path[-1] in voids and other and other.value is not None:
            return None if other.origin == SCHEMA_DEFAULT else other.origin
    return None


def _descend(values: Given, path: KeyPath) -> Given | None:
    current: Given | None = values
    for key in path:
        if current is None:
            return None
        if isinstance(key, int):
            items = current.value if isinstance(current.value, list) else []
            current = items[key] if key < len(items) else None
        else:
            current = current.get(key)
    return current


def _problem(
    detail: ErrorDetails, values: Given, schema: type[Schema]
) -> tuple[tuple[str, int], str]:
    """Return where to list a problem (by file and line), and the problem."""
    place = locate(schema, detail["loc"])
    path, sentence = place.path, _sentence(detail, place, schema)
    if detail["type"] in ("union_tag_invalid", "union_tag_not_found"):
        path = (*path, "name")
    origin = _nearest_origin(values, path)
    is_told = not path or origin.spells == path
    at = str(origin) if is_told else f"{origin} {dotted(path)}"
    return (origin.source, origin.line or 0), f"{at}: {sentence}"


def _nearest_origin(values: Given, path: KeyPath) -> Origin:
    for length in range(len(path), 0, -1):
        if (origin := origin_at(values, path[:length])) is not None:
            return origin
    return values.origin


def _sentence(detail: ErrorDetails, place: Place, schema: type[Schema]) -> str:
    kind = detail["type"]
    if kind == "extra_forbidden":
        return _unknown_key(place, schema)
    if kind in _SENTENCES:
        return _SENTENCES[kind](detail, place)
    if (belongs := _belongs(kind, place.field)) is not None:
        return _wrong_kind(detail["input"], belongs, place)
    if (allowed := _range(place.field)) and kind.startswith(("greater", "less")):
        return f"{shown(detail['input'])} is out of range; allowed: {allowed}"
    message = detail["msg"]
    return f"{shown(detail['input'])}: {message[:1].lower()}{message[1:]}"


def _unknown_key(place: Place, schema: type[Schema]) -> str:
    assert place.owner is not None
    key, siblings = str(place.path[-1]), list(place.owner.model_fields)
    sentence = f"unknown key; the keys here are {', '.join(siblings)}"
    close = nearest(key, siblings)
    if close is None:
        elsewhere = [dotted(path) for path in paths_ending_in(schema, key)][:_MOST_PATHS]
        return sentence + (f"; did you mean {' or '.join(elsewhere)}?" if elsewhere else "")
    return sentence + did_you_mean(close)


def _missing(detail: ErrorDetails, place: Place) -> str:
    if place.field is None:
        return "missing: the list is too short"
    names = list(parts_in(place.field))
    if names:
        return f"missing; give {place.path[-1]}.name: one of {', '.join(names)}"
    return f"missing; {place.field.description or 'it has no default'}"


def _unknown_part(detail: ErrorDetails, place: Place) -> str:
    assert place.field is not None
    return not_one_of(detail["input"]["name"], list(parts_in(place.field)))


def _unnamed_part(detail: ErrorDetails, place: Place) -> str:
    assert place.field is not None
    return f"missing; give one of {', '.join(parts_in(place.field))}"


def _not_an_option(detail: ErrorDetails, place: Place) -> str:
    options = [str(option) for option in _options(place.field.annotation if place.field else None)]
    return not_one_of(detail["input"], options)


def _options(annotation: Any) -> list[Any]:
    if get_origin(annotation) is Literal:
        return list(get_args(annotation))
    return [option for part in get_args(annotation) for option in _options(part)]


def _refused(detail: ErrorDetails, place: Place) -> str:
    return str(detail["ctx"]["error"])


def _not_here(detail: ErrorDetails, place: Place) -> str:
    return (
        f"{shown(detail['input'])} cannot be given here: {place.field and place.field.description}"
    )


_SENTENCES: dict[str, Callable[[ErrorDetails, Place], str]] = {
    "missing": _missing,
    "union_tag_invalid": _unknown_part,
    "union_tag_not_found": _unnamed_part,
    "literal_error": _not_an_option,
    "value_error": _refused,
    "none_required": _not_here,
}

_KINDS = {
    "int": "an integer",
    "float": "a number",
    "string": "a string",
    "bool": "a boolean",
    "tuple": "a list",
    "list": "a list",
    "dict": "a mapping",
    "model": "a mapping",
}


def _belongs(error_type: str, field: FieldInfo | None) -> str | None:
    """Return the kind of value that belongs there, if the error is about the kind."""
    if not error_type.endswith("_type"):
        return None
    kind = _KINDS.get(error_type.split("_")[0])
    optional = field is not None and type(None) in get_args(field.annotation)
    return f"{kind} (or null)" if kind and optional else kind


def _wrong_kind(value: Any, belongs: str, place: Place) -> str:
    sentence = f"{shown(value)} is {kind_of(value)} where {belongs} belongs"
    if value is None:
        sentence = f"nothing (null) where {belongs} belongs"
    if place.field is not None and value in list(parts_in(place.field)):
        return sentence + f"; did you mean {dotted(place.path)}.name: {value}?"
    if place.field is not None and schemas_in(place.field.annotation):
        word = nearest(value, [OFFICIAL_WORD]) if _takes_official(value, place) else None
        return sentence + did_you_mean(word)
    meant = _same_text(value, belongs)
    return sentence if meant is None else f"{sentence}; did you mean {meant}?"


def _takes_official(value: Any, place: Place) -> bool:
    return isinstance(value, str) and dotted(place.path) in OFFICIAL


def _same_text(value: Any, belongs: str) -> str | None:
    """Return the value of the right kind that reads the same: 64 for '64', false for 'no'."""
    booleans = {"no": "false", "off": "false", "yes": "true", "on": "true"}
    if "boolean" in belongs:
        return booleans.get(str(value).lower())
    if belongs.startswith("a string"):
        return repr(str(value)) if isinstance(value, int | float) else None
    number = _number(value)
    if number is None or not ("integer" in belongs or "number" in belongs):
        return None
    return str(int(number)) if number.is_integer() else str(number) if "number" in belongs else None


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, float | str):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _range(field: FieldInfo | None) -> str:
    words = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
    bounds = [
        f"{word} {getattr(constraint, name):g}"
        for constraint in (field.metadata if field else ())
        for name, word in words.items()
        if hasattr(constraint, name)
    ]
    return ", ".join(bounds)


def shown(value: Any) -> str:
    """Return a value as YAML would write it, cut to one readable line."""
    names = {None: "null", True: "true", False: "false"}
    text = names[value] if value is None or isinstance(value, bool) else repr(value)
    return text if len(text) <= _WIDEST_VALUE else text[: _WIDEST_VALUE - 1] + "…"


def unique(problems: Sequence[str]) -> list[str]:
    """Return the problems in order, each once: arms that share a recipe share its mistakes."""
    return list(dict.fromkeys(problems))
