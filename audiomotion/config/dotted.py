"""Configurations as `a.b.c` and value, and back."""

from collections.abc import Mapping
from typing import Any


def flatten(content: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """Return the leaves of nested mappings as `a.b.c` and value; an empty mapping is a leaf."""
    leaves: list[tuple[str, Any]] = []
    for key, value in content.items():
        path = f"{prefix}{key}"
        is_inner = isinstance(value, Mapping) and bool(value)
        leaves += flatten(value, f"{path}.") if is_inner else [(path, value)]
    return leaves


def nested(leaves: Mapping[str, Any]) -> dict[str, Any]:
    """Return the mappings that `flatten` gives these leaves of."""
    root: dict[str, Any] = {}
    for path, value in leaves.items():
        *parents, last = path.split(".")
        place = root
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = value
    return root
