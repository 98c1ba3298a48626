"""Building the Bandai data set in the published folder layout from the published BVH files."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from audiomotion.data.bandai_facts import (
    ATTRIBUTION,
    CROP_STARTS,
    CROPPED_FRAMES,
    LEFT_OUT,
    MAX_FRAMES,
)
from audiomotion.data.bandai_source import CellLabel, SourceClip, load_labels, read_source
from audiomotion.data.bandai_split import assign_splits
from audiomotion.data.dataset import Dropped, Progress
from audiomotion.data.folder_writer import (
    folder_hash,
    new_folder,
    text_line,
    write_lines,
    write_motion,
    write_splits,
)
from audiomotion.data.published_counts import SPLITS
from audiomotion.errors import DataError
from audiomotion.files import write_json
from audiomotion.motion.bvh import parse_bvh
from audiomotion.motion.quaternion import FloatArray
from audiomotion.motion.representation import joints_to_features
from audiomotion.motion.retarget import BANDAI_MAPPING, retarget_clip

BUILDER_VERSION = 1

_SKELETON = BANDAI_MAPPING.target


@dataclass(frozen=True)
class BuildReport:
    """What a build made and what it left out."""

    destination: Path
    num_source: dict[str, int]
    """Published files read, by data set."""
    num_clips: dict[str, int]
    """Clips by split."""
    num_captions: dict[str, int]
    """Different captions by split."""
    num_frames: int
    cropped: tuple[str, ...]
    dropped: tuple[Dropped, ...]
    fingerprint: str = ""
    """Hash over everything written but dataset.json, which holds it."""

    def lines(self) -> list[str]:
        """Say in sentences what was built."""
        read = ", ".join(f"{name} {count}" for name, count in self.num_source.items())
        kept = ", ".join(
            f"{split} {self.num_clips[split]} clips with {self.num_captions[split]} captions"
            for split in SPLITS
        )
        reasons = Counter(dropped.reason for dropped in self.dropped)
        return [
            f"read {sum(self.num_source.values())} BVH files ({read})",
            f"kept {sum(self.num_clips.values())} clips, {self.num_frames} frames: {kept}",
            f"cropped {len(self.cropped)} clips of {MAX_FRAMES} frames or more to {CROPPED_FRAMES}",
            *(f"left out {count}: {reason}" for reason, count in reasons.most_common()),
            f"{self.destination}: fingerprint {self.fingerprint[:12]}",
        ]


@dataclass(frozen=True)
class _BuiltClip:
    name: str
    source: tuple[int, str, str]
    group: str
    label: CellLabel
    num_frames: int
    cropped: bool


@dataclass(frozen=True)
class _Conversion:
    """What became of the source's clips; both lists by name."""

    built: list[_BuiltClip]
    dropped: list[Dropped]
    num_source: dict[str, int]


_Splits: TypeAlias = Mapping[str, Sequence[_BuiltClip]]


def build_bandai(
    source: Path,
    destination: Path,
    progress: Progress,
    *,
    min_frames: int = 40,
    min_split_clips: int = 64,
    min_split_captions: int = 32,
) -> BuildReport:
    """Build the data set from the archives, or a copy of the repository, below `source`.

    `destination` appears whole or not at all; the same source gives the same bytes every time.
    `progress` is told the bytes of the source read, and their total. Each split needs
    `min_split_clips` clips and `min_split_captions` different captions: retrieval is measured in
    pools of 32 clips, no two with the same caption.

    Raises:
        DataError: The source is incomplete or damaged, `destination` exists, or the disk is full.
    """
    with new_folder(destination) as folder:
        conversion = _convert_all(read_source(source, progress), folder, min_frames)
        splits = _split(conversion.built, min_split_clips, min_split_captions)
        _write_splits(folder, splits)
        return _write_records(folder, destination, conversion, splits)


def _convert_all(sources: Iterable[SourceClip], folder: Path, min_frames: int) -> _Conversion:
    """Write the motion of every usable clip."""
    labels = load_labels()
    num_source: Counter[str] = Counter()
    results = []
    for clip in sources:
        num_source[f"dataset-{clip.dataset}"] += 1
        results.append(_convert(clip, labels.get(clip.cell), folder, min_frames))
    results.sort(key=lambda clip: clip.name)
    return _Conversion(
        built=[clip for clip in results if isinstance(clip, _BuiltClip)],
        dropped=[clip for clip in results if isinstance(clip, Dropped)],
        num_source=dict(sorted(num_source.items())),
    )


def _convert(
    clip: SourceClip, label: CellLabel | None, folder: Path, min_frames: int
) -> _BuiltClip | Dropped:
    if clip.name in LEFT_OUT:
        return Dropped(clip.name, LEFT_OUT[clip.name])
    if label is None:
        return Dropped(clip.name, "no caption is known for its data set, content and style")
    joints = retarget_clip(parse_bvh(clip.data, clip.origin), BANDAI_MAPPING, units="cm").joints
    if len(joints) - 1 < min_frames:
        return Dropped(clip.name, f"shorter than {min_frames} frames at {_SKELETON.fps:g} a second")
    features = _features(_crop(joints, clip.name))
    write_motion(folder, clip.name, features, _SKELETON)
    cropped = len(features) < len(joints) - 1
    return _BuiltClip(clip.name, clip.cell, clip.group, label, len(features), cropped)


def _crop(joints: FloatArray, name: str) -> FloatArray:
    """Cut a long clip; a feature describes the step between two frames, so joints are one more."""
    if len(joints) - 1 < MAX_FRAMES:
        return joints
    start = CROP_STARTS.get(name, 0)
    return joints[start : start + CROPPED_FRAMES + 1]


def _features(joints: FloatArray) -> NDArray[np.float32]:
    return joints_to_features(joints, _SKELETON, retarget=False, continuous_yaw=True)


def _split(built: Sequence[_BuiltClip], min_clips: int, min_captions: int) -> _Splits:
    """Return the clips of each split.

    Raises:
        DataError: A split would be too small.
    """
    split_of = assign_splits(Counter(clip.source for clip in built))
    splits = {split: [clip for clip in built if split_of[clip.group] == split] for split in SPLITS}
    for split, clips in splits.items():
        num_captions = len(_captions(clips))
        if len(clips) < min_clips or num_captions < min_captions:
            raise DataError(
                f"only {len(clips)} clips with {num_captions} different captions would be in the "
                f"{split} split, which needs {min_clips} and {min_captions}; the source seems to "
                "be a part of the data: give both archives or the whole repository"
            )
    return splits


def _captions(clips: Iterable[_BuiltClip]) -> set[str]:
    return {caption for clip in clips for caption in clip.label.captions}


def _write_splits(folder: Path, splits: _Splits) -> None:
    """Write captions, split lists, and statistics of the training split."""
    for clips in splits.values():
        for clip in clips:
            _write_texts(folder, clip.name, clip.label)
    names = {split: [clip.name for clip in clips] for split, clips in splits.items()}
    write_splits(folder, names, _SKELETON)


def _write_texts(folder: Path, name: str, label: CellLabel) -> None:
    """Write the captions with their tags, and the rewrite of each."""
    write_lines(folder / "texts" / f"{name}.txt", map(text_line, label.captions))
    oral = (f"{index}\t{text}" for index, text in enumerate(label.oral))
    write_lines(folder / "oral" / f"{name}.txt", oral)


def _write_records(
    folder: Path, destination: Path, conversion: _Conversion, splits: _Splits
) -> BuildReport:
    """Write report.json, then dataset.json with the hash of everything else."""
    report = _report(destination, conversion, splits)
    counts = {
        "num_source": report.num_source,
        "num_clips": report.num_clips,
        "num_captions": report.num_captions,
        "num_frames": report.num_frames,
    }
    dropped = [asdict(clip) for clip in report.dropped]
    write_json(folder / "report.json", {**counts, "cropped": report.cropped, "dropped": dropped})
    report = replace(report, fingerprint=folder_hash(folder))
    record = {
        "name": "bandai",
        "skeleton": _SKELETON.name,
        "builder_version": BUILDER_VERSION,
        "fingerprint": report.fingerprint,
        **ATTRIBUTION,
        **counts,
        "groups": {clip.name: clip.group for clip in conversion.built},
    }
    write_json(folder / "dataset.json", record)
    return report


def _report(destination: Path, conversion: _Conversion, splits: _Splits) -> BuildReport:
    built = conversion.built
    return BuildReport(
        destination=destination,
        num_source=conversion.num_source,
        num_clips={split: len(clips) for split, clips in splits.items()},
        num_captions={split: len(_captions(clips)) for split, clips in splits.items()},
        num_frames=sum(clip.num_frames for clip in built),
        cropped=tuple(clip.name for clip in built if clip.cropped),
        dropped=tuple(conversion.dropped),
    )
