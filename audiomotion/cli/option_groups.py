"""Options that commands have in common, as one parameter: a dataclass whose fields are options."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from functools import wraps
from typing import Any, get_type_hints

Command = Callable[..., None]


def with_option_groups(command: Command) -> Command:
    """Return a command for Typer that has, in place of each dataclass, the dataclass's fields."""
    hints = get_type_hints(command, include_extras=True)
    groups: dict[str, Any] = {name: hint for name, hint in hints.items() if is_dataclass(hint)}

    @wraps(command)
    def grouped(**given: Any) -> None:
        for name, group in groups.items():
            own = {field.name: given.pop(field.name) for field in fields(group)}
            given[name] = group(**own)
        command(**given)

    parameters = _spread(command, hints)
    grouped.__dict__["__signature__"] = inspect.Signature(parameters)
    grouped.__annotations__ = {one.name: one.annotation for one in parameters} | {"return": None}
    return grouped


def _spread(command: Command, hints: Mapping[str, Any]) -> list[inspect.Parameter]:
    """Return the parameters of a command with the fields of dataclasses among them."""
    parameters = []
    for parameter in inspect.signature(command).parameters.values():
        hint = hints[parameter.name]
        own = [parameter.replace(annotation=hint, kind=parameter.KEYWORD_ONLY)]
        parameters += _parameters(hint) if is_dataclass(hint) else own
    return parameters


def _parameters(group: Any) -> list[inspect.Parameter]:
    """Return a parameter for each field; a field of these has a default."""
    hints = get_type_hints(group, include_extras=True)
    return [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=field.default,
            annotation=hints[field.name],
        )
        for field in fields(group)
    ]
