"""Where another system's generated motions lie in their folder, and what each file is called."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Final

from audiomotion.config.outside import OutsideManifest
from audiomotion.config.problems import find_problems
from audiomotion.config.yaml_file import read_yaml
from audiomotion.errors import ConfigError, DataError

MANIFEST: Final = "manifest.json"
MANY: Final = "multimodality"
"""Folder of several motions of the same instruction."""

_SUFFIXES: Final = (".npy", ".bvh")
_REPEAT: Final = re.compile(r"repeat-(\d+)")
_HOW: Final = (
    f"motions are CLIP.npy, CLIP@1.npy or .bvh, in the folder itself or in repeat-00, repeat-01, "
    f"...; several of one instruction are {MANY}/CLIP@1/0.npy, .../1.npy"
)

READ_FILES: Final = (
    MANIFEST,
    *(
        f"{place}*{suffix}"
        for place in ("", "repeat-*/", f"{MANY}/*/", f"repeat-*/{MANY}/*/")
        for suffix in _SUFFIXES
    ),
)
"""What is looked at."""


@dataclass(frozen=True)
class GivenFile:
    """One generated motion."""

    path: Path

    shown: str
    """Path below the folder."""

    repeat: int | None
    """Repeat that it belongs to; None: to every one."""

    answers: str
    """What it says of its instruction: the clip, and after `@` the number of the instruction."""

    is_sample: bool
    """Whether it is one of several of the same instruction, which only MultiModality looks at."""


@dataclass(frozen=True)
class Layout:
    """What a folder holds."""

    files: Sequence[GivenFile]
    num_repeats: int
    problems: Sequence[str]
    ignored: Sequence[str]
    """Files of other kinds."""


def read_layout(folder: Path) -> Layout:
    """Look through a folder of generated motions; no motion is read.

    Raises:
        DataError: There is no such folder.
    """
    if not folder.is_dir():
        raise DataError(f"{folder} is no folder; --motions takes a folder of generated motions")
    files, problems, ignored = [], [], []
    for relative in sorted(_below(folder)):
        if relative.suffix.lower() not in _SUFFIXES:
            ignored.append(relative.as_posix())
        elif (given := _given(folder, relative)) is None:
            problems.append(f"{relative.as_posix()}: is not where motions are looked for; {_HOW}")
        else:
            files.append(given)
    motions = [file for file in files if not file.is_sample]
    repeats = {file.repeat for file in motions}
    problems += _repeat_problems(repeats)
    if len({"/" in file.shown for file in motions}) > 1:
        problems.append("motions lie in the folder itself and in repeat-... too; choose one way")
    return Layout(files, len(repeats), problems, ignored)


def read_manifest(folder: Path) -> OutsideManifest:
    """Return what `manifest.json` says; nothing where there is none.

    Raises:
        DataError: Everything that is wrong with it.
    """
    path = folder / MANIFEST
    if not path.exists():
        return OutsideManifest()
    try:
        manifest, problems = find_problems(read_yaml(path), OutsideManifest)
    except ConfigError as error:
        raise DataError(str(error)) from error
    if problems:
        raise DataError("\n".join(problems))
    assert isinstance(manifest, OutsideManifest)
    return manifest


def _below(folder: Path) -> Iterator[PurePath]:
    for path in folder.rglob("*"):
        relative = path.relative_to(folder)
        hidden = any(part.startswith(".") for part in relative.parts)
        if path.is_file() and not hidden and relative != Path(MANIFEST):
            yield relative


def _given(folder: Path, relative: PurePath) -> GivenFile | None:
    """Return what a file is by its place; None where no motion belongs there."""
    *places, name = relative.with_suffix("").parts
    found = _REPEAT.fullmatch(places[0]) if places else None
    if found:
        places = places[1:]
    path, shown = folder / relative, relative.as_posix()
    repeat = int(found[1]) if found else None
    match places:
        case []:
            return GivenFile(path, shown, repeat or 0, name, is_sample=False)
        case [place, answers] if place == MANY:
            return GivenFile(path, shown, repeat, answers, is_sample=True)
    return None


def _repeat_problems(repeats: set[int | None]) -> Iterator[str]:
    numbers = sorted(number for number in repeats if number is not None)
    if not numbers:
        yield f"there is no motion in the folder; {_HOW}"
    elif numbers != list(range(len(numbers))):
        listed = ", ".join(map(str, numbers))
        yield f"the repeats are {listed}; number them from repeat-00 on, without gaps"
