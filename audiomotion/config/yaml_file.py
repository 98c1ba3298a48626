"""Read YAML as people mean it, and remember the line of every key.

PyYAML speaks YAML 1.1, where `2e-4` is a string, `no` is false, `1:30` is 90, and of a repeated key
the last one silently wins. Here scalars follow the core schema of YAML 1.2, and a repeated key is
an error.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from audiomotion.config.given import Given, KeyPath, Origin, dotted
from audiomotion.errors import ConfigError

_TAG = "tag:yaml.org,2002:"


class _CoreLoader(yaml.SafeLoader):
    """Resolves plain scalars by the core schema of YAML 1.2."""

    yaml_implicit_resolvers: dict[Any, Any] = {}  # noqa: RUF012 (PyYAML copies it on the first add)


for _kind, _pattern, _first in [
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    (
        "float",
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        list("-+.0123456789"),
    ),
]:
    _CoreLoader.add_implicit_resolver(_TAG + _kind, re.compile(f"^(?:{_pattern})$"), _first)


class _CoreDumper(yaml.SafeDumper):
    """Quotes exactly the strings that the loader would take for something else."""

    yaml_implicit_resolvers = _CoreLoader.yaml_implicit_resolvers


def _integer(text: str) -> int:
    return int(text, 0) if text[:2] in ("0o", "0x") else int(text)


_SCALARS: dict[str, Callable[[str], Any]] = {
    _TAG + "null": lambda text: None,
    _TAG + "bool": lambda text: {"true": True, "false": False}[text.lower()],
    _TAG + "int": _integer,
    _TAG + "float": lambda text: float(text.lower().replace(".inf", "inf").replace(".nan", "nan")),
    _TAG + "str": str,
}


def kind_of(value: Any) -> str:
    """Return what YAML would call the kind of a value, with its article."""
    if value is None:
        return "nothing (null)"
    kinds = {bool: "a boolean", int: "an integer", float: "a number", str: "a string"}
    return kinds.get(type(value), "a mapping" if isinstance(value, dict) else "a list")


def display_path(path: Path) -> str:
    """Return a path relative to the working directory where it is below it, else in full."""
    absolute = path.absolute()
    return str(absolute.relative_to(Path.cwd()) if absolute.is_relative_to(Path.cwd()) else path)


def read_yaml(path: Path) -> Given:
    """Return the mapping that a YAML file holds.

    Raises:
        ConfigError: The file cannot be read, is no YAML, or is no mapping; every repeated key.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{display_path(path)}: cannot be read: {error.strerror}") from error
    return parse_yaml(content, display_path(path))


def parse_yaml(content: bytes | str, source: str) -> Given:
    """Return the mapping that YAML text holds; `source` names it in messages and origins.

    Raises:
        ConfigError: The text is no YAML, or no mapping; every repeated key.
    """
    root = _parse(content, source)
    if root is None:
        raise ConfigError(f"{source}: the file is empty where a mapping (key: value) belongs")
    if not root.is_section:
        raise ConfigError(
            f"{root.origin}: {kind_of(root.plain())} where a mapping (key: value) belongs"
        )
    return Given(root.value, Origin(source))


def parse_value(text: str) -> Any:
    """Return one YAML value: a scalar, a flow list `[a, b]` or a flow mapping `{a: b}`.

    Raises:
        ConfigError: The text is no YAML.
    """
    root = _parse(text, "value")
    return None if root is None else root.plain()


def dump_yaml(values: Any) -> str:
    """Return plain values as YAML that reads back the same."""
    return yaml.dump(values, Dumper=_CoreDumper, sort_keys=False, allow_unicode=True)


def _parse(content: bytes | str, source: str) -> Given | None:
    try:
        node = yaml.compose(content, Loader=_CoreLoader)
        return None if node is None else _TreeBuilder(source).build(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{source}:{mark.line + 1} column {mark.column + 1}" if mark else source
        raise ConfigError(f"{place}: not YAML: {_reason(error)}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{source}: not YAML text: {str(error).splitlines()[0]}") from error
    except RecursionError as error:
        raise ConfigError(f"{source}: nested too deeply to be a configuration") from error


def _reason(error: yaml.MarkedYAMLError) -> str:
    return ", ".join(part for part in (error.context, error.problem) if part)


class _TreeBuilder:
    """Turns PyYAML's nodes into a tree of given values, collecting what is wrong on the way."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.problems: list[str] = []
        self.ancestors: set[int] = set()

    def build(self, root: yaml.Node) -> Given:
        tree = self._given(root, self._origin(root), ())
        if self.problems:
            raise ConfigError(self.problems)
        return tree

    def _origin(self, node: yaml.Node) -> Origin:
        return Origin(self.source, node.start_mark.line + 1, node.start_mark.column + 1)

    def _problem(self, origin: Origin, path: KeyPath, sentence: str) -> None:
        self.problems.append(
            f"{origin} {dotted(path)}: {sentence}" if path else f"{origin}: {sentence}"
        )

    def _given(self, node: yaml.Node, origin: Origin, path: KeyPath) -> Given:
        if isinstance(node, yaml.ScalarNode):
            return Given(self._scalar(node, path), origin)
        if id(node) in self.ancestors:
            self._problem(origin, path, "an alias may not contain itself")
            return Given(None, origin)
        self.ancestors.add(id(node))
        if isinstance(node, yaml.MappingNode):
            children: Any = self._mapping(node, path)
        else:
            children = [
                self._given(item, self._origin(item), (*path, index))
                for index, item in enumerate(node.value)
            ]
        self.ancestors.discard(id(node))
        return Given(children, origin)

    def _mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, Given]:
        items: dict[str, Given] = {}
        for key_node, value_node in node.value:
            origin = self._origin(key_node)
            key = self._key(key_node, path)
            if key is None:
                continue
            if key in items:
                first = items[key].origin.line
                self._problem(origin, (*path, key), f"repeated key; first given on line {first}")
                continue
            items[key] = self._given(value_node, origin, (*path, key))
        return items

    def _key(self, node: yaml.Node, path: KeyPath) -> str | None:
        if not isinstance(node, yaml.ScalarNode):
            self._problem(self._origin(node), path, "a list or a mapping cannot be a key")
            return None
        key = self._scalar(node, path)
        if isinstance(key, str):
            return key
        sentence = f"the key {node.value} is {kind_of(key)} where a string belongs; quote it"
        self._problem(self._origin(node), path, sentence)
        return None

    def _scalar(self, node: yaml.ScalarNode, path: KeyPath) -> Any:
        try:
            return _SCALARS[node.tag](node.value)
        except (KeyError, ValueError):
            tag = node.tag.replace(_TAG, "!!")
            sentence = f"the tag {tag} does not fit {node.value!r}"
            self._problem(self._origin(node), path, sentence)
            return node.value
