"""A folder of somebody's own motion, filled by a test."""

import csv
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audiomotion.motion.skeleton import HUMANML3D_22, Skeleton
from tests.motion.bvh_files import bandai_text

FIELDS = ("file", "caption", "oral", "audio", "oral_audio", "split", "group", "start", "end")


def walking(
    num_frames: int, seed: int = 0, skeleton: Skeleton = HUMANML3D_22
) -> NDArray[np.float64]:
    """Return joints `(T, J, 3)` in metres of a rest pose that sways and travels."""
    rng = np.random.default_rng(seed)
    pose = np.zeros((skeleton.num_joints, 3))
    bones = skeleton.target_offsets / skeleton.units_per_metre
    for joint, parent in enumerate(skeleton.parents[1:], 1):
        pose[joint] = pose[parent] + bones[joint]
    time = np.arange(num_frames)[:, None, None] / 20
    sway = 0.03 * np.sin(2 * np.pi * time * rng.uniform(0.5, 1.5, (1, len(pose), 3)))
    return pose - pose[:, 1].min() * np.array([0, 1, 0]) + sway + time * np.array([0.0, 0.0, 0.6])


class OwnFiles:
    """Writes motion files and the manifest's rows."""

    def __init__(self, folder: Path, source: str = "fps: 20\nlicence: CC0\ntitle: Ours\n") -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self.rows: list[dict[str, object]] = []
        (folder / "source.yaml").write_text(source)

    def joints(self, file: str, num_frames: int = 61, **row: object) -> None:
        """Add a joint array and a row for it."""
        self._place(file)
        np.save(self.folder / file, walking(num_frames, seed=len(self.rows)))
        self.row(file, **row)

    def bvh(self, file: str, num_frames: int = 91, **row: object) -> None:
        """Add a BVH file and a row for it; it has 30 frames a second."""
        self._place(file)
        (self.folder / file).write_text(bandai_text(num_frames, seed=len(self.rows)))
        self.row(file, **row)

    def row(self, file: str, **row: object) -> None:
        """Add a row of the manifest."""
        self.rows.append({"file": file, "caption": "a person walks", **row})

    def _place(self, file: str) -> None:
        (self.folder / file).parent.mkdir(parents=True, exist_ok=True)

    def write_csv(self) -> Path:
        """Write the manifest as CSV; return the folder."""
        with (self.folder / "manifest.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, FIELDS)
            writer.writeheader()
            writer.writerows(self.rows)
        return self.folder

    def write_jsonl(self) -> Path:
        """Write the manifest as JSON lines; return the folder."""
        lines = "".join(f"{json.dumps(row)}\n" for row in self.rows)
        (self.folder / "manifest.jsonl").write_text(lines)
        return self.folder
