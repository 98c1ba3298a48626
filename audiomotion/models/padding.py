"""Arrays of different lengths as one batch."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def pad(arrays: Sequence[NDArray[np.generic]], value: float = 0.0) -> tuple[Tensor, Tensor]:
    """Stack arrays `(L_i, ...)` into `(B, max L, ...)`, float32 or int64, and their valid mask."""
    longest = max(len(array) for array in arrays)
    is_integer = np.issubdtype(arrays[0].dtype, np.integer)
    shape = (len(arrays), longest, *arrays[0].shape[1:])
    stacked = np.full(shape, value, np.int64 if is_integer else np.float32)
    for row, array in zip(stacked, arrays, strict=True):
        row[: len(array)] = array
    lengths = torch.tensor([len(array) for array in arrays])
    return torch.from_numpy(stacked), torch.arange(longest)[None] < lengths[:, None]
