"""Writing a data set in the published folder layout, whole or not at all."""

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from audiomotion.data.captions import tag_caption
from audiomotion.data.fingerprint import hash_files
from audiomotion.data.statistics import Statistics
from audiomotion.errors import DataError
from audiomotion.files import full_disk_explained, sync_folder
from audiomotion.motion.representation import features_to_joints
from audiomotion.motion.skeleton import Skeleton

_PARTS = ("new_joint_vecs", "new_joints", "texts", "oral")


@contextmanager
def new_folder(destination: Path) -> Iterator[Path]:
    """Give a folder beside `destination` that takes its place at the end, or vanishes.

    Raises:
        DataError: `destination` exists and is not empty, or the disk is full.
    """
    if destination.exists() and (not destination.is_dir() or any(destination.iterdir())):
        raise DataError(f"{destination} exists; remove it first, or choose another --data-root")
    folder = destination.with_name(f".{destination.name}.building-{uuid4().hex[:8]}")
    with full_disk_explained(destination):
        try:
            folder.mkdir(parents=True)
            for part in _PARTS:
                (folder / part).mkdir()
            yield folder
            folder.replace(destination)
            sync_folder(destination.parent)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise


def write_motion(
    folder: Path, name: str, features: NDArray[np.float32], skeleton: Skeleton
) -> None:
    """Write the features `(N, P)` of a clip and, as published, the joints that they give back."""
    save_array(folder / "new_joint_vecs" / f"{name}.npy", features)
    save_array(folder / "new_joints" / f"{name}.npy", features_to_joints(features, skeleton))


def save_array(path: Path, array: NDArray[np.float32]) -> None:
    """Write an array; `np.save` to a path would not say that the disk is full, only "requested"."""
    buffer = BytesIO()
    np.save(buffer, array)
    path.write_bytes(buffer.getbuffer())


def text_line(text: str, start_seconds: float = 0.0, end_seconds: float = 0.0) -> str:
    """Return a caption with its tags and times, as a line of a text file.

    Raises:
        DataError: The caption has no words.
    """
    return f"{text}#{' '.join(tag_caption(text))}#{start_seconds}#{end_seconds}"


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write lines of text."""
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")


def write_splits(folder: Path, splits: Mapping[str, Sequence[str]], skeleton: Skeleton) -> None:
    """Write the names of each split, and statistics of the training split's motion."""
    for split, names in splits.items():
        write_lines(folder / f"{split}.txt", names)
    paths = [folder / "new_joint_vecs" / f"{name}.npy" for name in splits["train"]]
    stats = Statistics.of_clips(_Arrays(paths), skeleton)
    save_array(folder / "Mean.npy", stats.mean)
    save_array(folder / "Std.npy", stats.std)


class _Arrays:
    """Arrays of files, loaded one at a time as often as they are gone through."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = paths

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        return (np.load(path) for path in self._paths)


def folder_hash(folder: Path) -> str:
    """Return the hash of everything that was written."""
    return hash_files(folder, [path for path in folder.rglob("*") if path.is_file()])
