"""A data set in the published layout, filled by a test."""

from pathlib import Path

import numpy as np

from audiomotion.config.datasets import FolderSchema
from audiomotion.data.dataset import RawDataset
from audiomotion.data.published import read_published

LINE = "a person walks.#a/DET person/NOUN walk/VERB#0.0#0.0\n"


def read_whole(config: FolderSchema, root: Path) -> RawDataset:
    """Return a data set with all of its clips in memory."""
    raw = read_published(config, root, lambda done, total: None)
    raw.clips = list(raw.clips)
    return raw


class PublishedFolder:
    """A data set of noise, one clip in each split to begin with."""

    def __init__(self, root: Path, config: FolderSchema, width: int) -> None:
        self.root, self.config, self.width = root, config, width
        self.folder = root / config.folder
        for part in ("new_joint_vecs", "texts", "oral"):
            (self.folder / part).mkdir(parents=True)
        for split in ("train", "val", "test"):
            self.add(f"{split}0", split)

    def add(
        self,
        name: str,
        split: str = "train",
        num_frames: int = 60,
        text: str = LINE,
        oral: str = "",
    ) -> np.ndarray:
        features = np.random.default_rng(num_frames).normal(size=(num_frames, self.width))
        np.save(self.motion(name), features)
        (self.folder / "texts" / f"{name}.txt").write_text(text, "utf-8")
        if oral:
            (self.folder / "oral" / f"{name}.txt").write_text(oral, "utf-8")
        with (self.folder / f"{split}.txt").open("a") as file:
            file.write(f"{name}\n")
        return features.astype(np.float32)

    def motion(self, name: str) -> Path:
        return self.folder / "new_joint_vecs" / f"{name}.npy"

    def read(self) -> RawDataset:
        return read_whole(self.config, self.root)

    def reasons(self) -> dict[str, str]:
        return {dropped.name: dropped.reason for dropped in self.read().dropped}
