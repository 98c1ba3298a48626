"""Arrays of different lengths in one memory-mapped file."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import DTypeLike, NDArray

from audiomotion.errors import DataError


def write_ragged(
    folder: Path, name: str, arrays: Iterable[NDArray[np.generic]], dtype: DTypeLike
) -> None:
    """Write arrays `(L_i, ...)` one after the other, with their offsets beside them.

    Raises:
        DataError: A value does not fit `dtype` (half precision overflows at 65,504), or is NaN.
    """
    offsets = [0]
    row_shape: tuple[int, ...] | None = None
    with (folder / f"{name}.bin").open("wb") as file:
        for index, array in enumerate(arrays):
            rows = _converted(array, np.dtype(dtype), f"{name}[{index}]")
            if row_shape is None:
                row_shape = rows.shape[1:]
            assert rows.shape[1:] == row_shape, f"{rows.shape[1:]} among {row_shape}"
            file.write(rows.tobytes())
            offsets.append(offsets[-1] + len(rows))
    np.savez(
        folder / f"{name}.npz",
        offsets=np.array(offsets, np.int64),
        row_shape=np.array(row_shape or (), np.int64),
        dtype=np.array(np.dtype(dtype).str),
    )


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
    """Read-only view of what `write_ragged` wrote; opening reads the offsets only."""

    def __init__(self, rows: NDArray[np.generic], offsets: NDArray[np.int64]) -> None:
        self._rows = rows
        self._offsets = offsets

    @classmethod
    def open(cls, folder: Path, name: str) -> "Ragged":
        """Map the file into memory.

        Raises:
            DataError: A file is missing or damaged.
        """
        path = folder / f"{name}.bin"
        try:
            with np.load(folder / f"{name}.npz") as index:
                offsets, shape = index["offsets"], tuple(index["row_shape"].tolist())
                dtype = np.dtype(str(index["dtype"]))
            expected = int(offsets[-1]) * int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
            if path.stat().st_size != expected:
                raise DataError(f"{path} has {path.stat().st_size} bytes instead of {expected}")
        except FileNotFoundError as error:
            raise DataError(f"{error.filename} is missing") from error
        except (BadZipFile, EOFError, KeyError, ValueError) as error:
            raise DataError(f"{path.with_suffix('.npz')} is damaged: {error}") from error
        if expected == 0:
            return cls(np.zeros((int(offsets[-1]), *shape), dtype), offsets)
        return cls(np.memmap(path, dtype, "r", shape=(int(offsets[-1]), *shape)), offsets)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Rows of each array."""
        return np.diff(self._offsets)

    @property
    def rows(self) -> NDArray[np.generic]:
        """All rows of all arrays, in order."""
        return self._rows

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def __getitem__(self, index):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN204
        """Return array `index`, a view of the file."""
        if not 0 <= index < len(self):
            raise IndexError(index)
        return self._rows[self._offsets[index] : self._offsets[index + 1]]

    def __iter__(self) -> Iterator[NDArray[np.generic]]:
        return (self[index] for index in range(len(self)))
