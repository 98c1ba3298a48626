"""Reading BVH motion capture: any hierarchy, channels, rotation order and frame rate."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NoReturn, TypeAlias

import numpy as np
from numpy.typing import NDArray

from audiomotion.errors import DataError
from audiomotion.motion.bvh_hierarchy import (
    POSITION_CHANNELS,
    BvhJoint,
    HierarchyReader,
    fail_at,
)

Units: TypeAlias = Literal["auto", "cm", "m"]

_AXES = {"x": 0, "y": 1, "z": 2}


@dataclass(frozen=True, eq=False)
class BvhClip:
    """Joint positions of one BVH file; end sites are left out."""

    joint_names: tuple[str, ...]
    parents: tuple[int, ...]
    """Parent of each joint, which always comes before it; -1 for a root."""
    positions: NDArray[np.float64]
    """World positions `(T, J, 3)` in the file's units."""
    frame_seconds: float

    @property
    def fps(self) -> float:
        """Frames a second; a whole number where the file's rounded frame time means one."""
        rate = 1.0 / self.frame_seconds
        # 0.0333333 means 30 and 0.00833 means 120; 29.97 is 1e-3 away from 30 and stays itself.
        return float(round(rate)) if abs(rate - round(rate)) < 5e-4 * rate else rate


def read_bvh(path: Path) -> BvhClip:
    """Read a BVH file and run its forward kinematics.

    Raises:
        DataError: The file is missing, truncated or malformed; the message names file and line.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
    return parse_bvh(content, str(path))


def parse_bvh(content: bytes, source: str) -> BvhClip:
    """Read the bytes of a BVH file; `source` is its name in messages.

    Raises:
        DataError: The content is truncated or malformed.
    """
    lines = content.decode("utf-8-sig", errors="replace").splitlines()
    motion_line = next(
        (i for i, line in enumerate(lines) if line.strip().upper() == "MOTION"), None
    )
    if motion_line is None:
        fail_at(source, len(lines), "no MOTION section: cut off, or not a BVH file; copy it again")
    joints = HierarchyReader(source).read(lines[:motion_line])
    num_channels = sum(len(joint.channels) for joint in joints)
    values, frame_seconds = _read_motion(lines, motion_line + 1, num_channels, source)
    return BvhClip(
        joint_names=tuple(joint.name for joint in joints),
        parents=tuple(joint.parent for joint in joints),
        positions=_forward_kinematics(joints, values),
        frame_seconds=frame_seconds,
    )


def _read_motion(
    lines: Sequence[str], start: int, num_channels: int, source: str
) -> tuple[NDArray[np.float64], float]:
    """Return the channel values `(T, channels)` and the seconds of a frame."""
    numbered = [(i, line) for i, line in enumerate(lines[start:], start + 1) if line.strip()]
    if len(numbered) < 2:
        fail_at(source, len(lines), "cut off after MOTION; copy the file again")
    num_frames = _header_number(numbered[0], "Frames:", source)
    frame_seconds = _header_number(numbered[1], "Frame Time:", source)
    rows = numbered[2:]
    if num_frames != int(num_frames) or len(rows) != num_frames:
        fail_at(
            source,
            len(lines),
            f"{len(rows)} frames follow where {num_frames:g} are announced; "
            f"{'cut off, copy it again' if len(rows) < num_frames else 'correct its Frames: line'}",
        )
    return _read_rows(rows, num_channels, source), frame_seconds


def _header_number(numbered: tuple[int, str], key: str, source: str) -> float:
    """Read `Frames:` or `Frame Time:` and its positive number."""
    line_number, line = numbered
    label, _, value = line.strip().partition(":")
    if " ".join(label.split()).lower() + ":" == key.lower():
        try:
            number = float(value)
        except ValueError:
            number = -1.0
        if 0 < number < float("inf"):
            return number
    fail_at(source, line_number, f"'{line.strip()[:60]}' should be '{key}' and a positive number")


def _read_rows(
    rows: Sequence[tuple[int, str]], num_channels: int, source: str
) -> NDArray[np.float64]:
    try:
        values = np.loadtxt([line for _, line in rows], comments=None, ndmin=2)
    except ValueError:
        _find_bad_row(rows, num_channels, source)
    if values.shape[1] != num_channels or not np.isfinite(values).all():
        _find_bad_row(rows, num_channels, source)
    return values


def _find_bad_row(rows: Sequence[tuple[int, str]], num_channels: int, source: str) -> NoReturn:
    """Name the first line that cannot be read; only called once one is known to exist."""
    for line_number, line in rows:
        words = line.split()
        if len(words) != num_channels:
            fail_at(
                source,
                line_number,
                f"{len(words)} values where the hierarchy has {num_channels} channels",
            )
        for column, word in enumerate(words):
            if not _is_finite_number(word):
                fail_at(
                    source,
                    line_number,
                    f"value {column + 1} is '{word[:20]}', not a finite number; "
                    "repair or leave out this clip",
                )
    raise AssertionError("every row can be read one by one")


def _is_finite_number(word: str) -> bool:
    try:
        return "_" not in word and bool(np.isfinite(float(word)))
    except ValueError:
        return False


def _forward_kinematics(
    joints: Sequence[BvhJoint], values: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return world positions `(T, J, 3)`."""
    num_frames = len(values)
    positions = np.empty((num_frames, len(joints), 3))
    rotations = np.empty((len(joints), num_frames, 3, 3))
    for index, joint in enumerate(joints):
        offset, rotation = _local_pose(joint, values)
        if joint.parent >= 0:
            parent = rotations[joint.parent]
            offset = positions[:, joint.parent] + (parent @ offset[:, :, None])[:, :, 0]
            rotation = parent @ rotation
        positions[:, index], rotations[index] = offset, rotation
    return positions


def _local_pose(
    joint: BvhJoint, values: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return position `(T, 3)` and rotation `(T, 3, 3)` in the parent's frame.

    Position channels replace the OFFSET: a file that has them on every joint repeats it there, so
    adding the two would double the skeleton. Rotations multiply in the order of their channels.
    """
    position = np.tile(np.array(joint.offset), (len(values), 1))
    rotation = np.broadcast_to(np.eye(3), (len(values), 3, 3))
    for column, channel in enumerate(joint.channels, joint.first_column):
        axis = _AXES[channel[0]]
        if channel in POSITION_CHANNELS:
            position[:, axis] = values[:, column]
        else:
            rotation = rotation @ _axis_rotation(axis, np.deg2rad(values[:, column]))
    return position, rotation


def _axis_rotation(axis: int, angles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return rotation matrices `(T, 3, 3)` about a coordinate axis."""
    matrices = np.zeros((len(angles), 3, 3))
    first, second = (axis + 1) % 3, (axis + 2) % 3
    cosine, sine = np.cos(angles), np.sin(angles)
    matrices[:, axis, axis] = 1.0
    matrices[:, first, first] = matrices[:, second, second] = cosine
    matrices[:, first, second] = -sine
    matrices[:, second, first] = sine
    return matrices


@dataclass(frozen=True)
class LengthUnit:
    """The unit of a clip's positions."""

    name: Literal["cm", "m"]
    guessed: bool
    """True where it was concluded from the size of the skeleton."""
    skeleton_size: float
    """Longest way through the bones from one end of the body to another, in the file's units."""

    @property
    def metres(self) -> float:
        """Metres of one unit."""
        return 0.01 if self.name == "cm" else 1.0


def length_unit(clip: BvhClip, units: Units = "auto") -> LengthUnit:
    """Return the unit of `clip`: as given, or with `auto` concluded from its skeleton's size.

    Raises:
        DataError: With `auto`, the skeleton is as large as no person is in either unit.
    """
    size = _skeleton_size(clip)
    if units != "auto":
        return LengthUnit(units, False, size)
    # From hand or head to foot a person measures 1 to 3 m along the bones, a child included.
    if 0.8 <= size <= 4.0:
        return LengthUnit("m", True, size)
    if 80.0 <= size <= 400.0:
        return LengthUnit("cm", True, size)
    raise DataError(
        f"the skeleton measures {size:.4g} along its bones, which is no person in metres or in "
        "centimetres; give the unit (cm or m) or rescale the file"
    )


def _skeleton_size(clip: BvhClip) -> float:
    """Return the longest path between two joints, along bones that keep their length.

    A "bone" that stretches is travel: some files put it between the root and the hips.
    """
    reach = np.zeros(len(clip.parents))
    longest = 0.0
    for child in reversed(range(len(clip.parents))):
        parent = clip.parents[child]
        if parent < 0:
            continue
        lengths = np.linalg.norm(clip.positions[:, child] - clip.positions[:, parent], axis=-1)
        rigid = float(np.ptp(lengths)) <= 0.05 * float(np.median(lengths))
        below = reach[child] + (float(np.median(lengths)) if rigid else 0.0)
        longest = max(longest, reach[parent] + below)
        reach[parent] = max(reach[parent], below)
    return float(longest)
