"""A motion data set: what a reader returns, and the files it is kept in."""

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audiomotion.config.datasets import DatasetSchema
from audiomotion.config.experiment import Variant
from audiomotion.config.schema import load_implementation
from audiomotion.data.ragged import Ragged, write_ragged
from audiomotion.data.statistics import Statistics
from audiomotion.errors import DataError
from audiomotion.motion.skeleton import SKELETONS, Skeleton

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Caption:
    """One written description of a clip and the ways it is said."""

    text: str
    oral: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    """`word/POS` of `text`."""

    def texts(self, variant: Variant) -> tuple[str, ...]:
        """Return the instructions of `variant`."""
        return (self.text,) if variant == "original" else self.oral


@dataclass(frozen=True)
class RawClip:
    """One clip as a reader returns it."""

    name: str
    split: str
    features: NDArray[np.float32]
    """Representation `(N, P)`, not normalised."""
    captions: tuple[Caption, ...]
    group: str
    """What the split keeps together: a combination of actions, or a cell of the data set."""


@dataclass(frozen=True)
class Dropped:
    """A clip that was left out, and why."""

    name: str
    reason: str


@dataclass
class RawDataset:
    """What a data set's reader returns."""

    skeleton: Skeleton
    clips: list[RawClip]
    dropped: list[Dropped] = field(default_factory=list)


@dataclass(frozen=True)
class ClipRecord:
    """One clip of an opened data set; its motion is `MotionDataset.features[index]`."""

    index: int
    name: str
    split: str
    num_frames: int
    captions: tuple[Caption, ...]
    group: str


def read_dataset(config: DatasetSchema, root: Path | None, progress: Progress) -> RawDataset:
    """Read or make the data set that `config` names.

    Raises:
        DataError: Files are missing or damaged, or a split is empty.
    """
    raw: RawDataset = load_implementation(config)(config, root, progress)
    for split in ("train", "val", "test"):
        if not any(clip.split == split for clip in raw.clips):
            raise DataError(f"data set {config.name}: no clip is left in the {split} split")
    return raw


def write_dataset(raw: RawDataset, folder: Path) -> None:
    """Write clips, captions, statistics of the training split and what was dropped."""
    write_ragged(folder, "motion", (clip.features for clip in raw.clips), np.float32)
    train = np.concatenate([clip.features for clip in raw.clips if clip.split == "train"])
    Statistics.of(train, raw.skeleton).save(folder)
    records = [
        {
            "name": clip.name,
            "split": clip.split,
            "group": clip.group,
            "num_frames": len(clip.features),
            "captions": [asdict(caption) for caption in clip.captions],
        }
        for clip in raw.clips
    ]
    _write_json(folder / "clips.json", {"skeleton": raw.skeleton.name, "clips": records})
    _write_json(folder / "report.json", _report(raw))


def _report(raw: RawDataset) -> dict[str, object]:
    splits = [clip.split for clip in raw.clips]
    return {
        "num_clips": {split: splits.count(split) for split in ("train", "val", "test")},
        "num_captions": sum(len(clip.captions) for clip in raw.clips),
        "num_oral": sum(len(caption.oral) for clip in raw.clips for caption in clip.captions),
        "num_frames": sum(len(clip.features) for clip in raw.clips),
        "dropped": [asdict(dropped) for dropped in raw.dropped],
    }


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


class MotionDataset:
    """A data set written by `write_dataset`; motion stays on disk until it is asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.features = Ragged.open(folder, "motion")
        self.stats = Statistics.load(folder)

    @cached_property
    def _content(self) -> dict[str, object]:
        content: dict[str, object] = json.loads((self.folder / "clips.json").read_text("utf-8"))
        return content

    @property
    def skeleton(self) -> Skeleton:
        """The skeleton that all clips share."""
        return SKELETONS[str(self._content["skeleton"])]

    @cached_property
    def clips(self) -> list[ClipRecord]:
        """Every clip, in the order of `features`."""
        records = self._content["clips"]
        assert isinstance(records, list)
        return [_clip_record(index, record) for index, record in enumerate(records)]

    def split(self, name: str) -> list[ClipRecord]:
        """Return the clips of one split."""
        return [clip for clip in self.clips if clip.split == name]

    def motions(self, indices: Iterable[int]) -> list[NDArray[np.float32]]:
        """Return the motion `(N, P)` of each clip, in metres and radians."""
        return [np.array(self.features[index], np.float32) for index in indices]


def _clip_record(index: int, record: dict[str, object]) -> ClipRecord:
    captions = record["captions"]
    assert isinstance(captions, list)
    return ClipRecord(
        index=index,
        name=str(record["name"]),
        split=str(record["split"]),
        num_frames=int(str(record["num_frames"])),
        group=str(record["group"]),
        captions=tuple(
            Caption(item["text"], tuple(item["oral"]), tuple(item["tags"])) for item in captions
        ),
    )
