"""The base of every configuration schema, and families of interchangeable parts."""

from functools import cached_property
from importlib import import_module
from importlib.metadata import entry_points
from typing import Annotated, Any, ClassVar, Union

from pydantic import BaseModel, ConfigDict, Field


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

    name: str


def load_implementation(config: PartSchema) -> Any:
    """Import the class that `config` configures."""
    module, _, attribute = config.implementation.partition(":")
    return getattr(import_module(module), attribute)


class Family:
    """Interchangeable parts of one kind: those of this package and those of entry points."""

    def __init__(self, group: str, *builtin: type[PartSchema]) -> None:
        self.group = group
        self._builtin = builtin

    @cached_property
    def schemas(self) -> dict[str, type[PartSchema]]:
        """Every member's schema by the name that YAML selects it with."""
        installed = [entry.load() for entry in entry_points(group=self.group)]
        return {
            schema.model_fields["name"].default: schema for schema in [*self._builtin, *installed]
        }

    def union(self) -> Any:
        """Return the discriminated union of all schemas, for use as a field's type."""
        members = tuple(self.schemas.values())
        if len(members) == 1:
            return members[0]
        return Annotated[Union[members], Field(discriminator="name")]  # noqa: UP007
