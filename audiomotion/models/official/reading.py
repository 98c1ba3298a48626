"""Torch checkpoint files, read without running anything that they contain."""

import pickle
import re
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from audiomotion.errors import ModelError

_NUMBERS: Final = "?bhilqBHILQefd"
"""Type characters of numpy's numbers."""

_NEWER_OPCODES: Final = range(0x8C, 0x99)
"""Instructions of pickle protocols 4 and 5, among them one that names code without its name."""

_UNREADABLE: Final = (
    OSError,
    ValueError,
    TypeError,
    RuntimeError,
    EOFError,
    LookupError,
    AttributeError,
    AssertionError,
    MemoryError,
    OverflowError,
    zipfile.BadZipFile,
)
"""What torch raises on damaged files, by where the damage is."""


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Return the content of a file of `torch.save`, in zip form or in that of older torch.

    Besides tensors and plain containers only numpy's numbers are admitted: published files keep
    losses and epochs as such. A file in zip form is memory-mapped: copy what is to outlive it.

    Raises:
        ModelError: There is no such file; it is damaged; it carries code; it holds no named things.
    """
    if not path.is_file():
        raise ModelError(f"there is no file {path}; give the published checkpoint or its folder")
    try:
        content = _load(path)
    except pickle.UnpicklingError as error:
        raise _refusal(path, error) from error
    except _UNREADABLE as error:
        raise _damaged(path) from error
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise ModelError(
            f"{path} holds a {type(content).__name__} and no parts by name; it is no published "
            "checkpoint"
        )
    return content


def tensors_of(path: Path, part: str, content: Any) -> dict[str, Tensor]:
    """Return a state dict of a checkpoint's content as what it has to be: tensors by name.

    Raises:
        ModelError: It is something else.
    """
    if isinstance(content, Mapping) and all(
        isinstance(key, str) and isinstance(value, Tensor) for key, value in content.items()
    ):
        return dict(content)
    raise ModelError(
        f"{path}: what it has under {part} is not tensors by name; it is no published checkpoint"
    )


def _load(path: Path) -> Any:
    numbers: Any = _numpy_numbers()
    with torch.serialization.safe_globals(numbers), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of pickle protocols; what cannot be read is an error
        return torch.load(
            path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path)
        )


def _numpy_numbers() -> list[Any]:
    """Return what a pickled numpy number needs, by its names before and since numpy 2."""
    scalar = np.float32(0).__reduce__()[0]
    names = ("numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar")
    return [*((scalar, name) for name in names), np.dtype, *{type(np.dtype(c)) for c in _NUMBERS}]


def _refusal(path: Path, error: pickle.UnpicklingError) -> ModelError:
    """Return the error for what torch would not unpickle; its own text advises to run the file."""
    text = str(error)
    if named := re.search(r"GLOBAL ([\w.]+)", text):
        return ModelError(
            f"{path} carries code ({named[1]}), which was not run; published checkpoints hold "
            "tensors and numbers alone: get the file from its authors"
        )
    operand = re.search(r"Unsupported operand (\d+)", text)
    if operand and int(operand[1]) in _NEWER_OPCODES:
        return ModelError(
            f"{path} is pickled by a protocol that torch.save does not use and that can carry code "
            "unseen; it was not run: get the file from its authors"
        )
    return _damaged(path)


def _damaged(path: Path) -> ModelError:
    return ModelError(
        f"{path} cannot be read as a checkpoint of torch: it is damaged, cut short or something "
        "else; get the file again"
    )
