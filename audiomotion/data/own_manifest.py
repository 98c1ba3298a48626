"""Reading a manifest of the user's own motion files: CSV, or a JSON object a line."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audiomotion.config.given import Origin, given
from audiomotion.config.own_source import ManifestRow, OwnSourceConfig
from audiomotion.config.problems import find_problems
from audiomotion.config.yaml_file import display_path, read_yaml
from audiomotion.data.tagging import tokenize
from audiomotion.errors import ConfigError, DataError

MANIFESTS = ("manifest.csv", "manifest.jsonl")
SOURCE = "source.yaml"

_NUMBERS = ("start", "end")
_MOST_PROBLEMS = 20


@dataclass
class OwnCaption:
    """One description, its rewrites and recordings."""

    text: str
    start_seconds: float
    end_seconds: float
    audio: str = ""
    oral: list[tuple[str, str]] = field(default_factory=list)
    """Rewrites, each with its recording, empty where there is none."""


@dataclass
class OwnClip:
    """One motion file and all that is said of it."""

    name: str
    file: str
    split: str | None
    group: str
    captions: list[OwnCaption] = field(default_factory=list)


def read_source_record(source: Path) -> OwnSourceConfig:
    """Return what `source.yaml` says; defaults where there is none.

    Raises:
        ConfigError: Everything that is wrong with it.
    """
    path = source / SOURCE
    if not path.exists():
        return OwnSourceConfig()
    config, problems = find_problems(read_yaml(path), OwnSourceConfig)
    if problems:
        raise ConfigError(problems)
    assert isinstance(config, OwnSourceConfig)
    return config


def read_manifest(source: Path) -> list[OwnClip]:
    """Return the clips of the manifest below `source`, by name.

    Raises:
        DataError: There is none or there are two, or rows are wrong; up to 20 of them are named.
    """
    path = _manifest(source)
    clips: dict[str, OwnClip] = {}
    problems: list[str] = []
    for place, values in _rows(path):
        row, found = find_problems(given(values, Origin(place)), ManifestRow)
        if not found:
            assert isinstance(row, ManifestRow)
            found = _add(clips, row, place) or _missing_files(source, row, place)
        problems += found
    if not clips and not problems:
        problems.append(f"{display_path(path)}: has no rows; see docs/data.md for its columns")
    if problems:
        rest = len(problems) - _MOST_PROBLEMS
        raise DataError(
            "\n".join(problems[:_MOST_PROBLEMS] + ([f"and {rest} more"] if rest > 0 else []))
        )
    return sorted(clips.values(), key=lambda clip: clip.name)


def _manifest(source: Path) -> Path:
    found = [source / name for name in MANIFESTS if (source / name).is_file()]
    if len(found) != 1:
        raise DataError(
            f"{source} holds {' and '.join(MANIFESTS) if found else f'no {MANIFESTS[0]}'}; exactly "
            f"one of {' and '.join(MANIFESTS)} lists motion files and captions (see docs/data.md)"
        )
    return found[0]


def _rows(path: Path) -> Iterator[tuple[str, Any]]:
    """Yield place and values of every row that is not blank."""
    shown = display_path(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            if path.suffix == ".jsonl":
                for number, line in enumerate(file, 1):
                    if line.strip():
                        yield f"{shown}:{number}", _json_row(line, f"{shown}:{number}")
                return
            reader = csv.DictReader(file, restkey="(more cells than columns)", strict=True)
            for row in reader:
                yield f"{shown}:{reader.line_num}", _typed(row)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{shown} cannot be read ({error}); write it as UTF-8 text") from error


def _json_row(line: str, place: str) -> Any:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise DataError(f"{place}: not JSON ({error}); one object a line is needed") from error
    if not isinstance(row, dict):
        raise DataError(f'{place}: not an object; write {{"file": ..., "caption": ...}}')
    return {
        key: float(value) if key in _NUMBERS and type(value) is int else value
        for key, value in row.items()
    }


def _typed(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row of text with numbers where they belong, and without empty cells."""
    values: dict[str, Any] = {}
    for key, value in row.items():
        text = value.strip() if isinstance(value, str) else value
        if text in ("", None):
            continue
        try:
            values[key] = float(text) if key in _NUMBERS else text
        except ValueError:
            values[key] = text  # the schema says what belongs there
    return values


def _add(clips: dict[str, OwnClip], row: ManifestRow, place: str) -> list[str]:
    """Add a row to the clip that it describes; return what is wrong with it."""
    name = Path(row.file).with_suffix("").as_posix().replace("/", "_")
    clip = clips.setdefault(name, OwnClip(name, row.file, row.split, row.group))
    if clip.file != row.file:
        return [f"{place}: {row.file} and {clip.file} would both be called {name}; rename one"]
    for key, ours, theirs in (
        ("split", row.split, clip.split),
        ("group", row.group, clip.group),
    ):
        if ours != theirs:
            said = f"{theirs or 'none'!r} in an earlier row and {ours or 'none'!r} here"
            return [f"{place} {key}: {row.file} has {said}; give the same in all of its rows"]
    for key, text in (("caption", row.caption), ("oral", row.oral)):
        if text and not tokenize(text):
            return [f"{place} {key}: {text!r} has no words"]
    return _add_caption(clip, row, place)


def _add_caption(clip: OwnClip, row: ManifestRow, place: str) -> list[str]:
    key = (row.caption, row.start, row.end)
    caption = next(
        (c for c in clip.captions if (c.text, c.start_seconds, c.end_seconds) == key), None
    )
    if caption is None:
        caption = OwnCaption(*key)
        clip.captions.append(caption)
    if row.audio and caption.audio not in ("", row.audio):
        return [
            f"{place} audio: the caption has the recording {caption.audio} already; one is used: "
            "leave the other out, or give what is said in it as `oral` and `oral_audio`"
        ]
    caption.audio = caption.audio or row.audio
    if row.oral:
        caption.oral.append((row.oral, row.oral_audio))
    return []


def _missing_files(source: Path, row: ManifestRow, place: str) -> list[str]:
    files = {"file": row.file, "audio": row.audio, "oral_audio": row.oral_audio}
    problems = [
        f"{place} {key}: {source / name} is missing; paths are relative to the manifest's folder"
        for key, name in files.items()
        if name and not (source / name).is_file()
    ]
    if Path(row.file).suffix.lower() not in (".bvh", ".npy"):
        problems.append(f"{place} file: {row.file} is neither .bvh nor .npy")
    return problems
