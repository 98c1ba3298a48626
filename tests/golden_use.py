"""Which arrays of a golden file the tests read, found in their source.

A test of a golden names the file and its arrays, in strings or in f-strings whose gaps may be
anything. Here a test module is taken apart into its top-level definitions: those that name the
file, those that use one of these (a fixture, a constant) and the helpers that any of them call may
read its arrays. That an array is read says nothing about how well it is compared.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TESTS = Path(__file__).parent
_NO_READERS = {"golden.py", "golden_use.py", "test_golden.py"}
_SHORTEST_LITERAL = 3
"""Letters that an f-string must give itself: one of gaps alone would name everything."""


@dataclass(frozen=True)
class Definition:
    """One function, class or constant of a test module."""

    name: str
    used: frozenset[str]
    """Names that occur in it, those of arguments and so of fixtures included."""

    strings: tuple[re.Pattern[str], ...]
    """Its strings, with a wildcard for every gap of an f-string."""

    def says(self, word: str) -> bool:
        """Return whether one of the strings is `word`."""
        return any(string.fullmatch(word) for string in self.strings)


@dataclass(frozen=True)
class Module:
    """A test module: its own definitions, and where those come from that it imports."""

    own: tuple[Definition, ...]
    imported: tuple[tuple[str, str], ...]
    """Name and module, of imports from the tests."""


def arrays_read(file: str, arrays: Iterable[str]) -> set[str]:
    """Return which of the `arrays` of the golden `file` (without .npz) some test reads."""
    readers = [one for module in _modules().values() for one in _readers(module, file)]
    return {array for array in arrays if any(reader.says(array) for reader in readers)}


@cache
def _modules() -> dict[str, Module]:
    paths = (path for path in TESTS.rglob("*.py") if path.name not in _NO_READERS)
    return {
        ".".join(["tests", *path.relative_to(TESTS).with_suffix("").parts]): _parse(path)
        for path in sorted(paths)
    }


def _parse(path: Path) -> Module:
    body = ast.parse(path.read_text(encoding="utf-8")).body
    imports = [node for node in body if isinstance(node, ast.ImportFrom) and node.module]
    return Module(
        own=tuple(one for node in body for one in _definitions(node)),
        imported=tuple((name.name, node.module or "") for node in imports for name in node.names),
    )


def _definitions(node: ast.stmt) -> Iterator[Definition]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        names = [node.name]
    elif isinstance(node, ast.Assign):
        names = [part.id for target in node.targets for part in ast.walk(target)
                 if isinstance(part, ast.Name)]  # fmt: skip
    else:
        return
    parts = list(ast.walk(node))
    used = {part.id for part in parts if isinstance(part, ast.Name)}
    used |= {part.arg for part in parts if isinstance(part, ast.arg)}
    for name in names:
        yield Definition(name, frozenset(used - {name}), tuple(_strings(parts)))


def _strings(parts: Iterable[ast.AST]) -> Iterator[re.Pattern[str]]:
    for part in parts:
        if isinstance(part, ast.JoinedStr):
            pieces = [piece.value if isinstance(piece, ast.Constant) else None
                      for piece in part.values]  # fmt: skip
            if sum(len(str(piece)) for piece in pieces if piece) >= _SHORTEST_LITERAL:
                yield re.compile("".join(re.escape(str(p)) if p else r"\w+" for p in pieces))
        elif isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield re.compile(re.escape(part.value))


def _readers(module: Module, file: str) -> set[Definition]:
    """Return the definitions that may read `file` for a test of `module`."""
    found = {one for one in module.own if one.says(file) or one.says(f"{file}.npz")}
    while users := {one for one in module.own if one.used & {f.name for f in found}} - found:
        found |= users
    helpers = {one.name: one for one in module.own}
    for name, origin in module.imported:
        own = _modules()[origin].own if origin in _modules() else ()
        helpers |= {one.name: one for one in own if one.name == name}
    while called := {helpers[name] for one in found for name in one.used & set(helpers)} - found:
        found |= called
    return found
