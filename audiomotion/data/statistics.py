"""Mean and standard deviation of motion features, and what they are for."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audiomotion.files import write_atomic
from audiomotion.motion.skeleton import Skeleton

_FILE = "stats.npz"


@dataclass(frozen=True, eq=False)
class Statistics:
    """What a model's motion is normalised with."""

    mean: NDArray[np.float32]
    """`(P,)`, in metres and radians."""

    std: NDArray[np.float32]
    """`(P,)`, above zero."""

    @classmethod
    def of(cls, frames: NDArray[np.float32], skeleton: Skeleton) -> "Statistics":
        """Measure frames `(N, P)`, at least one. See `of_clips`."""
        return cls.of_clips([frames], skeleton)

    @classmethod
    def of_clips(cls, clips: Iterable[NDArray[np.float32]], skeleton: Skeleton) -> "Statistics":
        """Measure the frames of all clips `(N, P)`; the deviation is averaged within groups.

        `clips` is gone through twice, and one clip at a time is held. The result does not depend
        on how frames are spread over clips, to the last bit: rows are added in their order.

        Source: the published statistics are averaged so, which keeps the proportions of a group.
        """
        mean = _mean_rows(clips)
        std = np.sqrt(_mean_rows(np.square(clip - mean) for clip in clips))
        for part in fields(skeleton.layout):
            group = getattr(skeleton.layout, part.name)
            std[group] = max(float(std[group].mean()), 1e-4)
        return cls(mean.astype(np.float32), std.astype(np.float32))

    @classmethod
    def load(cls, folder: Path) -> "Statistics":
        """Read what `save` wrote."""
        with np.load(folder / _FILE) as stats:
            return cls(stats["mean"], stats["std"])

    def save(self, folder: Path) -> None:
        """Write both into one file."""
        write_atomic(folder / _FILE, lambda file: np.savez(file, mean=self.mean, std=self.std))

    def normalise(self, features: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return motion `(N, P)` with mean 0 and deviation 1."""
        normal: NDArray[np.float32] = ((features - self.mean) / self.std).astype(np.float32)
        return normal

    def denormalise(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return motion `(N, P)` in metres and radians."""
        return (features * self.std + self.mean).astype(np.float32)


def _mean_rows(arrays: Iterable[NDArray[np.floating]]) -> NDArray[np.float64]:
    """Return the mean `(P,)` of the rows of all arrays `(N, P)`, of which one has a row."""
    total: NDArray[np.float64] | None = None
    count = 0
    for rows in arrays:
        if not len(rows):
            continue
        # With the sum so far as a first row, numpy adds row by row as it would in one array.
        before = rows[:0] if total is None else total[None]
        total = np.add.reduce(np.concatenate([before, rows]), axis=0, dtype=np.float64)
        count += len(rows)
    assert total is not None, "statistics of no frames"
    mean: NDArray[np.float64] = total / count
    return mean
