"""A data set of one's own: built, checked, trained on and drawn on the command line."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audiomotion.data.fingerprint import fingerprint_folder
from audiomotion.files import read_json
from tests.cli.command_line import amx, train
from tests.data.own_files import OwnFiles

ACTIONS = ("walks", "runs", "jumps", "waves", "kicks", "bows", "turns", "sits")
OWN = ("--dataset", "folder", "--set", "dataset.folder=mine")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return joint arrays, a BVH file and two recordings."""
    files = OwnFiles(tmp_path_factory.mktemp("own") / "source")
    for split, size in (("train", 12), ("val", 2), ("test", 16)):
        for index in range(size):
            caption = f"a person {ACTIONS[index % 8]} {'twice' if index >= 8 else 'once'}"
            row = {"split": split, "caption": caption, "oral": f"please, {caption}"}
            if split == "train" and index == 0:
                row |= {"audio": "voice.flac", "oral_audio": "voice.ogg"}
            files.joints(f"{split}{index}.npy", 71, **row)
    files.bvh("walk.bvh", 120, split="train", caption="somebody walks")
    tone = 0.3 * np.sin(np.arange(44_100) / 20)
    soundfile.write(files.folder / "voice.flac", np.stack([tone, tone], 1), 44_100)
    soundfile.write(files.folder / "voice.ogg", tone, 44_100)
    return files.write_csv()


@pytest.fixture(scope="module")
def root(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("raw")
    ended = amx("data", "build", "own", "--source", source, "--data-root", root, "--name", "mine")
    assert ended.code == 0, ended.err
    assert "kept 31 clips (train 13, val 2, test 16)" in ended.out
    assert "31 captions, 30 rewrites of them, 2 recordings" in ended.out
    assert f"amx train folder --set dataset.folder=mine --data-root {root}" in ended.out
    return root


def test_it_is_checked(root: Path) -> None:
    ended = amx("data", "check", *OWN, "--data-root", root, "--full")
    assert ended.code == 0, ended.err
    assert "train 13, val 2, test 16" in ended.out
    assert "everything: Ours; licence: CC0" in ended.out
    assert ended.out.rstrip().endswith("all well")


def test_it_is_trained_on_and_drawn(root: Path, store: Path, tmp_path: Path) -> None:
    options = (*OWN, "--data-root", root, "--set", "test_variant=oral")
    ended = train(store, *options, "--set", "speech.num_voices=2", "--json")
    assert ended.code == 0, ended.err
    table = json.loads(ended.out)
    assert (table["title"], table["dataset"]) == ("tiny", "mine")
    assert np.isfinite(table["columns"]["fid"][-1])
    content = fingerprint_folder(root / "mine")
    manifests = [read_json(path) for path in store.glob("artifacts/dataset/*/manifest.json")]
    (manifest,) = (found for found in manifests if found["config"].get("content") == content)
    assert {name for name in manifest["files"] if name.startswith("recordings/")} == {
        "recordings/train0-0-written.flac",
        "recordings/train0-0-oral0.ogg",
    }


def test_a_name_that_is_no_folder(source: Path, tmp_path: Path) -> None:
    arguments = ("--source", source, "--data-root", tmp_path, "--name", "../mine")
    ended = amx("data", "build", "own", *arguments)
    assert ended.code == 2
    assert "--name '../mine'" in ended.problem


def test_a_damaged_recording_stops_the_build(source: Path, tmp_path: Path) -> None:
    content = (source / "voice.flac").read_bytes()
    (source / "voice.flac").write_bytes(content[: len(content) // 2])
    try:
        ended = amx("data", "build", "own", "--source", source, "--data-root", tmp_path)
    finally:
        (source / "voice.flac").write_bytes(content)
    assert ended.code == 3
    assert "voice.flac: cannot be read as audio" in ended.problem
    assert list(tmp_path.iterdir()) == []
