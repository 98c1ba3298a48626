import json
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from audiomotion.config.datasets import OwnFolderConfig
from audiomotion.data.own import OwnReport, build_own
from audiomotion.errors import ConfigError, DataError
from audiomotion.motion.representation import joints_to_features
from audiomotion.motion.skeleton import HUMANML3D_22, KIT_21
from tests.data.own_files import OwnFiles, walking
from tests.data.published_folder import read_whole


def no_progress(done: int, total: int) -> None:
    pass


def build(source: Path, name: str = "mine", seed: int = 0) -> OwnReport:
    def hear(path: Path) -> None:
        if path.read_bytes() != b"speech":
            raise DataError(f"{path.name}: is no speech")

    return build_own(source, source.parent / "root" / name, no_progress, hear, seed)


@pytest.fixture
def files(tmp_path: Path) -> OwnFiles:
    """One file in each split."""
    files = OwnFiles(tmp_path / "source")
    for split in ("train", "val", "test"):
        files.joints(f"{split}.npy", split=split)
    return files


def test_joint_arrays_become_the_published_features(files: OwnFiles) -> None:
    files.joints("day 1/walk.npy", split="train", caption="somebody walks", group="anna")
    report = build(files.write_csv())
    assert report.num_clips == {"train": 2, "val": 1, "test": 1}
    folder = report.destination
    features = np.load(folder / "new_joint_vecs" / "day 1_walk.npy")
    expected = joints_to_features(walking(61, seed=3), HUMANML3D_22, continuous_yaw=True)
    np.testing.assert_allclose(features, expected, atol=2e-5)
    assert np.load(folder / "new_joints" / "day 1_walk.npy").shape == (60, 22, 3)
    text = (folder / "texts" / "day 1_walk.txt").read_text()
    assert text == "somebody walks#somebody/PRON walk/VERB#0.0#0.0\n"
    assert np.load(folder / "Mean.npy").shape == np.load(folder / "Std.npy").shape == (263,)
    record = json.loads((folder / "dataset.json").read_text())
    assert (record["skeleton"], record["fps"], record["licence"]) == ("humanml3d_22", 20.0, "CC0")
    assert record["groups"]["day 1_walk"] == "anna"
    assert record["fingerprint"] == report.fingerprint


def test_the_reader_reads_what_was_built(files: OwnFiles) -> None:
    files.row("train.npy", caption="hops", split="train", oral="hop!", start=0.5, end=2.9)
    files.row("train.npy", caption="hops", split="train", oral="hop hop!", start=0.5, end=2.9)
    report = build(files.write_csv())
    raw = read_whole(OwnFolderConfig(folder="mine"), report.destination.parent)
    assert raw.dropped == []
    clips = {clip.name: clip for clip in raw.clips}
    assert set(clips) == {"train", "train_part1", "val", "test"}
    (hops,) = clips["train_part1"].captions
    assert (hops.text, hops.oral) == ("hops", ("hop!", "hop hop!"))
    assert len(clips["train_part1"].features) == 48
    assert (report.num_captions, report.num_oral) == (4, 2)


def test_the_manifest_may_be_json_lines(files: OwnFiles, tmp_path: Path) -> None:
    files.row("train.npy", caption="hops", split="train", start=0, end=2)
    copy = OwnFiles(tmp_path / "copy")
    shutil.copytree(files.folder, copy.folder, dirs_exist_ok=True)
    copy.rows = files.rows
    written = build(files.write_csv(), "a"), build(copy.write_jsonl(), "b")
    assert written[0].fingerprint == written[1].fingerprint


def test_another_frame_rate_is_resampled(files: OwnFiles) -> None:
    (files.folder / "source.yaml").write_text("fps: 60\n")
    for split in ("train", "val", "test"):
        np.save(files.folder / f"{split}.npy", walking(181))
    report = build(files.write_csv())
    assert report.num_frames == 3 * 60


def test_21_joints_become_kit_features_in_its_units(tmp_path: Path) -> None:
    files = OwnFiles(tmp_path / "source", "skeleton: kit_21\nfps: 12.5\n")
    for split in ("train", "val", "test"):
        files.joints(f"{split}.npy", split=split)
        np.save(files.folder / f"{split}.npy", walking(51, skeleton=KIT_21))
    folder = build(files.write_csv()).destination
    features = np.load(folder / "new_joint_vecs" / "train.npy")
    assert features.shape == (50, 251)
    # The pelvis stands about 0.9 m above the ground: millimetres, as published.
    assert 700 < features[0, KIT_21.layout.root_height][0] < 1200
    raw = read_whole(OwnFolderConfig(folder="mine", min_frames=24), folder.parent)
    assert raw.skeleton is KIT_21 and len(list(raw.clips)) == 3


def test_bvh_files_are_mapped_and_said(files: OwnFiles) -> None:
    files.bvh("walk.bvh", split="train")
    report = build(files.write_csv())
    assert report.mappings == {"bandai": 1}
    assert "1 BVH files mapped as bandai" in report.lines()
    assert len(np.load(report.destination / "new_joint_vecs" / "walk.npy")) == 60


def test_a_mapping_of_ones_own(files: OwnFiles) -> None:
    from audiomotion.motion.retarget import BANDAI_MAPPING

    lines = ["fps: 20", "units: cm", "mapping:"]
    for joint, source in BANDAI_MAPPING.sources.items():
        chain = ", ".join(source.chain)
        lines.append(f"  {joint}: {{chain: [{chain}], fraction: {source.fraction}}}")
    files.bvh("walk.bvh", split="train")
    named = build(files.write_csv(), "named").destination
    (files.folder / "source.yaml").write_text("\n".join(lines))
    report = build(files.folder, "mapped")
    assert report.mappings == {"source.yaml says": 1}
    for folder in (named, report.destination):
        assert (folder / "new_joint_vecs" / "walk.npy").exists()
    np.testing.assert_array_equal(
        *(np.load(f / "new_joint_vecs" / "walk.npy") for f in (named, report.destination))
    )
    (files.folder / "source.yaml").write_text("fps: 20\nmapping: {pelvis: Hips, tail: Hips}\n")
    (left_out,) = build(files.folder, "broken").dropped
    assert "lacks head" in left_out.reason and "tail that is no joint" in left_out.reason


def test_recordings_are_carried_along(files: OwnFiles) -> None:
    for name in ("a.flac", "b.MP3"):
        (files.folder / name).write_bytes(b"speech")
    files.row(
        "val.npy", caption="hops", split="val", audio="a.flac", oral="hop!", oral_audio="b.MP3"
    )
    report = build(files.write_csv())
    assert report.num_recordings == 2
    raw = read_whole(OwnFolderConfig(folder="mine"), report.destination.parent)
    caption = next(clip for clip in raw.clips if clip.name == "val").captions[1]
    assert caption.recordings("original") == ("recordings/val-1-written.flac",)
    assert caption.recordings("oral") == ("recordings/val-1-oral0.mp3",)
    for recording in (caption.recording, *caption.oral_recordings):
        assert (report.destination / recording).read_bytes() == b"speech"


def test_every_damaged_recording_is_named_before_anything_is_built(files: OwnFiles) -> None:
    for name in ("a.wav", "b.wav"):
        (files.folder / name).write_bytes(b"noise")
        files.row("val.npy", caption=f"hops {name[0]}", split="val", audio=name)
    with pytest.raises(DataError) as caught:
        build(files.write_csv())
    assert str(caught.value).splitlines() == ["a.wav: is no speech", "b.wav: is no speech"]
    assert not (files.folder.parent / "root").exists()


def test_splits_that_the_manifest_leaves_open_are_drawn_by_group(tmp_path: Path) -> None:
    files = OwnFiles(tmp_path / "source")
    for index in range(20):
        files.joints(f"{index:02d}.npy", group=f"take{index // 2}")
    source = files.write_csv()
    report = build(source, "first")
    assert report.num_clips == {"train": 14, "val": 2, "test": 4}
    groups = json.loads((report.destination / "dataset.json").read_text())["groups"]
    split_of = {
        name: split
        for split in ("train", "val", "test")
        for name in (report.destination / f"{split}.txt").read_text().split()
    }
    pairs = {(groups[name], split) for name, split in split_of.items()}
    assert len(pairs) == 10 and Counter(split for _, split in pairs)["test"] == 2
    assert build(source, "again").fingerprint == report.fingerprint
    assert build(source, "other", seed=1).fingerprint != report.fingerprint


def test_motion_that_cannot_be_used_is_left_out_and_said(files: OwnFiles) -> None:
    bad = {
        "nan.npy": np.where(np.arange(3) == 1, np.nan, walking(50)),
        "joints.npy": walking(50)[:, :21],
        "still.npy": walking(1),
        "folded.npy": np.zeros((50, 22, 3)),
    }
    for name, array in bad.items():
        np.save(files.folder / name, array)
        files.row(name, split="train")
    (files.folder / "cut.npy").write_bytes((files.folder / "nan.npy").read_bytes()[:500])
    files.bvh("cut.bvh", split="train")
    content = (files.folder / "cut.bvh").read_text()
    (files.folder / "cut.bvh").write_text(content[: len(content) // 2])
    files.row("cut.npy", split="train", caption="x y")
    files.rows = [row for row in files.rows if row["file"] != "cut.bvh"]
    report = build(files.write_csv())
    reasons = {dropped.name: dropped.reason for dropped in report.dropped}
    assert "coordinates must be finite" in reasons["nan"]
    assert "needs (frames, 22, 3)" in reasons["joints"] and "needs (frames" in reasons["still"]
    assert "lies on its parent" in reasons["folded"]
    assert "cannot be read as an array" in reasons["cut"]
    assert any(line.startswith("left out nan: ") for line in report.lines())
    assert not (report.destination / "texts" / "nan.txt").exists()


def test_a_bvh_that_is_cut_off_or_has_unknown_joints_is_left_out(files: OwnFiles) -> None:
    files.bvh("cut.bvh", split="train")
    files.bvh("other.bvh", split="train")
    text = (files.folder / "cut.bvh").read_text()
    (files.folder / "cut.bvh").write_text(text[: text.rindex("MOTION")])
    (files.folder / "other.bvh").write_text(text.replace("Hips", "Becken"))
    reasons = {dropped.name: dropped.reason for dropped in build(files.write_csv()).dropped}
    assert "no MOTION section" in reasons["cut"]
    assert "has the joints joint_Root, Becken" in reasons["other"]
    assert "give `mapping` in source.yaml" in reasons["other"]


def test_z_up_is_noticed(files: OwnFiles) -> None:
    for split in ("train", "val", "test"):
        x, y, z = np.moveaxis(walking(61), -1, 0)
        np.save(files.folder / f"{split}.npy", np.stack([x, -z, y], axis=-1))
    with pytest.raises(DataError, match=r"in 3 of 3 clips the head is not above the feet along Y"):
        build(files.write_csv())


def test_joint_arrays_need_a_frame_rate(files: OwnFiles) -> None:
    (files.folder / "source.yaml").unlink()
    with pytest.raises(DataError, match=r"no clip is in the train.*does not say the fps"):
        build(files.write_csv())


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"split": "trian"}, "manifest.csv:5 split: 'trian' is not one of train, val, test"),
        ({"split": "train", "start": "soon"}, "manifest.csv:5 start: 'soon'"),
        ({"split": "train", "caption": ""}, "manifest.csv:5 caption"),
        ({"split": "train", "caption": "a # b"}, "# separates fields"),
        ({"split": "train", "caption": "..."}, "caption: '...' has no words"),
        ({"split": "train", "oral": "!"}, "oral: '!' has no words"),
        ({"split": "train", "oral_audio": "train.npy"}, "which is not given"),
        ({"split": "train", "audio": "no.wav"}, "no.wav is missing; paths are relative"),
        ({"split": "train", "start": 2, "end": 1}, "end 1 is not after start 2"),
        ({"split": "val"}, "has 'train' in an earlier row and 'val' here"),
        ({"split": "train", "file": "no.npy"}, "no.npy is missing"),
        ({"split": "train", "file": "source.yaml"}, "source.yaml is neither .bvh nor .npy"),
        ({"split": "train", "file": "x/../train.npy"}, "would both be called"),
    ],
)
def test_a_wrong_row_is_named_by_its_line(
    files: OwnFiles, row: dict[str, object], words: str
) -> None:
    if str(row.get("file", "")).startswith("x/"):
        (files.folder / "x").mkdir()
        (files.folder / "x_.._train.npy").write_bytes((files.folder / "train.npy").read_bytes())
        files.row("x_.._train.npy", split="train")
    files.row(**{"file": "train.npy", "caption": "hops", **row})  # type: ignore[arg-type]
    with pytest.raises(DataError) as caught:
        build(files.write_csv())
    assert words in str(caught.value)


def test_several_recordings_of_one_caption_are_not_chosen_from(files: OwnFiles) -> None:
    for name in ("a.wav", "b.wav"):
        (files.folder / name).write_bytes(b"speech")
        files.row("val.npy", split="val", audio=name)
    with pytest.raises(DataError, match=r"audio: the caption has the recording a\.wav already"):
        build(files.write_csv())


def test_manifests_that_are_not_there_twice_or_not_readable(files: OwnFiles) -> None:
    with pytest.raises(
        DataError, match=r"holds no manifest\.csv; exactly one of manifest\.csv and manifest"
    ):
        build(files.folder)
    files.write_csv()
    files.write_jsonl()
    with pytest.raises(DataError, match=r"holds manifest\.csv and manifest\.jsonl; exactly one"):
        build(files.folder)
    (files.folder / "manifest.csv").unlink()
    (files.folder / "manifest.jsonl").write_text("{")
    with pytest.raises(DataError, match=r"manifest\.jsonl:1: not JSON"):
        build(files.folder)
    (files.folder / "manifest.jsonl").write_text("\n")
    with pytest.raises(DataError, match=r"has no rows"):
        build(files.folder)


def test_a_wrong_source_record_is_a_configuration_error(files: OwnFiles) -> None:
    (files.folder / "source.yaml").write_text("fps: fast\nlicense: CC0\n")
    with pytest.raises(ConfigError) as caught:
        build(files.write_csv())
    assert "source.yaml:1 fps" in caught.value.problems[0]
    assert "did you mean 'licence'" in caught.value.problems[1]


def test_some_splits_given_and_others_not(files: OwnFiles) -> None:
    files.joints("open.npy")
    with pytest.raises(DataError, match=r"open\.npy has no split and others have"):
        build(files.write_csv())


def test_an_existing_data_set_is_left_alone(files: OwnFiles) -> None:
    report = build(files.write_csv())
    before = (report.destination / "dataset.json").read_bytes()
    with pytest.raises(DataError, match="exists; remove it first"):
        build(files.folder)
    assert (report.destination / "dataset.json").read_bytes() == before
