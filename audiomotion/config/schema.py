"""The base of every configuration schema, and families of interchangeable parts."""

from functools import cached_property
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Annotated, Any, ClassVar, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field

from audiomotion.errors import ConfigError


class Schema(BaseModel):
    """A frozen, strict configuration: an unknown key or a value of another type is an error."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
        protected_namespaces=(),
    )


class PartSchema(Schema):
    """The configuration of one member of a family; `name` selects it in YAML."""

    implementation: ClassVar[str]
    """Where the class that does the work lives, as `module:Class`: schemas stay free of torch."""

    lasting: ClassVar[frozenset[str]] = frozenset()
    """Keys that mean the same in other members: given for one part, they last when a higher layer
    names another part that has them here too."""

    name: str


def load_implementation(config: PartSchema) -> Any:
    """Import the class that `config` configures.

    Raises:
        ConfigError: There is no such module or class, or the module cannot be imported.
    """
    module, _, attribute = config.implementation.partition(":")
    try:
        return getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise ConfigError(
            f"{config.name!r}: its implementation {config.implementation!r} cannot be imported: "
            f"{_in_one_line(error)}; correct `implementation` in {type(config).__qualname__}, or "
            "install what it needs"
        ) from error


class Family:
    """Interchangeable parts of one kind: those of this package and those of entry points."""

    def __init__(self, group: str, base: type[PartSchema], *builtin: type[PartSchema]) -> None:
        self.group = group
        self.base = base
        self._builtin = builtin

    @cached_property
    def schemas(self) -> dict[str, type[PartSchema]]:
        """Every member's schema by the name that YAML selects it with.

        Raises:
            ConfigError: Every entry point that brings no usable schema, or one of a taken name.
        """
        found = {_name_of(schema): schema for schema in self._builtin}
        owners = dict.fromkeys(found, "audiomotion itself")
        problems = []
        for entry in sorted(entry_points(group=self.group), key=_place):
            try:
                schema = self._loaded(entry)
                name = _name_of(schema)
                if name in found:
                    raise _UnusableSchemaError(
                        f"{name!r} is a part of {owners[name]}; give yours another name"
                    )
            except _UnusableSchemaError as error:
                problems.append(f"{_place(entry)} of {self.group}: {error}, or uninstall it")
            else:
                found[name], owners[name] = schema, f"package {_package(entry)}"
        if problems:
            raise ConfigError(problems)
        return found

    def _loaded(self, entry: EntryPoint) -> type[PartSchema]:
        """Return the schema that an entry point names."""
        try:
            schema = entry.load()
        except Exception as error:  # another package's module may raise anything
            raise _UnusableSchemaError(
                f"{_in_one_line(error)}; correct the entry point or what it names"
            ) from error
        if not (isinstance(schema, type) and issubclass(schema, self.base)):
            raise _UnusableSchemaError(
                f"{schema!r} is no schema; derive a class from "
                f"{self.base.__module__}.{self.base.__name__}"
            )
        if not _name_of(schema):
            raise _UnusableSchemaError(
                f"{schema.__name__} has no name to select it with; give it one, as "
                '`name: Literal["mine"] = "mine"`'
            )
        if ":" not in str(getattr(schema, "implementation", "")):
            raise _UnusableSchemaError(
                f"{schema.__name__} names no class that does the work; set "
                '`implementation = "module:Class"`'
            )
        return schema

    def union(self) -> Any:
        """Return the discriminated union of all schemas, for use as a field's type."""
        members = tuple(self.schemas.values())
        if len(members) == 1:
            return members[0]
        return Annotated[Union[members], Field(discriminator="name")]  # noqa: UP007


class _UnusableSchemaError(Exception):
    """An entry point brings no member of the family; says why and what to do."""


def _name_of(schema: type[PartSchema]) -> str:
    """Return the name that selects a member; empty where it is not both literal and the default."""
    field = schema.model_fields["name"]
    is_literal = get_origin(field.annotation) is Literal
    is_told = is_literal and get_args(field.annotation) == (field.default,)
    return str(field.default) if is_told else ""


def _place(entry: EntryPoint) -> str:
    return f"package {_package(entry)}: entry point '{entry.name} = {entry.value}'"


def _package(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else "unknown"


def _in_one_line(error: Exception) -> str:
    text = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
