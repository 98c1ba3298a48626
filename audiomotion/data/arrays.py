"""Published arrays of real numbers, read without running what the file contains."""

from pathlib import Path
from tokenize import TokenError
from typing import Any, Final
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from audiomotion.errors import ModelError

UNREADABLE: Final = (
    OSError,
    ValueError,
    EOFError,
    MemoryError,
    OverflowError,
    SyntaxError,
    TokenError,
    BadZipFile,
)
"""What numpy raises on damaged files, by where the damage is; the header is parsed as Python."""


def read_real_array(path: Path, shape: tuple[int, ...], what: str) -> NDArray[np.floating]:
    """Read a `.npy` file of finite numbers; `what` says in an error why it has to have `shape`.

    Raises:
        ModelError: The file is damaged, has another shape, or holds something else.
    """
    try:
        array: Any = np.load(path, allow_pickle=False)
    except UNREADABLE as error:
        raise ModelError(f"{path} cannot be read as an array; get the file again") from error
    if not isinstance(array, np.ndarray) or not np.issubdtype(array.dtype, np.floating):
        raise ModelError(f"{path} holds no array of real numbers; get the file again")
    if array.shape != shape:
        raise ModelError(f"{path} has shape {array.shape}, and {what} {shape}; give the other file")
    with np.errstate(over="ignore"):  # all that is read is used in single precision
        if not np.isfinite(array.astype(np.float32)).all():
            raise ModelError(f"{path} holds NaN or infinite values; get the file again")
    return array
