"""Features read at random, against the system's own `pread` of the same bytes."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audiomotion.bench.timing import Measurement, Timed, compare
from audiomotion.data.ragged import Ragged, join_ragged, write_ragged

STORE_NAME = "features"
STORE_WIDTH = 768
"""Of WavLM base."""

_TARGET = 0.7
_CLIPS_A_FILE = 512
_MIN_FRAMES, _MAX_FRAMES = 75, 375
"""1.5 to 7.5 s at 50 Hz, 4.5 s in the mean, as the paper's instructions."""


def write_store(folder: Path, num_clips: int) -> Path:
    """Write features of the paper's lengths and width; what is in them does not matter."""
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((2 * _MAX_FRAMES, STORE_WIDTH)).astype(np.float16)
    lengths = rng.integers(_MIN_FRAMES, _MAX_FRAMES + 1, num_clips)
    shards = []
    for first in range(0, num_clips, _CLIPS_A_FILE):
        shards.append(folder / f"shard-{first}")
        shards[-1].mkdir(parents=True)
        some = lengths[first : first + _CLIPS_A_FILE]
        write_ragged(shards[-1], STORE_NAME, (noise[:length] for length in some), np.float16)
    join_ragged(shards, folder, STORE_NAME)
    os.sync()  # or dropping it from the file cache would do nothing
    return folder


def bench_reading(store: Path, num_clips: int, repeats: int) -> Iterator[Measurement]:
    """Time reading of random clips into memory, in megabytes a second.

    From the disk, where every clip is touched for the first time and so checked, and from the file
    cache, where it was checked before.
    """
    reader = _Reader(store, num_clips)
    try:
        if hasattr(os, "posix_fadvise"):  # elsewhere nothing makes the system forget a file
            yield compare(
                Timed("random reads from the disk", reader.ours, reader.from_disk),
                Timed("pread", reader.theirs, reader.from_disk),
                "MB",
                repeats,
                _TARGET,
            )
        reader.choose()
        yield compare(
            Timed("random reads from the file cache", reader.ours),
            Timed("pread", reader.theirs),
            "MB",
            repeats,
            _TARGET,
        )
    finally:
        reader.close()


class _Reader:
    """Reads the same random clips in two ways."""

    def __init__(self, store: Path, num_clips: int) -> None:
        self._store = store
        self._num_clips = num_clips
        self._rng = np.random.default_rng(0)
        self._ragged = Ragged.open(store, STORE_NAME)
        self._clips = np.zeros(0, np.int64)
        self._num_forgotten = 0
        paths = sorted(store.glob("*.bin"))
        self._files = [os.open(path, os.O_RDONLY) for path in paths]
        self._spans = self._clip_spans()

    def _clip_spans(self) -> list[tuple[int, int, int]]:
        """Return file, first byte and size of every clip: they were written one after the other."""
        spans: list[tuple[int, int, int]] = []
        for clip, length in enumerate(self._ragged.lengths.tolist()):
            file, place = divmod(clip, _CLIPS_A_FILE)
            first = 0 if place == 0 else spans[-1][1] + spans[-1][2]
            spans.append((self._files[file], first, length * STORE_WIDTH * 2))
        return spans

    def choose(self) -> None:
        """Choose the clips that are read from now on."""
        self._clips = self._rng.choice(len(self._ragged), self._num_clips, replace=False)

    def from_disk(self) -> None:
        """Have the system forget the files; choose other clips for each pair of readings."""
        if self._num_forgotten % 2 == 0:
            self.choose()
        self._num_forgotten += 1
        self._ragged = Ragged.open(self._store, STORE_NAME)  # pages in use are not forgotten
        for file in self._files:
            os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)

    def ours(self) -> float:
        """Read as a training does: all clips of a batch are asked for, then used."""
        self._ragged.read_ahead(self._clips.tolist())
        return _megabytes(lambda clip: np.array(self._ragged[clip]), self._clips)

    def theirs(self) -> float:
        """Read with one system call a clip."""
        return _megabytes(self._pread, self._clips)

    def _pread(self, clip: int) -> NDArray[np.uint8]:
        file, first, size = self._spans[clip]
        return np.frombuffer(os.pread(file, size, first), np.uint8)

    def close(self) -> None:
        """Close the files."""
        for file in self._files:
            os.close(file)


def _megabytes(
    read: Callable[[int], NDArray[np.float16] | NDArray[np.uint8]], clips: NDArray[np.int64]
) -> float:
    kept = [read(clip) for clip in clips.tolist()]
    return sum(array.nbytes for array in kept) / 1e6
