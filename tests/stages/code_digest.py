"""A digest of the code that decides what a stage leaves: comments and docstrings do not count."""

import ast
import hashlib
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path

import grimp

from audiomotion.config.compressors import COMPRESSORS
from audiomotion.config.datasets import DATASETS
from audiomotion.config.extractors import EXTRACTORS
from audiomotion.config.schema import Family
from audiomotion.config.speech import SPEECH
from audiomotion.config.text_encoders import TEXT_ENCODERS
from audiomotion.stages.base import StageKind

PACKAGE = "audiomotion"

LEFT_OUT = ("config", "errors", "files", "orchestrate", "stages.base", "stages.graph")
"""What a configuration holds is in every fingerprint; the rest decides where and when, not what."""

# Loaded by name, so no import shows them.
_CHOSEN: dict[str, Family] = {
    "dataset": DATASETS,
    "speak": SPEECH,
    "features": EXTRACTORS,
    "text_features": TEXT_ENCODERS,
    **dict.fromkeys(("masked", "residual", "length", "evaluation", "speaker_probe"), COMPRESSORS),
}
_STARTED = {"speak": ("audiomotion.speech.espeak_worker",)}


def stage_digest(kind: StageKind) -> str:
    """Return the digest of the modules that decide what a stage leaves."""
    return code_digest(stage_modules(kind))


def stage_modules(kind: StageKind) -> set[str]:
    """Return the work module of a stage and all that it imports or starts, directly or not."""
    left_out = [f"{PACKAGE}.{name}" for name in LEFT_OUT]
    return imported_modules(PACKAGE, entry_points(kind), left_out)


def entry_points(kind: StageKind) -> set[str]:
    """Return the modules that a stage's work begins in, those that a configuration names too."""
    family = _CHOSEN.get(kind.name)
    chosen = [schema.implementation for schema in family.schemas.values()] if family else []
    functions = [kind.work, *chosen]
    return {name.partition(":")[0] for name in functions} | set(_STARTED.get(kind.name, ()))


def imported_modules(package: str, entries: Iterable[str], left_out: Iterable[str]) -> set[str]:
    """Return `entries` and every module of `package` they import, but not by way of `left_out`."""
    graph = grimp.build_graph(package, exclude_type_checking_imports=True, cache_dir=None)
    prefixes = tuple(left_out)
    for module in list(graph.modules):
        if any(module == prefix or module.startswith(f"{prefix}.") for prefix in prefixes):
            graph.remove_module(module)
    found = set(entries)
    for entry in entries:
        found |= graph.find_upstream_modules(entry)
    return found


def code_digest(modules: Iterable[str]) -> str:
    """Return the SHA-256 of names and code of modules."""
    digest = hashlib.sha256()
    for name in sorted(modules):
        spec = find_spec(name)
        assert spec is not None and spec.origin is not None, f"no source of {name}"
        tree = ast.parse(Path(spec.origin).read_bytes())
        digest.update(f"{name}\n{''.join(_tokens(tree))}\n".encode())
    return digest.hexdigest()


def _tokens(node: object) -> Iterator[str]:
    """Yield a syntax tree as text; `ast.dump` would differ from one Python to the next."""
    if isinstance(node, ast.AST):
        yield f"({type(node).__name__}"
        for name, value in ast.iter_fields(_without_docstring(node)):
            if value not in (None, []):
                yield f" {name}="
                yield from _tokens(value)
        yield ")"
    elif isinstance(node, list):
        yield "["
        for item in node:
            yield from _tokens(item)
        yield "]"
    else:
        yield repr(node)


def _without_docstring(node: ast.AST) -> ast.AST:
    if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return node
    # Beside docstrings of what they stand in there are those below attributes.
    body = [statement for statement in node.body if not _is_text(statement)]
    fields = {**dict(ast.iter_fields(node)), "body": body}
    return type(node)(**fields)


def _is_text(statement: ast.stmt) -> bool:
    if not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Constant):
        return False
    return isinstance(statement.value.value, str)
