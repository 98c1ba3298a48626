"""Folders of the published form, with every quirk, from files to figures on the command line."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from audiomotion.config.datasets import FolderSchema, HumanML3DConfig, KitConfig
from audiomotion.data.fingerprint import fingerprint_folder
from audiomotion.data.statistics import Statistics
from audiomotion.files import read_json
from audiomotion.motion.skeleton import HUMANML3D_22, KIT_21, Skeleton
from tests.cli.command_line import Ended, amx, train

ACTIONS = ("walks", "runs", "jumps", "waves", "kicks", "bows", "turns", "sits", "hops")
SIZES = {"train": 72, "val": 6, "test": 24}
"""Clips of each split that have no fault, half of them mirrored."""


@dataclass
class Published:
    """A folder of the published form."""

    root: Path
    config: FolderSchema
    skeleton: Skeleton
    digits: int

    def __post_init__(self) -> None:
        for part in ("new_joint_vecs", "new_joints", "texts", "oral"):
            (self.folder / part).mkdir(parents=True)
        self.rng = np.random.default_rng(self.digits)
        self.next = 0
        for split, size in SIZES.items():
            for _ in range(size // 2):
                self.add(split, 70)
        self._add_quirks()
        self._write_statistics()

    @property
    def folder(self) -> Path:
        return self.root / self.config.folder

    def add(self, split: str, num_frames: int, name: str = "", text: str = "") -> str:
        """Add a clip and its mirror image; return the clip's name."""
        way = "once" if self.next % 18 < 9 else "twice"
        action, self.next = ACTIONS[self.next % 9], self.next + 1
        name = name or f"{self.next:0{self.digits}d}"
        for image in ("", "M"):
            motion = self.rng.normal(size=(num_frames, self.skeleton.feature_dim))
            path = self.folder / "new_joint_vecs" / f"{image}{name}.npy"
            np.save(path, motion.astype(np.float32))
            words = f"a person {action} {way}{' mirrored' if image else ''}"
            line = f"{words}#a/DET person/NOUN {action}/VERB {way}/ADV#0.0#0.0\n"
            (self.folder / "texts" / f"{image}{name}.txt").write_text(text or line)
            if not text:
                oral = f"0\tplease, {words}\n"
                (self.folder / "oral" / f"{image}{name}.txt").write_text(oral)
            with (self.folder / f"{split}.txt").open("a") as file:
                file.write(f"{image}{name}\n")
        return name

    def _add_quirks(self) -> None:
        """Add what the published folders have, and what a copy may have."""
        line = "a man strolls.#a/DET man/NOUN stroll/VERB#{}#{}\n"
        self.add("train", 160, text=line.format("0.0", "0.0") + line.format("1.0", "4.5"))
        self.add("train", 60, text=line.format("nan", "nan") + "\n")
        self.add("train", 250)
        self.add("train", 60, text=line.format("0.0", "0.0") + "#a/DET#0.0#0.0\n")
        self.missing = self.add("train", 60)
        (self.folder / "new_joint_vecs" / f"M{self.missing}.npy").unlink()
        self.damaged = "007975" if self.digits == 6 else self.add("train", 60)
        if self.digits == 6:
            self.add("train", 60, "007975")
        for image in ("", "M"):
            path = self.folder / "new_joint_vecs" / f"{image}{self.damaged}.npy"
            motion = np.load(path)
            motion[7, 7] = np.nan
            np.save(path, motion)
        self.short = "009707" if self.digits == 6 else ""
        self.short = self.add("train", 1, self.short)

    def _write_statistics(self) -> None:
        paths = sorted((self.folder / "new_joint_vecs").iterdir())
        motions = [motion for path in paths if np.isfinite(motion := np.load(path)).all()]
        stats = Statistics.of(np.concatenate(motions), self.skeleton)
        np.save(self.folder / "Mean.npy", stats.mean)
        np.save(self.folder / "Std.npy", stats.std)


@pytest.fixture(scope="module", params=["kit", "humanml3d"])
def published(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Published:
    root = tmp_path_factory.mktemp(request.param)
    if request.param == "kit":
        return Published(root, KitConfig(), KIT_21, digits=5)
    return Published(root, HumanML3DConfig(), HUMANML3D_22, digits=6)


def check(published: Published, *args: str) -> Ended:
    name = published.config.name
    return amx("data", "check", "--dataset", name, "--data-root", published.root, *args)


def test_the_copy_is_checked(published: Published) -> None:
    ended = check(published, "--json")
    assert ended.code == 3
    record = json.loads(ended.out)
    broken = {f"M{published.missing}": "is missing"}
    if published.config.name == "kit":  # no such clips are known of KIT
        for image in ("", "M"):
            broken[image + published.damaged] = "not finite"
            broken[image + published.short] = "has 1 frames, which is no motion"
    found = {problem["where"]: problem["what"] for problem in record["problems"]}
    empty = [where for where, what in found.items() if what == "caption 1 is empty"]
    assert len(empty) == 2
    assert found.keys() == broken.keys() | set(empty)
    assert all(words in found[where] for where, words in broken.items())
    notices = [notice["where"] for notice in record["notices"]]
    if published.config.name == "humanml3d":
        assert {"007975", "M007975", "009707", "M009707"} <= set(notices)
    assert len(ended.problems) == len(found)


def test_counts_are_said_beside_the_published_ones(published: Published) -> None:
    ended = check(published)
    num_clips = sum(SIZES.values()) // 2 + 7
    counts = ("3,911", "6,278", "12,696")
    if published.config.name == "humanml3d":
        counts = ("14,616", "44,970", "87,384")
    lines = [line for line in ended.out.splitlines() if " published (" in line]
    assert lines[0].startswith(f"clips, mirrored ones apart: {num_clips} in the files; {counts[0]}")
    assert f"captions, mirrored ones apart: {num_clips + 2} in the files; {counts[1]}" in lines[1]
    assert f"; {counts[2]} published (" in lines[2]
    assert f"clips, mirrored ones included: {2 * num_clips} in the files" in ended.out
    num_problems = {"kit": 7, "humanml3d": 3}[published.config.name]
    assert f"{num_problems} problems in " in ended.out
    assert "licence: " in ended.out


@pytest.fixture(scope="module")
def trained(published: Published, store: Path) -> Ended:
    """Train on written captions and test on spoken ones."""
    ended = train(
        store, "--dataset", published.config.name, "--data-root", published.root,
        "--set", "test_variant=oral", "--set", "speech.num_voices=2", "--json",
    )  # fmt: skip
    assert ended.code == 0, ended.err
    return ended


def test_it_trains_a_step_and_evaluates(trained: Ended, published: Published) -> None:
    table = json.loads(trained.out)
    assert table["dataset"] == published.config.name
    columns = table["columns"]
    assert columns["arm"][-1] == "tiny"
    assert np.isfinite(columns["fid"][-1]) and 0 <= columns["top1"][-1] <= 1


def test_the_result_says_which_data_it_is_of(
    trained: Ended, published: Published, store: Path
) -> None:
    content = fingerprint_folder(published.folder)
    records = [read_json(path) for path in store.glob("runs/*/run.json")]
    (arm,) = (
        arm
        for record in records
        for arm in record["arms"]
        if arm["experiment"]["dataset"].get("content") == content
    )
    key = arm["fingerprints"]["dataset"]
    manifest = read_json(store / "artifacts" / "dataset" / key / "manifest.json")
    assert manifest["config"]["content"] == content
    report = read_json(store / "artifacts" / "dataset" / key / "report.json")
    assert report["counts"]["listed"]["train"]["without_mirrored"]["clips"] == 36 + 7
    assert report["num_clips"]["train"] == 72 + 2 * 4 + 1
    rows = {row["what"]: row for row in report["beside_published"]}
    assert rows["clips, mirrored ones apart"]["published"] in (3_911, 14_616)
    reasons = {dropped["name"]: dropped["reason"] for dropped in report["dropped"]}
    assert reasons[f"M{published.missing}"].endswith(".npy is missing")
    assert reasons[published.damaged] == "holds values that are not finite numbers"
    assert reasons[published.short].startswith("has 1 frames; ")
    assert len(reasons) == 1 + 2 + 2 + 2 + 2
    said = [line for line in trained.err.splitlines() if line.startswith("data set: clips")]
    assert len(said) == 1 and " published (" in said[0]


@pytest.mark.parametrize("train_variant", ["original", "oral"])
@pytest.mark.parametrize("test_variant", ["original", "oral"])
@pytest.mark.parametrize("condition", ["audio", "text"])
def test_variants_and_conditions_are_plain_configuration(
    train_variant: str, test_variant: str, condition: str, published: Published, store: Path
) -> None:
    ended = amx(
        "train", "kit", "--dataset", published.config.name, "--data-root", published.root,
        "--set", f"train_variant={train_variant}", "--set", f"test_variant={test_variant}",
        "--set", f"condition={condition}", "--store", store, "--dry-run", "--json",
    )  # fmt: skip
    assert ended.code == 0, ended.err
    stages = [stage["stage"] for stage in json.loads(ended.out)["stages"]]
    part = "features" if condition == "audio" else "text_features"
    assert stages.count(part) == (1 if train_variant == test_variant else 2)
    assert stages.count("speak") == (stages.count(part) if condition == "audio" else 0)


@pytest.mark.parametrize(
    ("train_variant", "test_variant"),
    [("original", "oral"), ("oral", "original"), ("oral", "oral")],
)
def test_every_pair_of_variants_ends_in_figures(
    train_variant: str, test_variant: str, store: Path
) -> None:
    ended = train(
        store, "--set", f"train_variant={train_variant}", "--set",
        f"test_variant={test_variant}", "--json",
    )  # fmt: skip
    assert ended.code == 0, ended.err
    assert np.isfinite(json.loads(ended.out)["columns"]["fid"][-1])
