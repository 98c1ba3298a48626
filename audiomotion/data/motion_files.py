"""The motion files of the published folder layout, read with what may be wrong with them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from audiomotion.data.arrays import UNREADABLE


@dataclass(frozen=True)
class MotionHeader:
    """What the first bytes of a motion file say."""

    shape: tuple[int, ...]
    is_float: bool


def read_motion(path: Path, feature_dim: int) -> NDArray[np.float32] | str:
    """Return the features `(N, P)` of a clip, or why they cannot be used."""
    shown = f"{path.parent.name}/{path.name}"
    try:
        values = np.load(path, allow_pickle=False)
    except FileNotFoundError:
        return f"{shown} is missing"
    except UNREADABLE as error:
        return f"{shown} cannot be read ({_in_one_line(error)})"
    if not isinstance(values, np.ndarray):
        return f"{shown} cannot be read (it is an archive of arrays)"
    header = MotionHeader(values.shape, values.dtype.kind == "f")
    if problem := header_problem(header, feature_dim):
        return problem
    with np.errstate(over="ignore"):
        features = np.ascontiguousarray(values, np.float32)
    if not np.isfinite(features).all():
        return "holds values that are not finite numbers"
    return features


def header_problem(header: MotionHeader, feature_dim: int) -> str:
    """Return what is wrong with the form of a motion file; empty: nothing."""
    if len(header.shape) != 2 or header.shape[1] != feature_dim:
        return f"has shape {header.shape} instead of (frames, {feature_dim})"
    return "" if header.is_float else "holds values that are not finite numbers"


def read_motion_header(path: Path) -> MotionHeader | str:
    """Return the form of a motion file without reading its values, or why it cannot be read.

    A file that is cut off is found by its size.
    """
    shown = f"{path.parent.name}/{path.name}"
    try:
        with path.open("rb") as file:
            version = npy_format.read_magic(file)
            read = (
                npy_format.read_array_header_1_0
                if version == (1, 0)
                else npy_format.read_array_header_2_0
            )
            shape, _, dtype = read(file)
            expected = file.tell() + dtype.itemsize * int(np.prod(shape, dtype=np.int64))
            size = file.seek(0, 2)
    except FileNotFoundError:
        return f"{shown} is missing"
    except UNREADABLE as error:
        return f"{shown} cannot be read ({_in_one_line(error)})"
    if size < expected:
        return f"{shown} cannot be read (it is cut off: {size} of {expected} bytes)"
    return MotionHeader(shape, dtype.kind == "f")


def length_problem(num_frames: int, min_frames: int, max_frames: int) -> str:
    """Return why a clip of so many frames is left out; empty: it is not.

    Source: the published loaders keep min_frames <= frames < max_frames.
    """
    if min_frames <= num_frames < max_frames:
        return ""
    return f"has {num_frames} frames; {min_frames} to {max_frames - 1} are kept"


def _in_one_line(error: Exception) -> str:
    return " ".join(str(error).split())
