import errno
import json
import os
import tarfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from audiomotion.config.datasets import BandaiConfig
from audiomotion.data import folder_writer
from audiomotion.data.bandai import BuildReport, build_bandai
from audiomotion.data.bandai_facts import CROPPED_FRAMES, LEFT_OUT
from audiomotion.data.bandai_source import load_labels, read_source
from audiomotion.data.bandai_split import assign_splits
from audiomotion.data.statistics import Statistics
from audiomotion.errors import DataError
from audiomotion.motion.bvh import parse_bvh
from audiomotion.motion.representation import features_to_joints
from audiomotion.motion.retarget import BANDAI_MAPPING, map_joints
from audiomotion.motion.skeleton import HUMANML3D_22
from tests.data.published_folder import read_whole
from tests.motion.bvh_files import bandai_text

SHARED = Path(os.environ.get("AMX_SHARED", Path(__file__).parents[2] / "../shared"))
REAL = SHARED / "data" / "bandai"
needs_real = pytest.mark.skipif(
    not REAL.is_dir(), reason=f"the published Bandai archives are not at {REAL}; set AMX_SHARED"
)

STYLES = ("active", "elderly", "exhausted", "feminine", "masculine", "normal", "youthful")
CONTENTS = ("run", "walk-turn-left", "wave-left-hand")


def no_progress(done: int, total: int) -> None:
    pass


def write_clip(folder: Path, name: str, num_frames: int = 17) -> Path:
    path = folder / f"{name}.bvh"
    path.write_text(bandai_text(num_frames, seed=sum(map(ord, name))))
    return path


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small copy of the repository; clips of 17 frames have 10 frames of features."""
    root = tmp_path_factory.mktemp("source")
    data = root / "dataset" / "Bandai-Namco-Research-Motiondataset-2" / "data"
    data.mkdir(parents=True)
    for content in CONTENTS:
        for style in STYLES:
            for number in (1, 2):
                write_clip(data, f"dataset-2_{content}_{style}_{number:03d}")
    for style in ("angry", "happy", "normal", "sad"):
        write_clip(data, f"dataset-1_bow_{style}_001")
    write_clip(data, "dataset-1_respond_normal_001")
    write_clip(data, "dataset-2_walk-turn-left_masculine_006")
    write_clip(data, "dataset-2_fly_normal_001")
    write_clip(data, "dataset-2_run_normal_003", num_frames=12)
    write_clip(data, "dataset-2_run_normal_004", num_frames=302)
    (data.parent / "README.md").write_text("not a clip")
    (data / "skeleton.bvh").write_text("not one of the published names")
    return root


def build(source: Path, destination: Path, **options: int) -> BuildReport:
    small = {"min_frames": 8, "min_split_clips": 3, "min_split_captions": 6, **options}
    return build_bandai(source, destination, no_progress, **small)


@pytest.fixture(scope="module")
def report(source: Path, tmp_path_factory: pytest.TempPathFactory) -> BuildReport:
    return build(source, tmp_path_factory.mktemp("root") / "bandai")


def names_of(folder: Path) -> dict[str, list[str]]:
    return {
        split: (folder / f"{split}.txt").read_text().split() for split in ("train", "val", "test")
    }


def test_every_clip_is_kept_or_left_out_with_a_reason(report: BuildReport) -> None:
    assert report.num_source == {"dataset-1": 5, "dataset-2": 46}
    assert sum(report.num_clips.values()) + len(report.dropped) == 51
    assert {dropped.name: dropped.reason for dropped in report.dropped} == {
        "dataset-2_fly_normal_001": "no caption is known for its data set, content and style",
        "dataset-2_run_normal_003": "shorter than 8 frames at 20 a second",
        "dataset-2_walk-turn-left_masculine_006": "turns to the other side than its label says",
    }
    text = "\n".join(report.lines())
    assert "read 51 BVH files" in text
    assert "left out 1: turns to the other side" in text


def test_motion_files_hold_the_representation_and_its_joints(report: BuildReport) -> None:
    features = np.load(report.destination / "new_joint_vecs" / "dataset-2_run_active_001.npy")
    joints = np.load(report.destination / "new_joints" / "dataset-2_run_active_001.npy")
    assert (features.shape, features.dtype) == ((10, 263), np.float32)
    assert (joints.shape, joints.dtype) == ((10, 22, 3), np.float32)
    np.testing.assert_array_equal(features_to_joints(features, HUMANML3D_22), joints)
    assert joints[..., 1].min() == pytest.approx(0, abs=1e-3)


def test_long_clips_are_cropped(report: BuildReport) -> None:
    assert report.cropped == ("dataset-2_run_normal_004",)
    features = np.load(report.destination / "new_joint_vecs" / "dataset-2_run_normal_004.npy")
    assert len(features) == CROPPED_FRAMES


def test_texts_carry_tags_and_each_caption_its_rewrite(report: BuildReport) -> None:
    label = load_labels()[2, "run", "active"]
    lines = (report.destination / "texts" / "dataset-2_run_active_001.txt").read_text().splitlines()
    assert [line.split("#")[0] for line in lines] == list(label.captions)
    assert all(line.endswith("#0.0#0.0") and "/VERB" in line.split("#")[1] for line in lines)
    oral = (report.destination / "oral" / "dataset-2_run_active_001.txt").read_text().splitlines()
    assert oral == [f"{index}\t{text}" for index, text in enumerate(label.oral)]


def test_splits_hold_out_whole_cells_and_every_content_is_trained_on(report: BuildReport) -> None:
    names = names_of(report.destination)
    groups = json.loads((report.destination / "dataset.json").read_text())["groups"]
    cells = {split: {groups[name] for name in names[split]} for split in names}
    assert not cells["train"] & cells["val"] and not cells["train"] & cells["test"]
    assert not cells["val"] & cells["test"]
    contents = {split: {cell.split("/")[0] for cell in cells[split]} for split in cells}
    assert contents["train"] == {*CONTENTS, "bow", "respond"}
    assert contents["val"] == contents["test"] == {*CONTENTS, "bow"}
    assert sorted(groups) == sorted(name for split in names.values() for name in split)


def test_statistics_are_the_training_splits(report: BuildReport) -> None:
    folder = report.destination
    clips = [
        np.load(folder / "new_joint_vecs" / f"{name}.npy") for name in names_of(folder)["train"]
    ]
    stats = Statistics.of(np.concatenate(clips), HUMANML3D_22)
    np.testing.assert_array_equal(np.load(folder / "Mean.npy"), stats.mean)
    np.testing.assert_array_equal(np.load(folder / "Std.npy"), stats.std)
    assert len(np.unique(stats.std[HUMANML3D_22.layout.positions])) == 1


def test_record_says_whose_the_data_is_and_what_was_changed(report: BuildReport) -> None:
    record = json.loads((report.destination / "dataset.json").read_text())
    assert record["skeleton"] == "humanml3d_22"
    assert record["fingerprint"] == report.fingerprint
    assert "CC BY-NC 4.0" in record["licence"]
    assert "arXiv:2306.08861" in record["citation"]
    assert "retargeted" in record["changes"]
    listed = json.loads((report.destination / "report.json").read_text())
    assert len(listed["dropped"]) == 3 and listed["cropped"] == list(report.cropped)


def test_archives_and_loose_files_give_the_same_bytes(
    source: Path, report: BuildReport, tmp_path: Path
) -> None:
    archives = tmp_path / "archives"
    archives.mkdir()
    for number in (1, 2):
        with tarfile.open(archives / f"bandai-bvh-{number}.tar.xz", "w:xz") as archive:
            for path in reversed(sorted(source.rglob(f"dataset-{number}_*.bvh"))):
                archive.add(path, f"somewhere/data/{path.name}")
    again = build(archives, tmp_path / "again")
    assert again.fingerprint == report.fingerprint
    record = (report.destination / "dataset.json").read_bytes()
    assert (again.destination / "dataset.json").read_bytes() == record


def test_the_reader_reads_what_was_built(report: BuildReport) -> None:
    config = BandaiConfig(min_frames=8, folder=report.destination.name)
    dataset = read_whole(config, report.destination.parent)
    assert dataset.dropped == []
    assert Counter(clip.split for clip in dataset.clips) == report.num_clips
    clip = next(clip for clip in dataset.clips if clip.name == "dataset-2_run_active_001")
    assert clip.group == "run/active"
    assert [len(caption.oral) for caption in clip.captions] == [1, 1, 1]


def test_progress_ends_at_its_total(source: Path) -> None:
    seen: list[tuple[int, int]] = []
    clips = list(read_source(source, lambda done, total: seen.append((done, total))))
    assert len(clips) == 51
    assert seen == sorted(seen)
    assert seen[-1][0] == seen[-1][1] == sum(len(clip.data) for clip in clips)


def test_a_clip_that_stands_there_twice_is_refused(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        write_clip(tmp_path / folder, "dataset-2_run_active_001")
    with pytest.raises(DataError, match=r"stands in .*one.* and in .*two.*; keep one"):
        list(read_source(tmp_path, no_progress))


def test_a_source_without_clips_says_what_it_should_hold(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds no bandai-bvh-\*\.tar\.xz and no dataset-"):
        build(tmp_path, tmp_path / "bandai")
    with pytest.raises(DataError, match="is not a folder; give the folder that holds"):
        build(tmp_path / "absent", tmp_path / "bandai")


def test_a_source_too_small_for_its_splits_is_refused(source: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"only \d+ clips with \d+ different captions would be in"):
        build(source, tmp_path / "bandai", min_split_clips=64)
    assert list(tmp_path.iterdir()) == []


def test_an_existing_destination_is_left_alone(source: Path, report: BuildReport) -> None:
    before = sorted(report.destination.rglob("*"))
    with pytest.raises(DataError, match="exists; remove it first"):
        build(source, report.destination)
    assert sorted(report.destination.rglob("*")) == before


def test_a_cut_off_archive_leaves_nothing(tmp_path: Path) -> None:
    clip = write_clip(tmp_path, "dataset-2_run_active_001", 200)
    whole = tmp_path / "whole.tar.xz"
    with tarfile.open(whole, "w:xz") as archive:
        archive.add(clip, clip.name)
    source = tmp_path / "source"
    source.mkdir()
    (source / "bandai-bvh-2-part.tar.xz").write_bytes(whole.read_bytes()[:-2000])
    with pytest.raises(DataError, match=r"part\.tar\.xz cannot be read to its end"):
        build(source, tmp_path / "root" / "bandai")
    assert list((tmp_path / "root").iterdir()) == []


def test_a_damaged_clip_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    path = write_clip(source, "dataset-2_run_active_001")
    path.write_text(path.read_text().replace(" 90.0", " nan", 1))
    with pytest.raises(DataError, match=r"dataset-2_run_active_001\.bvh:\d+: value \d+ is 'nan"):
        build(source, tmp_path / "root" / "bandai")
    assert list((tmp_path / "root").iterdir()) == []


def test_an_interrupt_leaves_nothing(source: Path, tmp_path: Path) -> None:
    def interrupt(done: int, total: int) -> None:
        if done > total // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_bandai(source, tmp_path / "bandai", interrupt)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_said_and_leaves_nothing(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, array: np.ndarray) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr(folder_writer, "save_array", refuse)
    with pytest.raises(DataError, match="the disk is full"):
        build(source, tmp_path / "bandai")
    assert list(tmp_path.iterdir()) == []


def test_the_choice_of_cells_does_not_depend_on_their_order() -> None:
    cells = {(2, content, style): 30 for content in CONTENTS for style in STYLES}
    backwards = dict(reversed(cells.items()))
    assert assign_splits(cells) == assign_splits(backwards)
    counts = Counter(assign_splits(cells).values())
    assert counts == {"train": 15, "val": 3, "test": 3}


def test_held_out_cells_are_spread_over_the_styles() -> None:
    contents = [f"content{index}" for index in range(10)]
    cells = {(2, content, style): 30 for content in contents for style in STYLES}
    splits = assign_splits(cells)
    for split in ("val", "test"):
        uses = Counter(cell.split("/")[1] for cell, own in splits.items() if own == split)
        assert set(uses.values()) == {1, 2} and len(uses) == len(STYLES)


def test_cells_that_lost_most_clips_and_contents_with_few_styles_are_trained_on() -> None:
    cells = {(2, "wave", style): 30 for style in STYLES[:4]} | {(2, "wave", "normal"): 14}
    cells |= {(1, "punch", "normal"): 40, (1, "call", "normal"): 40, (1, "call", "sad"): 40}
    splits = assign_splits(cells)
    assert {splits[cell] for cell in ("wave/normal", "punch/normal", "call/normal")} == {"train"}
    assert splits["call/sad"] == "train"


def test_a_cell_of_both_data_sets_goes_to_one_split() -> None:
    cells = {(number, "walk", style): 5 for number in (1, 2) for style in STYLES}
    counts = Counter(assign_splits(cells).values())
    assert counts == {"train": 5, "val": 1, "test": 1}


def test_labels_cover_every_cell_with_three_captions_and_rewrites() -> None:
    labels = load_labels()
    assert len(labels) == 227
    assert {(len(label.captions), len(label.oral)) for label in labels.values()} == {(3, 3)}
    captions = [caption for label in labels.values() for caption in label.captions]
    assert len(set(captions)) == len(captions)
    assert not any("#" in caption for caption in captions)
    # What is left out belongs to cells that exist, so a slip in a name would show.
    for name in LEFT_OUT:
        dataset, content, style, _ = name.split("_")
        assert (int(dataset[-1]), content, style) in labels


@needs_real
def test_real_skeleton_has_the_measured_bones() -> None:
    clip = next(read_source(REAL, no_progress))
    motion = parse_bvh(clip.data, clip.origin)
    joints = map_joints(motion, BANDAI_MAPPING)
    parents = list(HUMANML3D_22.parents[1:])
    bones = np.linalg.norm(joints[:, 1:] - joints[:, parents], axis=-1)
    own = dict(zip(HUMANML3D_22.joint_names[1:], bones.mean(0) / 100, strict=True))
    assert np.ptp(bones, axis=0).max() < 0.1  # centimetres; the spine's points move as it bends
    expected = {"left_hip": 0.093, "spine1": 0.087, "spine2": 0.095, "spine3": 0.038, "neck": 0.146}
    expected |= {"left_knee": 0.391, "left_ankle": 0.410, "left_foot": 0.118, "left_elbow": 0.243}
    for name, length in expected.items():
        assert own[name] == pytest.approx(length, abs=0.002), name


@needs_real
@pytest.mark.slow
def test_real_archives(tmp_path: Path) -> None:
    report = build_bandai(REAL, tmp_path / "bandai", no_progress)
    assert report.num_source == {"dataset-1": 174, "dataset-2": 2296}
    assert report.num_clips == {"train": 1469, "val": 307, "test": 317}
    assert report.num_captions == {"train": 471, "val": 90, "test": 90}
    assert len(report.cropped) == 31 and len(report.dropped) == 377
    folder = report.destination
    clips = [np.load(path) for path in sorted((folder / "new_joints").glob("dataset-2_walk_*.npy"))]
    assert np.median([foot_slide(clip) for clip in clips]) < 0.04


def foot_slide(joints: np.ndarray) -> float:
    """Median speed over the ground, in m/s, of toes that stand on it."""
    toes = joints[:, [10, 11]]
    speed = np.linalg.norm(np.diff(toes[..., [0, 2]], axis=0), axis=-1) * HUMANML3D_22.fps
    on_ground = toes[:-1, :, 1] < toes[..., 1].min(axis=0) + 0.015
    return float(np.median(speed[on_ground]))
