"""Reading a data set in the published folder layout of HumanML3D, by the published rules."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audiomotion.config.datasets import FolderSchema
from audiomotion.data.dataset import Caption, Dropped, Progress, RawClip, RawDataset
from audiomotion.data.fingerprint import fingerprint_folder
from audiomotion.data.folder_check import (
    SPLITS,
    check_folder,
    dataset_folder,
    read_dataset_record,
    read_split_names,
)
from audiomotion.errors import DataError
from audiomotion.motion.skeleton import HUMANML3D_22, KIT_21, SKELETONS, Skeleton

__all__ = ["check_folder", "fingerprint_folder", "read_published"]

_CUT_FPS = 20
"""Frame rate by which parts of a clip are cut. The published code uses it for KIT-ML (12.5) too."""

Features = NDArray[np.float32]


@dataclass(frozen=True)
class _TextLine:
    """One line of a text file."""

    caption: Caption
    start_seconds: float
    end_seconds: float

    @property
    def is_whole(self) -> bool:
        """Whether it describes the whole clip."""
        return self.start_seconds == 0.0 and self.end_seconds == 0.0


def read_published(config: FolderSchema, root: Path | None, progress: Progress) -> RawDataset:
    """Read every clip that the split lists name, and say of each one left out why.

    A caption that names a part of the clip makes a clip of its own. Mirrored clips (`M...`) are
    ordinary clips. A name in two split lists stays in the one that must not be trained on.

    Raises:
        ConfigError: No data root was given.
        DataError: Files are missing.
    """
    folder = dataset_folder(config, root)
    problems = check_folder(config, root)
    if problems:
        raise DataError("\n".join(problems))
    reader = _FolderReader.open(config, folder)
    names = [(split, name) for split in SPLITS for name in read_split_names(folder, split)]
    later = {"train": _names(names, "val", "test"), "val": _names(names, "test"), "test": set()}
    for index, (split, name) in enumerate(names):
        if name in later[split]:
            reader.drop(name, f"is listed in {split}.txt and in a later split; kept in that one")
        else:
            reader.read(name, split)
        progress(index + 1, len(names))
    return reader.dataset


def _names(names: Sequence[tuple[str, str]], *splits: str) -> set[str]:
    return {name for split, name in names if split in splits}


@dataclass
class _FolderReader:
    """Reads one clip after the other into a data set."""

    config: FolderSchema
    folder: Path
    groups: Mapping[str, str]
    skeleton: Skeleton
    dataset: RawDataset = field(init=False)

    def __post_init__(self) -> None:
        self.dataset = RawDataset(self.skeleton, [], [])

    @classmethod
    def open(cls, config: FolderSchema, folder: Path) -> "_FolderReader":
        record = read_dataset_record(folder)
        default = KIT_21 if config.name == "kit" else HUMANML3D_22
        skeleton = record.get("skeleton", default.name)
        if skeleton not in SKELETONS:
            raise DataError(
                f"{folder / 'dataset.json'}: skeleton '{skeleton}' is not one of "
                f"{', '.join(SKELETONS)}"
            )
        return cls(config, folder, record.get("groups", {}), SKELETONS[skeleton])

    def drop(self, name: str, reason: str) -> None:
        """Record why a clip, or a part of one, is left out."""
        self.dataset.dropped.append(Dropped(name, reason))

    def read(self, name: str, split: str) -> None:
        """Read one clip and the parts of it that captions name."""
        features = self._features(name)
        if isinstance(features, str):
            self.drop(name, features)
            return
        lines = self._text_lines(name)
        whole = tuple(line.caption for line in lines.values() if line.is_whole)
        if whole:
            self._add(name, name, split, features, whole)
        for index, line in lines.items():
            if not line.is_whole:
                self._add_part(name, index, split, features, line)

    def _add(
        self, name: str, source: str, split: str, features: Features, captions: tuple[Caption, ...]
    ) -> None:
        # A clip and its mirror image must not be told apart by a split.
        group = self.groups.get(source, source.removeprefix("M"))
        self.dataset.clips.append(RawClip(name, split, features, captions, group))

    def _add_part(
        self, name: str, index: int, split: str, features: Features, line: _TextLine
    ) -> None:
        start, end = int(line.start_seconds * _CUT_FPS), int(line.end_seconds * _CUT_FPS)
        part = features[start:end]
        problem = self._length_problem(part)
        if problem:
            self.drop(f"{name}_part{index}", f"frames {start} to {end}: {problem}")
        else:
            self._add(f"{name}_part{index}", name, split, part, (line.caption,))

    def _features(self, name: str) -> Features | str:
        """Return the motion of a clip, or why it cannot be used."""
        path = self.folder / "new_joint_vecs" / f"{name}.npy"
        try:
            values = np.load(path, allow_pickle=False)
        except FileNotFoundError:
            return f"new_joint_vecs/{name}.npy is missing"
        except (OSError, ValueError, EOFError) as error:
            return f"new_joint_vecs/{name}.npy cannot be read ({error})"
        width = self.skeleton.feature_dim
        if values.ndim != 2 or values.shape[1] != width:
            return f"has shape {values.shape} instead of (frames, {width})"
        if values.dtype.kind != "f" or not np.isfinite(values).all():
            return "holds values that are not finite numbers"
        return self._length_problem(values) or np.ascontiguousarray(values, np.float32)

    def _length_problem(self, features: NDArray[np.floating]) -> str:
        low, high = self.config.min_frames, self.config.max_frames
        if low <= len(features) < high:
            return ""
        return f"has {len(features)} frames; {low} to {high - 1} are kept"

    def _text_lines(self, name: str) -> dict[int, _TextLine]:
        """Return the usable lines of a clip's text file by their index."""
        path = self.folder / "texts" / f"{name}.txt"
        try:
            lines = path.read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            self.drop(name, f"texts/{name}.txt cannot be read ({error})")
            return {}
        oral = _read_oral(self.folder / "oral" / f"{name}.txt", len(lines))
        usable = {}
        for index, line in enumerate(lines):
            parsed = _parse_line(line, oral.get(index, ())) if line.strip() else None
            if isinstance(parsed, str):
                self.drop(f"{name} caption {index}", parsed)
            elif parsed is not None:
                usable[index] = parsed
        if not usable:
            self.drop(name, "has no usable caption")
        return usable


def _parse_line(line: str, oral: tuple[str, ...]) -> _TextLine | str:
    """Read `caption#word/POS word/POS#start#end`; return what is wrong instead where it is."""
    fields = line.strip().split("#")
    if len(fields) != 4:
        return f"has {len(fields)} fields separated by # instead of 4"
    text, tags = fields[0].strip(), tuple(fields[1].split())
    if not text:
        return "is empty"
    try:
        start, end = (float(value) for value in fields[2:])
    except ValueError:
        return f"has the times {fields[2]} and {fields[3]}, which are no numbers"
    # As published: a time that is not known counts as the clip's own.
    start, end = (0.0 if np.isnan(value) else value for value in (start, end))
    return _TextLine(Caption(text, oral, tags), start, end)


def _read_oral(path: Path, num_captions: int) -> dict[int, tuple[str, ...]]:
    """Return the spoken-style rewrites of each caption; none where there is no file.

    Raises:
        DataError: A line is not `caption index<TAB>rewrite`.
    """
    if not path.exists():
        return {}
    oral: dict[int, tuple[str, ...]] = {}
    for line_number, (index, text) in enumerate(_oral_lines(path), 1):
        if not index.isdigit() or int(index) >= num_captions or not text:
            raise DataError(
                f"{path}:{line_number}: expected 'caption index<TAB>rewrite' with an index below "
                f"{num_captions}; correct the line or delete the file"
            )
        oral[int(index)] = (*oral.get(int(index), ()), text)
    return oral


def _oral_lines(path: Path) -> Iterator[tuple[str, str]]:
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read ({error}); copy it again or delete it") from error
    for line in lines:
        index, _, text = line.partition("\t")
        yield index.strip(), text.strip()
