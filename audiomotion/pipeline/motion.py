"""One motion that a system generated, and what is to be known of it."""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiomotion.motion.feet import cleaned, skating
from audiomotion.motion.representation import features_to_joints
from audiomotion.motion.skeleton import Skeleton


@dataclass(frozen=True, eq=False)
class GeneratedMotion:
    """A motion, its instruction and how it came about."""

    features: NDArray[np.float32]
    """`(N, P)`, not normalised, as the system generated them."""
    skeleton: Skeleton
    source: str
    """The recording's file, or the text."""
    seed: int
    length_from: str
    """`given` or `estimated`."""
    notes: tuple[str, ...] = ()
    """What speaks against it, each a sentence."""
    waveform: NDArray[np.float32] | None = None
    """What was heard `(S,)`, 16 kHz; None where text was read."""
    cleaned_joints: NDArray[np.float32] | None = None
    """Joints after a contact clean-up, in metres; None where there was none."""

    @cached_property
    def joints(self) -> NDArray[np.float32]:
        """`(N, J, 3)` in metres, Y up, from the origin on, facing +z at first."""
        if self.cleaned_joints is not None:
            return self.cleaned_joints
        joints = features_to_joints(self.features, self.skeleton)
        return joints / np.float32(self.skeleton.units_per_metre)

    @property
    def fps(self) -> float:
        """Frames a second."""
        return self.skeleton.fps

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return len(self.features) / self.fps

    @property
    def contacts(self) -> NDArray[np.bool_]:
        """Left ankle, left toe, right ankle, right toe `(N, 4)`: on the ground, as generated."""
        on_ground: NDArray[np.bool_] = self.features[:, self.skeleton.layout.contacts] > 0.5
        return on_ground

    @property
    def skating_m_per_s(self) -> float:
        """How fast feet slide while they are on the ground, in metres a second; 0 without any."""
        return skating(self.joints, self.contacts, self.skeleton)

    def with_clean_feet(self) -> "GeneratedMotion":
        """Return the motion with feet that stay where they touch the ground."""
        joints = cleaned(self.joints, self.contacts, self.skeleton)
        return replace(self, cleaned_joints=joints)

    def save(self, path: str | Path, **options: Any) -> list[Path]:
        """Write it in the format that the ending names: .npy, .bvh, .glb, .gif, .mp4 or .html.

        Returns:
            The files: `.npy` are two.

        Raises:
            ConfigError: No format has this ending, or it has no such option.
            DataError: The file cannot be written.
        """
        from audiomotion.pipeline.formats.base import exporter_of

        return exporter_of(Path(path).suffix.removeprefix("."), options).write(self, Path(path))
