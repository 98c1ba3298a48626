"""Raw data that is not there, not where it belongs, or not what it should be."""

from pathlib import Path

import numpy as np
import pytest

from audiomotion.files import read_json
from tests.cli.command_line import amx, train

KIT = ("ablate", "feature-extractor", "--dataset", "kit")
ACTIONS = ("walks", "runs", "jumps", "waves", "kicks", "bows", "turns", "sits")


class KitFolder:
    """A data set in the published layout of KIT-ML, of noise."""

    def __init__(self, root: Path, num_frames: int = 70) -> None:
        self.num_frames = num_frames
        self.folder = root / "KIT-ML"
        for part in ("new_joint_vecs", "texts"):
            (self.folder / part).mkdir(parents=True)
        self.rng = np.random.default_rng(0)

    def add(self, name: str, split: str, caption: str, broken: bool = False) -> None:
        motion = self.rng.normal(size=(self.num_frames, 251)).astype(np.float32)
        if broken:
            motion[7, 3] = np.nan
        np.save(self.folder / "new_joint_vecs" / f"{name}.npy", motion)
        line = f"{caption}#a/DET person/NOUN {name}/VERB#0.0#0.0\n"
        (self.folder / "texts" / f"{name}.txt").write_text(line)
        with (self.folder / f"{split}.txt").open("a") as file:
            file.write(f"{name}\n")

    def fill(self, num_test: int) -> None:
        for split, number in (("train", 12), ("val", 2), ("test", num_test)):
            for index in range(number):
                way = f"{ACTIONS[index % 8]} {'twice' if index >= 8 else 'once'}"
                self.add(f"{split}{index}", split, f"a person {way}")


def test_a_data_set_of_files_needs_a_data_root(tmp_path: Path) -> None:
    for command in (KIT, ("train", "kit"), ("data", "check", "--dataset", "kit")):
        ended = amx(*command)
        assert ended.code == 2
        for words in ("kit", "--data-root ROOT", "AMX_DATA_ROOT", "ROOT/KIT-ML", "To get it"):
            assert words in ended.problem
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", [KIT, ("data", "check", "--dataset", "kit")])
def test_a_wrong_data_root(command: tuple[str, ...], tmp_path: Path) -> None:
    root = tmp_path / "raw"
    ended = amx(*command, "--data-root", root)
    assert ended.code == 3
    assert f"the folder {root}/KIT-ML is missing" in ended.problem
    assert "github.com/EricGuo5513/HumanML3D" in ended.problem
    assert f"put its unpacked folder at {root}/KIT-ML" in ended.problem
    assert list(tmp_path.iterdir()) == []


def test_half_a_data_set(tmp_path: Path) -> None:
    KitFolder(tmp_path).add("00001", "train", "a person walks")
    ended = amx(*KIT, "--data-root", tmp_path)
    assert ended.code == 3
    for split in ("val", "test"):
        assert f"{tmp_path}/KIT-ML/{split}.txt is missing or empty" in ended.problem


def test_a_plan_can_be_made_without_data() -> None:
    ended = amx(*KIT, "--dry-run")
    assert ended.code == 0
    assert "feature-extractor on kit: 4 arms" in ended.out
    assert "--data-root" in ended.err and "as if nothing were cached" in ended.err


def test_what_cannot_be_used_is_left_out_and_said(store: Path, tmp_path: Path) -> None:
    kit = KitFolder(tmp_path)
    kit.fill(16)
    kit.add("holes", "train", "a person falls", broken=True)
    kit.add("silent", "train", "")
    ended = train(store, "--dataset", "kit", "--data-root", tmp_path)
    assert ended.code == 0, ended.err
    (line,) = (line for line in ended.err.splitlines() if "left out of the data set" in line)
    report = read_json(Path(line.rpartition(" ")[2]))
    assert f"{len(report['dropped'])};" in line
    reasons = {dropped["name"]: dropped["reason"] for dropped in report["dropped"]}
    assert reasons == {
        "holes": "holds values that are not finite numbers",
        "silent caption 0": "is empty",
        "silent": "has no usable caption",
    }
    assert report["num_clips"] == {"train": 12, "val": 2, "test": 16}
    checked = amx("data", "check", "--dataset", "kit", "--data-root", tmp_path)
    assert checked.code == 3
    assert checked.problems == [
        "silent: caption 0 is empty",
        "holes: holds values that are not finite numbers",
    ]


def test_a_split_smaller_than_a_pool(store: Path, tmp_path: Path) -> None:
    KitFolder(tmp_path).fill(9)
    ended = train(store, "--dataset", "kit", "--data-root", tmp_path)
    assert ended.code == 3
    assert "pools of 16 needs at least 16 clips with different captions" in ended.problem
    assert "the split has 9" in ended.problem
    assert "evaluation.pool_size" in ended.problem


def test_clips_shorter_than_a_window(store: Path, tmp_path: Path) -> None:
    KitFolder(tmp_path, num_frames=50).fill(16)
    ended = train(store, "--dataset", "kit", "--data-root", tmp_path)
    assert ended.code == 3
    assert "windows of 64 frames, and the longest training clip has 50" in ended.problem
    assert "rvq.window_frames" in ended.problem
