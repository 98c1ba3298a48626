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
    check_folder,
    dataset_folder,
    folder_skeleton,
    read_dataset_record,
    read_split_names,
)
from audiomotion.data.motion_files import length_problem, read_motion
from audiomotion.data.published_counts import SPLITS, Counts, Tally, unmirrored
from audiomotion.data.text_files import TextFile, TextLine, read_text_file
from audiomotion.errors import DataError
from audiomotion.motion.skeleton import Skeleton

__all__ = ["check_folder", "fingerprint_folder", "read_published"]

CUT_FPS = 20
"""Frame rate by which parts of a clip are cut. The published code uses it for KIT-ML (12.5) too."""

Features = NDArray[np.float32]


def read_published(config: FolderSchema, root: Path | None, progress: Progress) -> RawDataset:
    """Read every clip that the split lists name, and say of each one left out why.

    A caption that names a part of the clip makes a clip of its own. Mirrored clips (`M...`) are
    ordinary clips. A name in two split lists stays in the one that must not be trained on. Clips
    are read one by one, when they are asked for.

    Raises:
        ConfigError: No data root was given.
        DataError: Files are missing.
    """
    folder = dataset_folder(config, root)
    problems = check_folder(config, root)
    if problems:
        raise DataError("\n".join(problems))
    record = read_dataset_record(folder)
    skeleton = folder_skeleton(config, folder)
    reader = _FolderReader(config, folder, record.get("groups", {}), skeleton)
    clips = reader.clips(listed_names(folder), progress)
    return RawDataset(skeleton, clips, reader.dropped, reader.listed, config.name, folder)


def listed_names(folder: Path) -> list[tuple[str, str, bool]]:
    """Return split, name, and whether a later list has it too, of every line of the lists.

    Raises:
        DataError: A list cannot be read.
    """
    names = [(split, name) for split in SPLITS for name in read_split_names(folder, split)]
    later = {"train": _names(names, "val", "test"), "val": _names(names, "test"), "test": set()}
    return [(split, name, name in later[split]) for split, name in names]


def _names(names: Sequence[tuple[str, str]], *splits: str) -> set[str]:
    return {name for split, name in names if split in splits}


@dataclass
class _FolderReader:
    """Reads one clip after the other."""

    config: FolderSchema
    folder: Path
    groups: Mapping[str, str]
    skeleton: Skeleton
    dropped: list[Dropped] = field(default_factory=list)
    listed: Tally = field(default_factory=Tally)

    def clips(
        self, names: Sequence[tuple[str, str, bool]], progress: Progress
    ) -> Iterator[RawClip]:
        """Yield all usable clips and parts of clips."""
        for index, (split, name, is_repeated) in enumerate(names):
            if is_repeated:
                reason = f"is listed in {split}.txt and in a later split; kept in that one"
                self._drop(name, reason)
            else:
                yield from self._read(name, split)
            progress(index + 1, len(names))

    def _drop(self, name: str, reason: str) -> None:
        """Record why a clip, or a part of one, is left out."""
        self.dropped.append(Dropped(name, reason))

    def _read(self, name: str, split: str) -> Iterator[RawClip]:
        """Yield one clip and the parts of it that captions name."""
        texts = read_text_file(self.folder, name)
        said = (texts.num_captions, texts.num_oral) if isinstance(texts, TextFile) else (0, 0)
        self.listed.add(name, split, Counts(1, *said))
        features = self._features(name)
        if isinstance(features, str):
            self._drop(name, features)
            return
        lines = self._usable_lines(name, texts)
        whole = tuple(line.caption for line in lines.values() if line.is_whole)
        if whole:
            yield self._clip(name, name, split, features, whole)
        for index, line in lines.items():
            if not line.is_whole:
                yield from self._part(name, index, split, features, line)

    def _clip(
        self, name: str, source: str, split: str, features: Features, captions: tuple[Caption, ...]
    ) -> RawClip:
        # A clip and its mirror image must not be told apart by a split.
        group = self.groups.get(source, unmirrored(source))
        return RawClip(name, split, features, captions, group)

    def _part(
        self, name: str, index: int, split: str, features: Features, line: TextLine
    ) -> Iterator[RawClip]:
        start, end = int(line.start_seconds * CUT_FPS), int(line.end_seconds * CUT_FPS)
        part = features[start:end]
        problem = self._length_problem(part)
        if problem:
            self._drop(f"{name}_part{index}", f"frames {start} to {end}: {problem}")
        else:
            yield self._clip(f"{name}_part{index}", name, split, part, (line.caption,))

    def _features(self, name: str) -> Features | str:
        """Return the motion of a clip, or why it cannot be used."""
        path = self.folder / "new_joint_vecs" / f"{name}.npy"
        features = read_motion(path, self.skeleton.feature_dim)
        return features if isinstance(features, str) else self._length_problem(features) or features

    def _length_problem(self, features: Features) -> str:
        return length_problem(len(features), self.config.min_frames, self.config.max_frames)

    def _usable_lines(self, name: str, texts: TextFile | str) -> dict[int, TextLine]:
        """Return the usable lines of a clip's text file by their index."""
        if isinstance(texts, str):
            self._drop(name, texts)
            return {}
        for index, problem in texts.problems.items():
            self._drop(f"{name} caption {index}", problem)
        if not texts.lines:
            self._drop(name, "has no usable caption")
        return texts.lines
