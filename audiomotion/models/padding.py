"""Arrays of different lengths as one batch."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import DTypeLike, NDArray
from torch import Tensor


def pad(arrays: Sequence[NDArray[np.generic]], value: float = 0.0) -> tuple[Tensor, Tensor]:
    """Stack arrays `(L_i, ...)` into `(B, max L, ...)`, float32 or int64, and their valid mask."""
    is_integer = np.issubdtype(arrays[0].dtype, np.integer)
    return _stacked(arrays, np.int64 if is_integer else np.float32, value)


def pad_as_stored(arrays: Sequence[NDArray[np.floating]]) -> tuple[Tensor, Tensor]:
    """As `pad`, with zeros, in the arrays' own precision: half as much to copy to a GPU."""
    return _stacked(arrays, arrays[0].dtype, 0.0)


def _stacked(
    arrays: Sequence[NDArray[np.generic]], dtype: DTypeLike, value: float
) -> tuple[Tensor, Tensor]:
    longest = max(len(array) for array in arrays)
    shape = (len(arrays), longest, *arrays[0].shape[1:])
    stacked = np.full(shape, value, dtype)
    for row, array in zip(stacked, arrays, strict=True):
        row[: len(array)] = array
    lengths = torch.tensor([len(array) for array in arrays])
    return torch.from_numpy(stacked), torch.arange(longest)[None] < lengths[:, None]
