"""Building a data set of the user's own motion in the published folder layout."""

import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from audiomotion.config.own_source import OwnSourceConfig
from audiomotion.data.arrays import UNREADABLE
from audiomotion.data.dataset import Dropped, Progress
from audiomotion.data.folder_writer import (
    folder_hash,
    new_folder,
    text_line,
    write_lines,
    write_motion,
    write_splits,
)
from audiomotion.data.own_manifest import OwnClip, read_manifest, read_source_record
from audiomotion.data.published_counts import SPLITS, unmirrored
from audiomotion.data.text_files import WRITTEN
from audiomotion.errors import DataError
from audiomotion.files import write_json
from audiomotion.motion.bvh import BvhClip, read_bvh
from audiomotion.motion.quaternion import FloatArray
from audiomotion.motion.representation import checked_joints, joints_to_features
from audiomotion.motion.retarget import (
    JointSource,
    SkeletonMapping,
    fit_joints,
    known_mapping,
    retarget_clip,
)
from audiomotion.motion.skeleton import SKELETONS, Skeleton
from audiomotion.seeds import derive_seed

BUILDER_VERSION = 1

_HELD_OUT = {"test": 0.15, "val": 0.05}
"""Shares of HumanML3D's own splits."""

CheckAudio = Callable[[Path], object]
"""Reads an audio file; raises DataError where it is damaged."""


@dataclass(frozen=True)
class OwnReport:
    """What a build made and what it left out."""

    destination: Path
    num_clips: dict[str, int]
    """Clips by split."""
    num_captions: int
    num_oral: int
    num_recordings: int
    num_frames: int
    mappings: dict[str, int]
    """BVH files by how their joints were found."""
    dropped: tuple[Dropped, ...]
    fingerprint: str = ""
    """Hash over everything written but dataset.json, which holds it."""

    def lines(self) -> list[str]:
        """Say in sentences what was built."""
        splits = ", ".join(f"{split} {count}" for split, count in self.num_clips.items())
        mapped = [f"{count} BVH files mapped as {name}" for name, count in self.mappings.items()]
        return [
            f"kept {sum(self.num_clips.values())} clips ({splits}), {self.num_frames} frames",
            f"{self.num_captions} captions, {self.num_oral} rewrites of them, "
            f"{self.num_recordings} recordings",
            *mapped,
            *(f"left out {clip.name}: {clip.reason}" for clip in self.dropped),
            f"{self.destination}: fingerprint {self.fingerprint[:12]}",
        ]


def build_own(
    source: Path,
    destination: Path,
    progress: Progress,
    check_audio: CheckAudio,
    seed: int = 0,
) -> OwnReport:
    """Build a data set from the manifest below `source`; see docs/data.md for its form.

    `destination` appears whole or not at all; the same source and seed give the same bytes. Motion
    that cannot be used is left out and said; every damaged recording is an error.

    Raises:
        ConfigError: `source.yaml` is wrong.
        DataError: The manifest is wrong, recordings are damaged, too little motion is left,
            `destination` exists, or the disk is full.
    """
    config = read_source_record(source)
    clips = read_manifest(source)
    _check_recordings(source, clips, check_audio)
    with new_folder(destination) as folder:
        builder = _Builder(source, folder, config)
        for index, clip in enumerate(clips):
            builder.add(clip)
            progress(index + 1, len(clips))
        return builder.finish(destination, seed)


def _check_recordings(source: Path, clips: Iterable[OwnClip], check_audio: CheckAudio) -> None:
    problems = []
    for path in dict.fromkeys(file for clip in clips for _, _, file in _recordings(clip)):
        try:
            check_audio(source / path)
        except DataError as error:
            problems.append(str(error))
    if problems:
        raise DataError("\n".join(problems))


def _recordings(clip: OwnClip) -> list[tuple[int, str, str]]:
    """Return caption, take (`-`: as written, else the index of the rewrite) and file of each."""
    return [
        (index, take, file)
        for index, caption in enumerate(clip.captions)
        for take, file in (
            (WRITTEN, caption.audio),
            *((str(number), file) for number, (_, file) in enumerate(caption.oral)),
        )
        if file
    ]


class _Builder:
    """Writes one clip after the other, then what they have in common."""

    def __init__(self, source: Path, folder: Path, config: OwnSourceConfig) -> None:
        self.source, self.folder, self.config = source, folder, config
        self.skeleton = SKELETONS[config.skeleton]
        self.mappings: Counter[str] = Counter()
        self.dropped: list[Dropped] = []
        self.kept: list[OwnClip] = []
        self.num_frames = 0
        self.num_upright = 0

    def add(self, clip: OwnClip) -> None:
        """Write motion, texts and recordings of a clip."""
        try:
            joints = self._joints(self.source / clip.file)
            features = joints_to_features(
                joints, self.skeleton, retarget=False, continuous_yaw=True
            )
        except DataError as error:
            self.dropped.append(Dropped(clip.name, str(error)))
            return
        write_motion(self.folder, clip.name, features, self.skeleton)
        self._write_texts(clip)
        self.kept.append(clip)
        self.num_frames += len(features)
        self.num_upright += _is_upright(joints, self.skeleton)

    def _joints(self, path: Path) -> FloatArray:
        """Return joints `(T, J, 3)` at the skeleton's frame rate, with its bones and units."""
        if path.suffix.lower() == ".bvh":
            clip = read_bvh(path)
            mapping = self._mapping(clip)
            joints = retarget_clip(clip, mapping, self.config.units).joints
            self.mappings[mapping.name] += 1
        else:
            if self.config.fps is None:
                raise DataError("source.yaml does not say the fps of joint arrays, such as fps: 20")
            given = checked_joints(_load(path), self.skeleton)
            joints = fit_joints(given, self.config.fps, 1.0, self.skeleton)
        return checked_joints(joints, self.skeleton)

    def _mapping(self, clip: BvhClip) -> SkeletonMapping:
        """Return where the skeleton's joints lie on a hierarchy."""
        if self.config.mapping:
            return _own_mapping(self.config, self.skeleton)
        known = known_mapping(clip, self.skeleton)
        if known is not None:
            return known
        raise DataError(
            f"has the joints {', '.join(clip.joint_names)}, which are neither those of "
            f"{self.skeleton.name} nor the Bandai data's; give `mapping` in source.yaml"
        )

    def _write_texts(self, clip: OwnClip) -> None:
        captions = clip.captions
        lines = (text_line(c.text, c.start_seconds, c.end_seconds) for c in captions)
        write_lines(self.folder / "texts" / f"{clip.name}.txt", lines)
        oral = [f"{i}\t{text}" for i, c in enumerate(captions) for text, _ in c.oral]
        if oral:
            write_lines(self.folder / "oral" / f"{clip.name}.txt", oral)
        rows = []
        for index, take, file in _recordings(clip):
            written = "written" if take == WRITTEN else f"oral{take}"
            name = f"{clip.name}-{index}-{written}{Path(file).suffix.lower()}"
            (self.folder / "recordings").mkdir(exist_ok=True)
            shutil.copyfile(self.source / file, self.folder / "recordings" / name)
            rows.append(f"{index}\t{take}\t{name}")
        if rows:
            write_lines(self.folder / "recordings" / f"{clip.name}.txt", rows)

    def finish(self, destination: Path, seed: int) -> OwnReport:
        """Write splits, statistics and records.

        Raises:
            DataError: Too little motion is left, or most of it does not stand upright.
        """
        if self.num_upright * 2 < len(self.kept):
            raise DataError(
                f"in {len(self.kept) - self.num_upright} of {len(self.kept)} clips the head is not "
                "above the feet along Y; Y must point up: turn the joints, (x, y, z) to (x, z, -y)"
            )
        groups = {clip.name: clip.group or unmirrored(clip.name) for clip in self.kept}
        splits = _splits(self.kept, groups, seed, self.dropped)
        write_splits(self.folder, splits, self.skeleton)
        report = self._report(destination, splits)
        counts = {
            key: value
            for key, value in asdict(report).items()
            if key.startswith("num_") or key == "mappings"
        }
        dropped = [asdict(clip) for clip in self.dropped]
        write_json(self.folder / "report.json", {**counts, "dropped": dropped})
        report = replace(report, fingerprint=folder_hash(self.folder))
        about = self.config.model_dump(include={"title", "url", "licence", "citation"})
        record = {
            "name": destination.name,
            "skeleton": self.skeleton.name,
            "fps": self.skeleton.fps,
            "builder_version": BUILDER_VERSION,
            "fingerprint": report.fingerprint,
            **about,
            **counts,
            "groups": groups,
        }
        write_json(self.folder / "dataset.json", record)
        return report

    def _report(self, destination: Path, splits: Mapping[str, Sequence[str]]) -> OwnReport:
        captions = [caption for clip in self.kept for caption in clip.captions]
        return OwnReport(
            destination=destination,
            num_clips={split: len(splits[split]) for split in SPLITS},
            num_captions=len(captions),
            num_oral=sum(len(caption.oral) for caption in captions),
            num_recordings=sum(len(_recordings(clip)) for clip in self.kept),
            num_frames=self.num_frames,
            mappings=dict(self.mappings),
            dropped=tuple(self.dropped),
        )


def _own_mapping(config: OwnSourceConfig, skeleton: Skeleton) -> SkeletonMapping:
    missing = sorted(set(skeleton.joint_names) - set(config.mapping))
    unknown = sorted(set(config.mapping) - set(skeleton.joint_names))
    if missing or unknown:
        raise DataError(
            f"source.yaml mapping: lacks {', '.join(missing) or 'nothing'}, and has "
            f"{', '.join(unknown) or 'nothing'} that is no joint of {skeleton.name}"
        )
    sources = {
        name: JointSource((joint,))
        if isinstance(joint, str)
        else JointSource(tuple(joint.chain), joint.fraction)
        for name, joint in config.mapping.items()
    }
    return SkeletonMapping("source.yaml says", skeleton, MappingProxyType(sources))


def _load(path: Path) -> NDArray[np.generic]:
    try:
        return np.asarray(np.load(path, allow_pickle=False))
    except UNREADABLE as error:
        raise DataError(f"{path} cannot be read as an array ({error})") from error


def _is_upright(joints: FloatArray, skeleton: Skeleton) -> bool:
    """Return whether the head is above the feet, along Y, in most frames."""
    head, foot = skeleton.kinematic_chains[2][-1], skeleton.left_feet[0]
    return bool(np.median(joints[:, head, 1] - joints[:, foot, 1]) > 0)


def _splits(
    clips: Sequence[OwnClip], groups: Mapping[str, str], seed: int, dropped: Sequence[Dropped]
) -> dict[str, list[str]]:
    """Return the clips of each split: as the manifest says, or drawn by whole groups."""
    given = {clip.split for clip in clips}
    if None in given and len(given) > 1:
        without = next(clip.file for clip in clips if clip.split is None)
        raise DataError(f"{without} has no split and others have; give all of them, or none")
    if None in given:
        of_group = _drawn(sorted({groups[clip.name] for clip in clips}), seed)
        split_of = {clip.name: of_group[groups[clip.name]] for clip in clips}
    else:
        split_of = {clip.name: str(clip.split) for clip in clips}
    splits = {split: [name for name in split_of if split_of[name] == split] for split in SPLITS}
    empty = [split for split, names in splits.items() if not names]
    if empty:
        why = f"; {len(dropped)} were left out, first: {dropped[0].reason}" if dropped else ""
        raise DataError(
            f"no clip is in the {' and the '.join(empty)} split{why}; each of train, val and test "
            "needs one at least, so give more clips (or groups) or other splits"
        )
    return splits


def _drawn(groups: Sequence[str], seed: int) -> dict[str, str]:
    """Draw the split of each group: 15 % test, 5 % validation, at least one of each."""
    order = np.random.default_rng(derive_seed("own splits", seed)).permutation(len(groups))
    split_of = dict.fromkeys(groups, "train")
    start = 0
    for split, share in _HELD_OUT.items():
        end = start + max(1, round(share * len(groups)))
        split_of.update((groups[index], split) for index in order[start:end])
        start = end
    return split_of
