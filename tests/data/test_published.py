import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from audiomotion.config.datasets import BandaiConfig, FolderSchema, HumanML3DConfig, KitConfig
from audiomotion.data.published import check_folder, fingerprint_folder, read_published
from audiomotion.errors import ConfigError, DataError
from audiomotion.motion.skeleton import HUMANML3D_22, KIT_21
from tests.data.published_folder import LINE, PublishedFolder


@pytest.fixture
def humanml3d(tmp_path: Path) -> PublishedFolder:
    return PublishedFolder(tmp_path, HumanML3DConfig(), 263)


@pytest.fixture
def kit(tmp_path: Path) -> PublishedFolder:
    return PublishedFolder(tmp_path, KitConfig(), 251)


def test_clips_captions_tags_and_rewrites(humanml3d: PublishedFolder) -> None:
    text = LINE + "the man's stroll.#the/DET man/NOUN stroll/NOUN#0.0#0.0\n"
    features = humanml3d.add(
        "000001", "val", text=text, oral="1\tStroll!\n0\tWalk.\n1\tGo for a stroll.\n"
    )
    dataset = humanml3d.read()
    assert dataset.skeleton is HUMANML3D_22
    assert dataset.dropped == []
    clip = next(clip for clip in dataset.clips if clip.name == "000001")
    assert (clip.split, clip.group) == ("val", "000001")
    np.testing.assert_array_equal(clip.features, features)
    first, second = clip.captions
    assert (first.text, first.oral) == ("a person walks.", ("Walk.",))
    assert second.oral == ("Stroll!", "Go for a stroll.")
    assert second.tags == ("the/DET", "man/NOUN", "stroll/NOUN")


def test_kit_has_its_own_skeleton_and_minimum(kit: PublishedFolder) -> None:
    kit.add("short", num_frames=24)
    kit.add("shorter", num_frames=23)
    dataset = kit.read()
    assert dataset.skeleton is KIT_21
    assert "short" in {clip.name for clip in dataset.clips}
    assert kit.reasons() == {"shorter": "has 23 frames; 24 to 199 are kept"}


def test_lengths_are_the_configurations(humanml3d: PublishedFolder) -> None:
    for num_frames in (39, 40, 199, 200):
        humanml3d.add(f"clip{num_frames}", num_frames=num_frames)
    assert set(humanml3d.reasons()) == {"clip39", "clip200"}
    humanml3d.config = HumanML3DConfig(min_frames=20, max_frames=60)
    assert {"train0", "clip199"} <= set(humanml3d.reasons())


def test_a_mirrored_clip_is_a_clip_of_the_same_group(humanml3d: PublishedFolder) -> None:
    humanml3d.add("000001")
    humanml3d.add("M000001")
    groups = {clip.name: clip.group for clip in humanml3d.read().clips}
    assert groups["M000001"] == groups["000001"] == "000001"


def test_damaged_clips_are_left_out_with_a_reason(humanml3d: PublishedFolder) -> None:
    features = humanml3d.add("007975")
    features[3, 7] = np.nan
    np.save(humanml3d.motion("007975"), features)
    np.save(humanml3d.motion("val0"), features[:, :251])
    humanml3d.add("009707", num_frames=1)
    humanml3d.add("cut")
    humanml3d.motion("cut").write_bytes(humanml3d.motion("cut").read_bytes()[:999])
    reasons = humanml3d.reasons()
    assert reasons["007975"] == "holds values that are not finite numbers"
    assert reasons["val0"] == "has shape (60, 251) instead of (frames, 263)"
    assert reasons["009707"] == "has 1 frames; 40 to 199 are kept"
    assert reasons["cut"].startswith("new_joint_vecs/cut.npy cannot be read")


def test_captions_of_a_part_make_a_clip_of_their_own(humanml3d: PublishedFolder) -> None:
    text = LINE + "then runs.#then/ADV run/VERB#1.0#3.5\n" + "jumps.#jump/VERB#1.0#3.5\n"
    features = humanml3d.add("000001", num_frames=100, text=text, oral="1\tRun!\n")
    clips = {clip.name: clip for clip in humanml3d.read().clips}
    assert [caption.text for caption in clips["000001"].captions] == ["a person walks."]
    np.testing.assert_array_equal(clips["000001_part1"].features, features[20:70])
    assert clips["000001_part1"].captions[0].oral == ("Run!",)
    assert clips["000001_part2"].captions[0].text == "jumps."
    assert clips["000001_part1"].group == "000001"


def test_parts_are_cut_at_20_frames_a_second_for_kit_too(kit: PublishedFolder) -> None:
    features = kit.add("00001", num_frames=90, text="jumps.#jump/VERB#1.24#3.0\n")
    clips = {clip.name: clip for clip in kit.read().clips}
    assert "00001" not in clips
    np.testing.assert_array_equal(clips["00001_part0"].features, features[24:60])


def test_a_part_of_the_wrong_length_is_left_out(humanml3d: PublishedFolder) -> None:
    humanml3d.add("000001", num_frames=100, text=LINE + "jumps.#jump/VERB#4.0#9.0\n")
    assert humanml3d.reasons() == {
        "000001_part1": "frames 80 to 180: has 20 frames; 40 to 199 are kept"
    }


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("#a/DET#0.0#0.0\n", "is empty"),
        ("a person walks.#a/DET\n", "has 2 fields separated by # instead of 4"),
        ("a person walks.#a/DET#zero#0.0\n", "has the times zero and 0.0, which are no numbers"),
    ],
)
def test_unusable_captions_are_left_out(humanml3d: PublishedFolder, text: str, reason: str) -> None:
    humanml3d.add("some", text=LINE + text + LINE)
    humanml3d.add("none", text=text)
    assert humanml3d.reasons() == {
        "some caption 1": reason,
        "none caption 0": reason,
        "none": "has no usable caption",
    }
    clip = next(clip for clip in humanml3d.read().clips if clip.name == "some")
    assert len(clip.captions) == 2


def test_unknown_times_mean_the_whole_clip_and_blank_lines_nothing(
    humanml3d: PublishedFolder,
) -> None:
    humanml3d.add("000001", text="walks.#walk/VERB#nan#nan\n\n\n")
    assert humanml3d.reasons() == {}
    assert "000001" in {clip.name for clip in humanml3d.read().clips}


def test_a_clip_of_two_splits_is_not_trained_on(humanml3d: PublishedFolder) -> None:
    humanml3d.add("000001", "train")
    humanml3d.add("000001", "test")
    dataset = humanml3d.read()
    assert [clip.split for clip in dataset.clips if clip.name == "000001"] == ["test"]
    assert humanml3d.reasons()["000001"].startswith("is listed in train.txt and in a later split")


@pytest.mark.parametrize("line", ["0 Walk.", "x\tWalk.", "1\tWalk.", "0\t"])
def test_a_wrong_line_of_rewrites_is_an_error(humanml3d: PublishedFolder, line: str) -> None:
    humanml3d.add("000001", oral=f"0\tWalk!\n{line}\n")
    with pytest.raises(DataError, match=r"000001\.txt:2: expected 'caption index<TAB>rewrite'"):
        humanml3d.read()


def test_groups_and_skeleton_of_dataset_json(tmp_path: Path) -> None:
    bandai = PublishedFolder(tmp_path, BandaiConfig(), 263)
    record = {"skeleton": "humanml3d_22", "groups": {"train0": "walk/active"}}
    (bandai.folder / "dataset.json").write_text(json.dumps(record))
    groups = {clip.name: clip.group for clip in bandai.read().clips}
    assert groups == {"train0": "walk/active", "val0": "val0", "test0": "test0"}
    (bandai.folder / "dataset.json").write_text('{"skeleton": "smpl"}')
    with pytest.raises(DataError, match="skeleton 'smpl' is not one of humanml3d_22, kit_21"):
        bandai.read()
    (bandai.folder / "dataset.json").write_text('{"skeleton"')
    with pytest.raises(DataError, match=r"dataset\.json is damaged"):
        bandai.read()


def test_progress_counts_listed_clips(humanml3d: PublishedFolder) -> None:
    seen: list[tuple[int, int]] = []
    raw = read_published(
        humanml3d.config, humanml3d.root, lambda done, total: seen.append((done, total))
    )
    assert seen == []
    assert len(list(raw.clips)) == 3
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_without_a_data_root_the_message_says_how_to_give_one() -> None:
    with pytest.raises(
        ConfigError, match=r"--data-root ROOT or AMX_DATA_ROOT=ROOT.*ROOT/HumanML3D"
    ):
        read_published(HumanML3DConfig(), None, lambda done, total: None)
    assert "AMX_DATA_ROOT" in check_folder(KitConfig(), None)[0]


@pytest.mark.parametrize(
    ("config", "how"),
    [
        (BandaiConfig(), "amx data build bandai --source DIR --data-root {root}"),
        (KitConfig(), "put its unpacked folder at {root}/KIT-ML"),
        (HumanML3DConfig(), "AMASS, whose licence you accept there"),
    ],
)
def test_a_missing_folder_says_how_to_get(tmp_path: Path, config: FolderSchema, how: str) -> None:
    (problem,) = check_folder(config, tmp_path)
    assert f"the folder {tmp_path / config.folder} is missing" in problem
    assert how.format(root=tmp_path) in problem
    with pytest.raises(DataError, match="is missing"):
        read_published(config, tmp_path, lambda done, total: None)


def remove_texts(folder: Path) -> None:
    for path in (folder / "texts").iterdir():
        path.unlink()
    (folder / "texts").rmdir()


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (remove_texts, "texts is missing"),
        (lambda folder: (folder / "val.txt").unlink(), "val.txt is missing or empty"),
        (lambda folder: (folder / "test.txt").write_text(""), "test.txt is missing or empty"),
        (
            lambda folder: (folder / "new_joint_vecs" / "test0.npy").unlink(),
            "1 of 3 listed clips have no file in {folder}/new_joint_vecs (such as test0.npy)",
        ),
    ],
)
def test_what_is_missing_is_named(
    humanml3d: PublishedFolder, damage: Callable[[Path], object], problem: str
) -> None:
    assert check_folder(humanml3d.config, humanml3d.root) == []
    damage(humanml3d.folder)
    (found,) = check_folder(humanml3d.config, humanml3d.root)
    assert problem.format(folder=humanml3d.folder) in found


def test_a_few_missing_files_are_left_out_with_a_reason(humanml3d: PublishedFolder) -> None:
    for index in range(120):
        humanml3d.add(f"{index:06d}")
    humanml3d.motion("000007").unlink()
    (humanml3d.folder / "texts" / "000008.txt").unlink()
    reasons = humanml3d.reasons()
    assert reasons["000007"] == "new_joint_vecs/000007.npy is missing"
    assert reasons["000008"].startswith("texts/000008.txt cannot be read")


def test_fingerprint_follows_content_paths_and_nothing_else(humanml3d: PublishedFolder) -> None:
    before = fingerprint_folder(humanml3d.folder)
    (humanml3d.folder / ".DS_Store").write_text("x")
    os.utime(humanml3d.motion("val0"))
    assert fingerprint_folder(humanml3d.folder) == before
    text = humanml3d.folder / "texts" / "val0.txt"
    text.write_text(text.read_text().replace("walks", "talks"))
    changed = fingerprint_folder(humanml3d.folder)
    assert changed != before
    text.rename(text.with_name("val1.txt"))
    assert fingerprint_folder(humanml3d.folder) not in (before, changed)


def test_fingerprint_cache_is_used_until_a_file_changes(
    humanml3d: PublishedFolder, tmp_path: Path
) -> None:
    cache = tmp_path / "cache" / "fingerprints.json"
    first = fingerprint_folder(humanml3d.folder, cache)
    assert first == fingerprint_folder(humanml3d.folder)
    stored = json.loads(cache.read_text())
    stored[str(humanml3d.folder.resolve())]["fingerprint"] = "from the cache"
    cache.write_text(json.dumps(stored))
    assert fingerprint_folder(humanml3d.folder, cache) == "from the cache"
    os.utime(humanml3d.motion("val0"), ns=(0, time.time_ns() + 10**9))
    assert fingerprint_folder(humanml3d.folder, cache) == first
    cache.write_text("{damaged")
    assert fingerprint_folder(humanml3d.folder, cache) == first


def test_fingerprint_of_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="absent is missing"):
        fingerprint_folder(tmp_path / "absent")


def test_reading_needs_no_torch() -> None:
    modules = "audiomotion.data.published, audiomotion.data.bandai"
    code = f"import sys, {modules}; print('torch' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "False"
