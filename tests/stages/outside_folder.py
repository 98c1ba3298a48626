"""Real test clips, written as another system would give its motions."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from audiomotion.data.dataset import ClipRecord, MotionDataset
from tests.data.outside_forms import bvh_of, joints_of

Name = Callable[[ClipRecord], str]


class OutsideFolder:
    """A folder that a test writes motions into."""

    def __init__(self, path: Path, dataset: MotionDataset) -> None:
        self.path = path
        self.dataset = dataset
        self.clips = dataset.split("test")

    def real(self, clip: ClipRecord) -> np.ndarray:
        return np.array(self.dataset.features[clip.index], np.float32)

    def features(self, place: str = ".", name: Name = lambda clip: clip.name) -> None:
        for clip in self.clips:
            self.save(f"{place}/{name(clip)}.npy", self.real(clip))

    def joints(self) -> None:
        for clip in self.clips:
            joints = joints_of(self.real(clip), self.dataset.skeleton)
            self.save(f"{clip.name}@0.npy", joints)

    def bvh(self) -> None:
        skeleton = self.dataset.skeleton
        self.path.mkdir()
        for clip in self.clips:
            joints = joints_of(self.real(clip), skeleton)
            (self.path / f"{clip.name}@0.bvh").write_text(bvh_of(joints, skeleton, skeleton.fps))

    def save(self, name: str, values: np.ndarray) -> None:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, values)
