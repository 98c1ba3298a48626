"""Mean and standard deviation of motion features, and what they are for."""

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
        """Measure frames `(N, P)`; the deviation is averaged within feature groups.

        Source: the published statistics are averaged so, which keeps the proportions of a group.
        """
        mean, std = frames.mean(0, dtype=np.float64), frames.std(0, dtype=np.float64)
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
