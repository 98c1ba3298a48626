"""Arrays of different lengths in memory-mapped files: one file, or many with one index."""

import mmap
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from zipfile import BadZipFile

import numpy as np
from numpy.typing import DTypeLike, NDArray

from audiomotion.errors import DataError
from audiomotion.files import link_or_copy

_RESIDENT_BYTES: Final = 256 * 2**20
"""Mapped bytes after which pages are let go, so that a process does not grow with what it reads."""


@dataclass(frozen=True)
class _Index:
    """Where each array is; the `.npz` beside the data files holds exactly these."""

    files: NDArray[np.str_]
    """Names of the data files `(S,)`."""
    counts: NDArray[np.int64]
    """Arrays in each file `(S,)`: the first file's come first."""
    starts: NDArray[np.int64]
    """First row of each array in its file `(n,)`."""
    lengths: NDArray[np.int64]
    """Rows of each array `(n,)`."""
    checksums: NDArray[np.uint32]
    """CRC-32 of each array's bytes `(n,)`."""
    row_shape: NDArray[np.int64]
    """Shape of one row."""
    dtype: NDArray[np.str_]
    """Type of one value, with its byte order."""

    @classmethod
    def load(cls, path: Path) -> "_Index":
        try:
            with np.load(path) as arrays:
                index = cls(**{name: arrays[name] for name in cls.__dataclass_fields__})
                np.dtype(str(index.dtype))
        except FileNotFoundError as error:
            raise DataError(f"{path} is missing") from error
        except (BadZipFile, EOFError, KeyError, TypeError, ValueError) as error:
            raise DataError(f"{path} is damaged: {error}") from error
        return index

    def save(self, path: Path) -> None:
        np.savez(path, **vars(self))

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.row_shape.tolist())

    @property
    def row_bytes(self) -> int:
        """Bytes of one row."""
        return int(np.prod(self.row_shape)) * np.dtype(str(self.dtype)).itemsize

    def file_bytes(self) -> list[int]:
        """Return the size that each data file has to have."""
        rows = np.split(self.lengths, np.cumsum(self.counts)[:-1])
        return [int(lengths.sum()) * self.row_bytes for lengths in rows]


class RaggedWriter:
    """Writes arrays `(L_i, ...)` one after the other, in any order, and at last their index.

    A context manager: the index is written where the block ends well, so a file without one is
    not whole.
    """

    def __init__(self, folder: Path, name: str, dtype: DTypeLike) -> None:
        self._folder = folder
        self._name = name
        self._dtype = np.dtype(dtype)
        self._row_shape: tuple[int, ...] | None = None
        self._num_rows = 0
        self._entries: dict[int, tuple[int, int, int]] = {}

    def __enter__(self) -> Self:
        """Open the data file."""
        self._file = (self._folder / f"{self._name}.bin").open("wb")
        return self

    def add(self, place: int, array: NDArray[np.generic]) -> None:
        """Write the array that `Ragged` will have at `place`.

        Raises:
            DataError: A value does not fit the type (half precision ends at 65,504), or is NaN.
        """
        rows = _converted(array, self._dtype, f"{self._name}[{place}]")
        if self._row_shape is None:
            self._row_shape = rows.shape[1:]
        assert rows.shape[1:] == self._row_shape, f"{rows.shape[1:]} among {self._row_shape}"
        assert place not in self._entries, f"{place} is written twice"
        content = rows.tobytes()
        self._file.write(content)
        self._entries[place] = (self._num_rows, len(rows), zlib.crc32(content))
        self._num_rows += len(rows)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Write the index, unless the block was left by an error."""
        self._file.close()
        if error is not None:
            return
        assert sorted(self._entries) == list(range(len(self._entries))), "some place is empty"
        entries = np.array([self._entries[place] for place in range(len(self._entries))], np.int64)
        starts, lengths, checksums = entries.reshape(-1, 3).T
        _Index(
            files=np.array([f"{self._name}.bin"]),
            counts=np.array([len(self._entries)], np.int64),
            starts=starts,
            lengths=lengths,
            checksums=checksums.astype(np.uint32),
            row_shape=np.array(self._row_shape or (), np.int64),
            dtype=np.array(self._dtype.str),
        ).save(self._folder / f"{self._name}.npz")


def write_ragged(
    folder: Path, name: str, arrays: Iterable[NDArray[np.generic]], dtype: DTypeLike
) -> None:
    """Write arrays `(L_i, ...)` one after the other, with an index beside them.

    Raises:
        DataError: A value does not fit `dtype` (half precision overflows at 65,504), or is NaN.
    """
    with RaggedWriter(folder, name, dtype) as writer:
        for place, array in enumerate(arrays):
            writer.add(place, array)


def join_ragged(shards: Sequence[Path], folder: Path, name: str) -> None:
    """Make one `Ragged` of several: their files are linked, not copied, and get one index.

    Args:
        shards: Folders, each with a `Ragged` called `name`; the first one's arrays come first.
        folder: Where the files and the index go.
        name: Of the shards, and of what is made of them.

    Raises:
        DataError: A shard is damaged.
    """
    indices = [_Index.load(shard / f"{name}.npz") for shard in shards]
    files = [f"{name}-{number:05d}.bin" for number in range(len(shards))]
    for shard, file in zip(shards, files, strict=True):
        link_or_copy(shard / f"{name}.bin", folder / file)
    first = indices[0]
    assert all(index.shape == first.shape and index.dtype == first.dtype for index in indices)
    _Index(
        files=np.array(files),
        counts=np.concatenate([index.counts for index in indices]),
        starts=np.concatenate([index.starts for index in indices]),
        lengths=np.concatenate([index.lengths for index in indices]),
        checksums=np.concatenate([index.checksums for index in indices]),
        row_shape=first.row_shape,
        dtype=first.dtype,
    ).save(folder / f"{name}.npz")


def _converted(
    array: NDArray[np.generic], dtype: np.dtype[np.generic], name: str
) -> NDArray[np.generic]:
    with np.errstate(over="ignore"):
        rows = np.ascontiguousarray(array, dtype=dtype)
    if dtype.kind == "f" and not np.isfinite(rows).all():
        raise DataError(f"{name} holds a value that is not finite as {dtype}")
    if dtype.kind in "iu" and not np.array_equal(rows, array):
        raise DataError(f"{name} holds a value that {dtype} cannot hold")
    return rows


class Ragged(Sequence[NDArray[np.generic]]):
    """Read-only view of what was written; opening reads the index and the files' sizes only.

    A file is mapped when one of its arrays is first wanted, and an array's checksum is looked at
    when that array is: looking at a whole file's would read a thousand times what is asked for.
    The process holds on to 256 MiB of what it has read; the rest is the system's file cache.
    """

    def __init__(self, folder: Path, index: _Index) -> None:
        self._folder = folder
        self._index = index
        self._dtype = np.dtype(str(index.dtype))
        self._file_of = np.repeat(np.arange(len(index.counts)), index.counts)
        self._checked = np.zeros(len(index.lengths), bool)
        self._mapped: dict[int, mmap.mmap] = {}
        self._touched = 0

    @classmethod
    def open(cls, folder: Path, name: str) -> "Ragged":
        """Open the arrays called `name`.

        Raises:
            DataError: A file is missing or damaged, or has another size.
        """
        index = _Index.load(folder / f"{name}.npz")
        for file, expected in zip(index.files.tolist(), index.file_bytes(), strict=True):
            path = folder / file
            try:
                found = path.stat().st_size
            except FileNotFoundError as error:
                raise DataError(f"{path} is missing") from error
            if found != expected:
                raise DataError(f"{path} has {found} bytes instead of {expected}")
        return cls(folder, index)

    @classmethod
    def open_index(cls, folder: Path, name: str) -> "Ragged":
        """Open what says how long the arrays are; their files need not be there.

        Raises:
            DataError: The index is missing or damaged.
        """
        return cls(folder, _Index.load(folder / f"{name}.npz"))

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Rows of each array."""
        return self._index.lengths

    @cached_property
    def num_bytes(self) -> int:
        """Bytes of all arrays."""
        return int(self.lengths.sum()) * self._index.row_bytes

    def read_ahead(self, indices: Iterable[int]) -> None:
        """Have the system fetch some arrays from the disk, all at once, while others are read."""
        for index in indices:
            self._fetch(index)

    def __len__(self) -> int:
        return len(self._index.lengths)

    def __getitem__(self, index):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN204
        """Return array `index`, a view of the file.

        Raises:
            DataError: Its bytes have changed since they were written.
        """
        if not 0 <= index < len(self):
            raise IndexError(index)
        shape = (int(self._index.lengths[index]), *self._index.shape)
        first, size = self._span(index)
        if size == 0:
            return np.zeros(shape, self._dtype)
        self._let_go(size)
        self._fetch(index)
        mapped = self._map(int(self._file_of[index]))
        rows = np.frombuffer(mapped, self._dtype, size // self._dtype.itemsize, first)
        if not self._checked[index]:
            self._check(index, rows)
        return rows.reshape(shape)

    def __iter__(self) -> Iterator[NDArray[np.generic]]:
        return (self[index] for index in range(len(self)))

    def _span(self, index: int) -> tuple[int, int]:
        """Return first byte and number of bytes of an array in its file."""
        row_bytes = self._index.row_bytes
        return int(self._index.starts[index]) * row_bytes, int(self.lengths[index]) * row_bytes

    def _map(self, number: int) -> mmap.mmap:
        if number not in self._mapped:
            with (self._folder / str(self._index.files[number])).open("rb") as file:
                self._mapped[number] = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return self._mapped[number]

    def _fetch(self, index: int) -> None:
        # One page at a time, as a mapping is read otherwise, a disk is ten times slower (measured).
        first, size = self._span(index)
        if size:
            page = first // mmap.PAGESIZE * mmap.PAGESIZE
            mapped = self._map(int(self._file_of[index]))
            mapped.madvise(mmap.MADV_WILLNEED, page, first + size - page)

    def _let_go(self, size: int) -> None:
        """Return pages to the system's file cache; views stay good, and fetch theirs from there."""
        self._touched += size
        if self._touched > _RESIDENT_BYTES:
            self._touched = size
            for mapped in self._mapped.values():
                mapped.madvise(mmap.MADV_DONTNEED)

    def _check(self, index: int, rows: NDArray[np.generic]) -> None:
        if zlib.crc32(rows.data) != self._index.checksums[index]:
            path = self._folder / str(self._index.files[self._file_of[index]])
            raise DataError(
                f"{path}: array {index} has changed since it was written; "
                f"delete {self._folder} and run again"
            )
        self._checked[index] = True
