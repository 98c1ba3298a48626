"""The text files of the published folder layout: captions, rewrites, and recordings of them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from audiomotion.data.dataset import Caption
from audiomotion.data.tagging import tokenize
from audiomotion.errors import DataError

WRITTEN = "-"
"""Stands for the caption as written where an index of a rewrite could stand."""


@dataclass(frozen=True)
class TextLine:
    """One line of a text file."""

    caption: Caption
    start_seconds: float
    end_seconds: float

    @property
    def is_whole(self) -> bool:
        """Whether it describes the whole clip."""
        return self.start_seconds == 0.0 and self.end_seconds == 0.0


@dataclass(frozen=True)
class TextFile:
    """All that is said of one clip."""

    lines: dict[int, TextLine]
    """Usable lines by their index in the file."""
    problems: dict[int, str]
    """What is wrong with the others; blank lines are in neither."""

    @property
    def num_captions(self) -> int:
        """Captions in the file, unusable ones included."""
        return len(self.lines) + len(self.problems)

    @property
    def num_oral(self) -> int:
        """Rewrites of usable captions."""
        return sum(len(line.caption.oral) for line in self.lines.values())


def read_text_file(folder: Path, name: str) -> TextFile | str:
    """Read captions, rewrites and recordings of a clip, or return why its texts cannot be read.

    Raises:
        DataError: A line of the rewrites or recordings is wrong: nobody published those, so it is
            not for us to leave them out.
    """
    try:
        lines = (folder / "texts" / f"{name}.txt").read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        return f"texts/{name}.txt cannot be read ({error})"
    oral = _read_oral(folder / "oral" / f"{name}.txt", len(lines))
    recordings = _read_recordings(folder, name, len(lines), oral)
    parsed = {index: _parse_line(line) for index, line in enumerate(lines) if line.strip()}
    usable: dict[int, TextLine] = {}
    for index, line in parsed.items():
        if isinstance(line, TextLine):
            said = oral.get(index, ())
            recorded = recordings.get(index, {})
            caption = replace(
                line.caption,
                oral=said,
                recording=recorded.get(WRITTEN, ""),
                oral_recordings=_in_order(recorded, len(said)),
            )
            usable[index] = replace(line, caption=caption)
    return TextFile(usable, {i: line for i, line in parsed.items() if isinstance(line, str)})


def _in_order(recorded: dict[str, str], num_oral: int) -> tuple[str, ...]:
    files = tuple(recorded.get(str(take), "") for take in range(num_oral))
    return files if any(files) else ()


def _parse_line(line: str) -> TextLine | str:
    """Read `caption#word/POS word/POS#start#end`; return what is wrong instead where it is."""
    fields = line.strip().split("#")
    if len(fields) != 4:
        return f"has {len(fields)} fields separated by # instead of 4"
    text, tags = fields[0].strip(), tuple(fields[1].split())
    if not text:
        return "is empty"
    if problem := _tag_problem(text, tags):
        return problem
    try:
        start, end = (float(value) for value in fields[2:])
    except ValueError:
        return f"has the times {fields[2]} and {fields[3]}, which are no numbers"
    # As published: a time that is not known counts as the clip's own.
    start, end = (0.0 if np.isnan(value) else value for value in (start, end))
    if not 0.0 <= start < float("inf") or not 0.0 <= end < float("inf"):
        return f"has the times {fields[2]} and {fields[3]}, which are not within a clip"
    return TextLine(Caption(text, (), tags), start, end)


def _tag_problem(text: str, tags: tuple[str, ...]) -> str:
    if not tags and not tokenize(text):
        return "has no words"
    for tag in tags:
        word, slash, pos = tag.rpartition("/")
        if not (word and slash and pos):
            return f"has the tag {tag!r}, which is not word/POS"
    return ""


def _read_oral(path: Path, num_captions: int) -> dict[int, tuple[str, ...]]:
    """Return the spoken-style rewrites of each caption; none where there is no file."""
    oral: dict[int, tuple[str, ...]] = {}
    for line_number, (index, text) in _tabbed_lines(path, 2):
        if not index.isdigit() or int(index) >= num_captions or not tokenize(text):
            raise DataError(
                f"{path}:{line_number}: expected 'caption index<TAB>rewrite' with an index below "
                f"{num_captions} and words; correct the line or delete the file"
            )
        oral[int(index)] = (*oral.get(int(index), ()), text)
    return oral


def _read_recordings(
    folder: Path, name: str, num_captions: int, oral: dict[int, tuple[str, ...]]
) -> dict[int, dict[str, str]]:
    """Return the audio files of each caption, by `-` for itself or the index of its rewrite."""
    path = folder / "recordings" / f"{name}.txt"
    recordings: dict[int, dict[str, str]] = {}
    for line_number, (index, take, file) in _tabbed_lines(path, 3):
        takes = {WRITTEN, *map(str, range(len(oral.get(int(index), ()))))} if _in(
            index, num_captions
        ) else set()  # fmt: skip
        audio = folder / "recordings" / file
        if take not in takes or not file or Path(file).name != file:
            raise DataError(
                f"{path}:{line_number}: expected 'caption index<TAB>take<TAB>audio file' with a "
                f"caption below {num_captions}, take '-' for the caption as written or the index "
                "of a rewrite of it, and a file of that folder; correct the line"
            )
        if not audio.is_file():
            raise DataError(f"{path}:{line_number}: {audio} is missing; copy it or cut the line")
        recordings.setdefault(int(index), {})[take] = f"recordings/{file}"
    return recordings


def _in(index: str, count: int) -> bool:
    return index.isdigit() and int(index) < count


def _tabbed_lines(path: Path, num_fields: int) -> Iterator[tuple[int, list[str]]]:
    """Yield line numbers and fields; the last field may hold tabs, missing ones are empty."""
    if not path.exists():
        return
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read ({error}); copy it again or delete it") from error
    for line_number, line in enumerate(lines, 1):
        fields = [field.strip() for field in line.split("\t", num_fields - 1)]
        yield line_number, fields + [""] * (num_fields - len(fields))
