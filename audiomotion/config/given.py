"""Values as somebody gave them: a tree in which every key remembers where it was written."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True)
class Origin:
    """Where a value was given."""

    source: str
    """File as shown to the user, or the option: `experiments/kit.yaml`, `--set seed=1`."""

    line: int | None = None
    """Line in the file, from 1."""

    column: int | None = None
    """Column in that line, from 1."""

    note: str = ""
    """What else there is to say of the place: `arm 'wavlm'`."""

    spells: KeyPath | None = None
    """Key that `source` spells out already, so that a message need not repeat it."""

    def __str__(self) -> str:
        """Return the place as messages name it."""
        place = self.source if self.line is None else f"{self.source}:{self.line}"
        return f"{place} {self.note}" if self.note else place


SCHEMA_DEFAULT = Origin("schema default")


@dataclass(frozen=True)
class Given:
    """One value and its origin; a mapping or a list holds further ones."""

    value: Any
    """Scalar, `dict[str, Given]` or `list[Given]`."""

    origin: Origin

    @property
    def is_section(self) -> bool:
        """Whether this is a mapping."""
        return isinstance(self.value, dict)

    def plain(self) -> Any:
        """Return the value without origins."""
        if isinstance(self.value, dict):
            return {key: item.plain() for key, item in self.value.items()}
        if isinstance(self.value, list):
            return [item.plain() for item in self.value]
        return self.value

    def get(self, key: str) -> "Given | None":
        """Return the value under `key`, None where this is no mapping or has none."""
        found = self.value.get(key) if self.is_section else None
        return found if isinstance(found, Given) else None

    def with_keys(self, items: Mapping[str, "Given"]) -> "Given":
        """Return this mapping with `items` added or replaced."""
        return Given({**self.value, **items}, self.origin)

    def without(self, *keys: str) -> "Given":
        """Return this mapping without `keys`."""
        kept = {key: item for key, item in self.value.items() if key not in keys}
        return Given(kept, self.origin)

    def noted(self, note: str) -> "Given":
        """Return the same tree with `note` on every origin."""
        value = self.value
        if isinstance(value, dict):
            value = {key: item.noted(note) for key, item in value.items()}
        elif isinstance(value, list):
            value = [item.noted(note) for item in value]
        return Given(value, replace(self.origin, note=note))

    def leaves(self, path: KeyPath = ()) -> Iterator[tuple[KeyPath, "Given"]]:
        """Yield everything that is no mapping (or an empty one), with its path."""
        if not self.is_section or not self.value:
            yield path, self
            return
        for key, item in self.value.items():
            yield from item.leaves((*path, key))


def given(value: Any, origin: Origin) -> Given:
    """Return `value` as a tree that comes from one place."""
    if isinstance(value, Mapping):
        return Given({key: given(item, origin) for key, item in value.items()}, origin)
    if isinstance(value, list | tuple):
        return Given([given(item, origin) for item in value], origin)
    return Given(value, origin)


def dotted(path: KeyPath) -> str:
    """Return a path as it is written after `--set`."""
    return ".".join(str(key) for key in path)
