"""A motion data set: what a reader returns, and the files it is kept in."""

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiomotion.config.datasets import DatasetSchema
from audiomotion.config.experiment import Variant
from audiomotion.config.schema import load_implementation
from audiomotion.data.published_counts import SPLITS, Counts, Tally, compare
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

    recording: str = ""
    """A recording of a person who says `text`, relative to the data set; empty: none."""

    oral_recordings: tuple[str, ...] = ()
    """A recording of each rewrite, empty where there is none; or no tuple at all."""

    def texts(self, variant: Variant) -> tuple[str, ...]:
        """Return the instructions of `variant`."""
        return (self.text,) if variant == "original" else self.oral

    def recordings(self, variant: Variant) -> tuple[str, ...]:
        """Return the recording of each of `texts`, relative to the data set; empty: none."""
        if variant == "original":
            return (self.recording,)
        return self.oral_recordings or ("",) * len(self.oral)


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
    clips: Iterable[RawClip]
    """May read each clip when it is asked for, and only once: full data sets are gigabytes."""
    dropped: list[Dropped] = field(default_factory=list)
    """Whole once all clips were asked for."""
    listed: Tally | None = None
    """What the files hold before anything is left out, whole once all clips were asked for; None
    where the clips are made."""
    name: str = ""
    """Name of the data set that counts are published of."""
    folder: Path | None = None
    """Where recordings are."""


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
        DataError: Files are missing or damaged; or, once all clips were asked for, a split is
            empty.
    """
    raw: RawDataset = load_implementation(config)(config, root, progress)
    return replace(raw, clips=_of_every_split(raw.clips, config.name))


def _of_every_split(clips: Iterable[RawClip], name: str) -> Iterator[RawClip]:
    """Yield the clips; refuse a data set whose clips leave a split empty."""
    missing = set(SPLITS)
    for clip in clips:
        missing.discard(clip.split)
        yield clip
    for split in SPLITS:
        if split in missing:
            raise DataError(f"data set {name}: no clip is left in the {split} split")


def write_dataset(raw: RawDataset, folder: Path) -> None:
    """Write clips, captions, statistics of the training split and what was dropped.

    Clips are written as they are read, one in memory at a time.
    """
    records: list[dict[str, Any]] = []
    kept = Tally()
    write_ragged(folder, "motion", _written(raw, folder, records, kept), np.float32)
    train = [index for index, record in enumerate(records) if record["split"] == "train"]
    Statistics.of_clips(_Motion(folder, train), raw.skeleton).save(folder)
    _write_json(folder / "clips.json", {"skeleton": raw.skeleton.name, "clips": records})
    _write_json(folder / "report.json", _report(raw, records, kept))


class _Motion:
    """Clips of an artifact, read as often as they are gone through."""

    _CLIPS_A_MAPPING = 1024

    def __init__(self, folder: Path, indices: Sequence[int]) -> None:
        self._folder, self._indices = folder, indices

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        # A mapping that is let go gives its pages back; kept, it would grow to the whole file.
        for start in range(0, len(self._indices), self._CLIPS_A_MAPPING):
            motion = Ragged.open(self._folder, "motion")
            for index in self._indices[start : start + self._CLIPS_A_MAPPING]:
                yield np.array(motion[index], np.float32)


def _written(
    raw: RawDataset, folder: Path, records: list[dict[str, Any]], kept: Tally
) -> Iterator[NDArray[np.float32]]:
    """Yield the motion of each clip; record the rest of it, and copy its recordings."""
    for clip in raw.clips:
        num_oral = sum(len(caption.oral) for caption in clip.captions)
        # A part of a clip is mirrored where the clip is.
        source = clip.name.partition("_part")[0]
        kept.add(source, clip.split, Counts(1, len(clip.captions), num_oral))
        records.append(
            {
                "name": clip.name,
                "split": clip.split,
                "group": clip.group,
                "num_frames": len(clip.features),
                "captions": [_caption_record(caption) for caption in clip.captions],
            }
        )
        for caption in clip.captions:
            for recording in filter(None, (caption.recording, *caption.oral_recordings)):
                assert raw.folder is not None, "recordings are somewhere"
                target = folder / recording
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(raw.folder / recording, target)
        yield clip.features


def _caption_record(caption: Caption) -> dict[str, Any]:
    """Return a caption for a JSON file; recordings only where there are any."""
    record = asdict(caption)
    for key in ("recording", "oral_recordings"):
        if not record[key]:
            del record[key]
    return record


def _report(raw: RawDataset, records: list[dict[str, Any]], kept: Tally) -> dict[str, object]:
    num_clips = Counter(record["split"] for record in records)
    total = kept.total(mirrored=True)
    report = {
        "num_clips": {split: num_clips[split] for split in SPLITS},
        "num_captions": total.captions,
        "num_oral": total.oral,
        "num_frames": sum(record["num_frames"] for record in records),
        "dropped": [asdict(dropped) for dropped in raw.dropped],
    }
    if raw.listed is None:
        return report
    rows = compare(raw.name, raw.listed, kept)
    return {
        **report,
        "counts": {"listed": raw.listed.record(), "kept": kept.record()},
        "beside_published": [asdict(row) for row in rows],
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
            Caption(
                text=item["text"],
                oral=tuple(item["oral"]),
                tags=tuple(item["tags"]),
                recording=item.get("recording", ""),
                oral_recordings=tuple(item.get("oral_recordings", ())),
            )
            for item in captions
        ),
    )
