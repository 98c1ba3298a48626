"""The user's recipes, and the command that uses them, as they are on the cluster.

An experiment is sent with everything that it extends written into it, so that no other file of this
machine is needed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from audiomotion.config.recipes import load_recipe
from audiomotion.config.yaml_file import read_yaml
from audiomotion.errors import ConfigError

_FOLDER: Final = "recipes"
_OF_HERE: Final = ("--address", "--store", "--data-root", "--recipes")
"""Options that say where things are; a job gets its own."""


@dataclass(frozen=True)
class ShippedCommand:
    """Arguments of `amx`, and the files that they name, by path in the job's folder."""

    arguments: tuple[str, ...]
    files: dict[str, bytes]


def shipped_command(arguments: Sequence[str], recipes_dir: Path | None) -> ShippedCommand:
    """Return a command of this machine as a job gives it.

    Raises:
        ConfigError: A recipe is named that cannot be read.
    """
    files: dict[str, bytes] = {}
    kept = [
        _shipped_argument(argument, files, recipes_dir) for argument in _without_places(arguments)
    ]
    if recipes_dir is not None:
        files |= dict(_folder_files(recipes_dir))
        kept += ["--recipes", _FOLDER]
    return ShippedCommand(tuple(kept), files)


def _without_places(arguments: Sequence[str]) -> Iterator[str]:
    skip = False
    for argument in arguments:
        if skip:
            skip = False
        elif argument in _OF_HERE:
            skip = True
        elif argument.partition("=")[0] not in _OF_HERE:
            yield argument


def _shipped_argument(argument: str, files: dict[str, bytes], recipes_dir: Path | None) -> str:
    """Return an argument; where it is, or ends in, the path of a recipe, the path in the job."""
    option, equals, value = argument.partition("=") if argument[:2] == "--" else ("", "", argument)
    path = Path(value).expanduser()
    if path.suffix not in (".yaml", ".yml") or not path.is_file():
        return argument
    place = f"given/{len(files)}/{path.name}"
    files[place] = _standing_alone(path, recipes_dir)
    return f"{option}{equals}{place}"


def _folder_files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*.yaml")):
        try:
            content = _standing_alone(path, folder)
        except ConfigError:  # a file that this command does not use: what it uses was read before
            content = path.read_bytes()
        yield f"{_FOLDER}/{path.relative_to(folder).as_posix()}", content


def _standing_alone(path: Path, recipes_dir: Path | None) -> bytes:
    """Return a file's content; what an experiment extends is written into it."""
    if read_yaml(path).get("extends") is None:
        return path.read_bytes()
    recipe = load_recipe(str(path), recipes_dir).plain()
    return yaml.safe_dump(recipe, allow_unicode=True, sort_keys=False).encode()
