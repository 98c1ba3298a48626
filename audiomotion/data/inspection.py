"""Looking a data set over: what is there, what is missing, what is damaged."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from audiomotion.config.datasets import FolderSchema
from audiomotion.data.arrays import UNREADABLE
from audiomotion.data.folder_check import (
    dataset_folder,
    folder_skeleton,
    how_to_get,
    missing_parts,
    read_dataset_record,
)
from audiomotion.data.motion_files import (
    MotionHeader,
    header_problem,
    length_problem,
    read_motion,
    read_motion_header,
)
from audiomotion.data.origins import Origin, origins
from audiomotion.data.published import listed_names
from audiomotion.data.published_counts import PUBLISHED, SPLITS, Comparison, Counts, Tally, compare
from audiomotion.data.statistics import Statistics
from audiomotion.data.text_files import TextFile, read_text_file
from audiomotion.errors import DataError
from audiomotion.motion.skeleton import Skeleton

SAMPLE = 400
"""Clips whose motion is read, and decides whether Mean and Std fit, where not all are."""

# Of 400 clips of ~140 frames the mean of a feature strays by a few hundredths of its deviation,
# since frames of a clip are alike; the deviation of rare features by up to a fifth.
_MEAN_TOLERANCE = {"sample": 0.3, "full": 0.1}
_STD_TOLERANCE = {"sample": 1.5, "full": 1.2}

Level = Literal["problem", "notice"]
Look = Callable[[Path], object]


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be (`problem`), or that is good to know (`notice`)."""

    level: Level
    where: str
    """A file or a clip."""
    what: str

    def sentence(self) -> str:
        """Say it in words."""
        return f"{self.where}: {self.what}"


@dataclass
class Inspection:
    """What was found of a data set."""

    dataset: str
    folder: Path
    findings: list[Finding] = field(default_factory=list)
    listed: Tally = field(default_factory=Tally)
    num_files: dict[str, int] = field(default_factory=dict)
    """Files in each part of the folder."""
    num_names: dict[str, int] = field(default_factory=dict)
    """Names in each split list."""
    num_outside_lengths: int = 0
    """Clips of the data set that the length limits leave out."""
    num_parts: int = 0
    """Captions that name a part of their clip."""
    num_read: int = 0
    """Clips whose every value was looked at."""
    origins: tuple[Origin, ...] = ()

    @property
    def problems(self) -> list[Finding]:
        """What is wrong."""
        return [finding for finding in self.findings if finding.level == "problem"]

    @property
    def notices(self) -> list[Finding]:
        """What is good to know."""
        return [finding for finding in self.findings if finding.level == "notice"]

    @property
    def comparisons(self) -> list[Comparison]:
        """Counts beside the published ones; what could be used is known once it was read."""
        return compare(self.dataset, self.listed)

    def record(self) -> dict[str, Any]:
        """Return everything for a JSON file."""
        return {
            "dataset": self.dataset,
            "folder": str(self.folder),
            "num_files": self.num_files,
            "num_names": self.num_names,
            "counts": self.listed.record(),
            "beside_published": [asdict(row) for row in self.comparisons],
            "num_outside_lengths": self.num_outside_lengths,
            "num_parts": self.num_parts,
            "num_read": self.num_read,
            "origins": [asdict(origin) for origin in self.origins],
            "problems": [asdict(finding) for finding in self.problems],
            "notices": [asdict(finding) for finding in self.notices],
        }


def inspect_folder(
    config: FolderSchema, root: Path | None, *, full: bool = False, hear: Look | None = None
) -> Inspection:
    """Look over a data set: every text, the form of every motion file, the values of a sample.

    Args:
        config: Which data set.
        root: The data root.
        full: Look at the values of every motion file.
        hear: Reads a recording, raising DataError where it is damaged; None leaves them alone.

    Raises:
        ConfigError: No data root was given.
    """
    found = Inspection(config.name, dataset_folder(config, root))
    assert root is not None
    if missing := missing_parts(found.folder):
        what = f"{'; '.join(missing)}. To get it: {how_to_get(config, root)}"
        found.findings.append(Finding("problem", config.folder, what))
        return found
    try:
        record = read_dataset_record(found.folder)
        skeleton = folder_skeleton(config, found.folder)
        names = listed_names(found.folder)
    except DataError as error:
        found.findings.append(Finding("problem", config.folder, str(error)))
        return found
    found.origins = origins(config, record)
    is_built = "builder_version" in record
    _Inspector(config, found, skeleton, is_built).look(names, full=full, hear=hear)
    return found


class _Inspector:
    """Looks at one part after the other and notes what it finds."""

    def __init__(
        self, config: FolderSchema, found: Inspection, skeleton: Skeleton, is_built: bool
    ) -> None:
        self.config, self.found, self.skeleton = config, found, skeleton
        self.is_built = is_built
        self.folder = found.folder
        known = PUBLISHED.get(config.name)
        self.unusable = known.unusable if known else {}
        self.num_published = known.listed if known else {}

    def look(
        self, names: Sequence[tuple[str, str, bool]], *, full: bool, hear: Look | None
    ) -> None:
        """Look at everything."""
        self._lists(names)
        own = {name: split for split, name, is_repeated in names if not is_repeated}
        self._files(own)
        for name, split in own.items():
            self._texts(name, split)
        usable = [name for name in own if self._form(name)]
        chosen = usable if full else _spread(usable, SAMPLE)
        # The known damaged ones are always looked at: they are said by name.
        chosen = sorted({*chosen, *(name for name in usable if name in self.unusable)})
        whole = [name for name in chosen if self._values(name)]
        self.found.num_read = len(chosen)
        # Published statistics are of all clips; those of our own builds of the training split.
        measured = [name for name in whole if own[name] == "train"] if self.is_built else whole
        self._statistics(measured, "full" if len(chosen) == len(usable) else "sample")
        if hear is not None:
            self._recordings(hear)

    def _note(self, level: Level, where: str, what: str) -> None:
        self.found.findings.append(Finding(level, where, what))

    def _clip_problem(self, name: str, what: str) -> None:
        if name in self.unusable:
            known = f"{what}; it {self.unusable[name]}, and every loader leaves it out"
            self._note("notice", name, known)
        else:
            self._note("problem", name, what)

    def _lists(self, names: Sequence[tuple[str, str, bool]]) -> None:
        counts = Counter(split for split, _, _ in names)
        self.found.num_names = {split: counts[split] for split in SPLITS}
        for split, name, is_repeated in names:
            if is_repeated:
                self._note("problem", name, f"is listed in {split}.txt and in a later split")
        for split, published in self.num_published.items():
            if counts[split] != published:
                self._note(
                    "notice",
                    f"{split}.txt",
                    f"lists {counts[split]:,} clips, and the published one {published:,}: another "
                    "version, a part, or a broken copy",
                )

    def _files(self, own: dict[str, str]) -> None:
        """Count files; name parts that are not there and files that no list names."""
        for part, suffix in (
            ("new_joint_vecs", ".npy"),
            ("new_joints", ".npy"),
            ("texts", ".txt"),
            ("oral", ".txt"),
            ("recordings", ".txt"),
        ):
            there = {p.name.removesuffix(suffix) for p in (self.folder / part).glob(f"*{suffix}")}
            self.found.num_files[part] = len(there)
            extra = len(there - own.keys())
            if extra:
                self._note("notice", part, f"{extra:,} files are of clips that no list names")
        if not self.found.num_files["oral"]:
            self._note("notice", "oral", "no rewrites: variant `oral` needs `amx data oral`")
        if not self.found.num_files["new_joints"]:
            self._note("notice", "new_joints", "is not there; nothing here needs it")

    def _texts(self, name: str, split: str) -> None:
        try:
            texts = read_text_file(self.folder, name)
        except DataError as error:
            self.found.listed.add(name, split, Counts(1))
            self._note("problem", name, str(error))
            return
        if not isinstance(texts, TextFile):
            self.found.listed.add(name, split, Counts(1))
            self._clip_problem(name, texts)
            return
        self.found.listed.add(name, split, Counts(1, texts.num_captions, texts.num_oral))
        self.found.num_parts += sum(not line.is_whole for line in texts.lines.values())
        for index, problem in texts.problems.items():
            self._clip_problem(name, f"caption {index} {problem}")
        if not texts.num_captions:
            self._clip_problem(name, f"texts/{name}.txt holds no caption")

    def _form(self, name: str) -> bool:
        """Return whether the values of a clip can be looked at and its length is allowed."""
        header = read_motion_header(self.folder / "new_joint_vecs" / f"{name}.npy")
        problem = (
            header_problem(header, self.skeleton.feature_dim)
            if isinstance(header, MotionHeader)
            else header
        )
        if problem:
            self._clip_problem(name, problem)
            return False
        assert isinstance(header, MotionHeader)
        num_frames = header.shape[0]
        if num_frames < 2:
            self._clip_problem(name, f"has {num_frames} frames, which is no motion")
            return False
        if length_problem(num_frames, self.config.min_frames, self.config.max_frames):
            self.found.num_outside_lengths += 1
        return True

    def _motion(self, name: str) -> NDArray[np.float32] | str:
        return read_motion(
            self.folder / "new_joint_vecs" / f"{name}.npy", self.skeleton.feature_dim
        )

    def _values(self, name: str) -> bool:
        motion = self._motion(name)
        if isinstance(motion, str):
            self._clip_problem(name, motion)
            return False
        return True

    def _statistics(self, names: Sequence[str], extent: Literal["sample", "full"]) -> None:
        """Compare Mean.npy and Std.npy with those of the clips that were read."""
        paths = [self.folder / f"{part}.npy" for part in ("Mean", "Std")]
        absent = [path.name for path in paths if not path.exists()]
        if absent:
            what = "is not there; audiomotion measures its own, other code may want it"
            self._note("notice", " and ".join(absent), what)
            return
        given = [_read_statistic(path, self.skeleton.feature_dim) for path in paths]
        for path, values in zip(paths, given, strict=True):
            if isinstance(values, str):
                self._note("problem", path.name, values)
        mean, std = given
        if isinstance(mean, str) or isinstance(std, str) or not names:
            return
        clips = _Again(partial(self._clips, names))
        measured = Statistics.of_clips(clips, self.skeleton)
        for part, what in _unlike(mean, std, measured, extent, self.skeleton):
            self._note("problem", part, f"{what} (of {len(names):,} clips)")

    def _clips(self, names: Sequence[str]) -> Iterator[NDArray[np.float32]]:
        for name in names:
            motion = self._motion(name)
            if not isinstance(motion, str):
                yield motion

    def _recordings(self, hear: Look) -> None:
        audio = (p for p in (self.folder / "recordings").glob("*") if p.suffix != ".txt")
        for path in sorted(audio):
            try:
                hear(path)
            except DataError as error:
                self._note("problem", f"recordings/{path.name}", str(error))


@dataclass(frozen=True)
class _Again:
    """Clips that are read again whenever they are gone through."""

    clips: Callable[[], Iterator[NDArray[np.float32]]]

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        return self.clips()


def _spread(names: Sequence[str], count: int) -> list[str]:
    """Return up to `count` names, spread evenly over the lists: the same ones every time."""
    if len(names) <= count:
        return list(names)
    return [names[index] for index in np.linspace(0, len(names) - 1, count).round().astype(int)]


def _read_statistic(path: Path, feature_dim: int) -> NDArray[np.floating] | str:
    try:
        values = np.load(path, allow_pickle=False)
    except UNREADABLE as error:
        return f"cannot be read ({error})"
    if getattr(values, "shape", None) != (feature_dim,) or values.dtype.kind != "f":
        return f"has shape {getattr(values, 'shape', None)} instead of ({feature_dim},)"
    if not np.isfinite(values).all():
        return "holds values that are not finite numbers"
    return np.asarray(values)


def _unlike(
    mean: NDArray[np.floating],
    std: NDArray[np.floating],
    measured: Statistics,
    extent: Literal["sample", "full"],
    skeleton: Skeleton,
) -> Iterable[tuple[str, str]]:
    """Yield what Mean and Std have that the clips have not."""
    off = np.abs(mean - measured.mean) / measured.std
    worst = int(off.argmax())
    if off[worst] > _MEAN_TOLERANCE[extent]:
        column = skeleton.layout.describe(worst, skeleton.joint_names)
        yield (
            "Mean.npy",
            f"{column} is {mean[worst]:.4g}, and {measured.mean[worst]:.4g} in the motion files",
        )
    if not (std > 0).all():
        yield "Std.npy", "holds values that are not above zero"
        return
    ratio = measured.std / std
    worst = int(np.abs(np.log(ratio)).argmax())
    if max(ratio[worst], 1 / ratio[worst]) > _STD_TOLERANCE[extent]:
        column = skeleton.layout.describe(worst, skeleton.joint_names)
        yield (
            "Std.npy",
            f"{column} is {std[worst]:.4g}, and {measured.std[worst]:.4g} in the motion files"
            + _divided(ratio, skeleton),
        )


def _divided(ratio: NDArray[np.floating], skeleton: Skeleton) -> str:
    """Say where the deviations are those that a published model's training wrote.

    Source: it divides those of root and contacts by 5, twice.
    """
    layout = skeleton.layout
    root = np.r_[0 : layout.root_height.stop, layout.contacts]
    factor = float(np.median(ratio[root]))
    rest = float(np.median(np.delete(ratio, root)))
    for known in (5.0, 25.0):
        if abs(factor / rest / known - 1) < 0.3:
            return (
                f"; root and contacts are divided by {known:g}, as in a model's own std.npy: take "
                "the file of the data set"
            )
    return ""
