import json
from pathlib import Path

import pytest

from audiomotion.data.fingerprint import fingerprint_folder
from audiomotion.data.outside_files import READ_FILES, read_layout, read_manifest
from audiomotion.errors import DataError


def made(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return folder


def test_one_generation_lies_in_the_folder_itself(tmp_path):
    layout = read_layout(made(tmp_path, "a.npy", "b@2.bvh", "M01.part_2@10.npy", "manifest.json"))
    assert {file.answers for file in layout.files} == {"a", "b@2", "M01.part_2@10"}
    assert {(file.repeat, file.is_sample) for file in layout.files} == {(0, False)}
    assert (layout.num_repeats, layout.problems, layout.ignored) == (1, [], [])


def test_repeats_and_samples_have_folders(tmp_path):
    names = ("repeat-00/a.npy", "repeat-1/a.npy", "multimodality/a@1/0.npy",
             "repeat-01/multimodality/a/00.bvh")  # fmt: skip
    layout = read_layout(made(tmp_path, *names))
    found = {file.shown: (file.repeat, file.answers, file.is_sample) for file in layout.files}
    assert found == {
        "repeat-00/a.npy": (0, "a", False),
        "repeat-1/a.npy": (1, "a", False),
        "multimodality/a@1/0.npy": (None, "a@1", True),
        "repeat-01/multimodality/a/00.bvh": (1, "a", True),
    }
    assert (layout.num_repeats, layout.problems) == (2, [])


def test_all_that_is_read_is_in_the_digest(tmp_path):
    names = ["a.npy", "repeat-00/b.bvh", "multimodality/a@1/0.npy",
             "repeat-00/multimodality/a/0.npy", "manifest.json"]  # fmt: skip
    digests = {fingerprint_folder(made(tmp_path, *names), None, READ_FILES)}
    for name in names:
        (tmp_path / name).write_bytes(b"other")
        digests.add(fingerprint_folder(tmp_path, None, READ_FILES))
    assert len(digests) == 1 + len(names)
    made(tmp_path, "video.mp4", ".hidden/a.npy")
    assert fingerprint_folder(tmp_path, None, READ_FILES) in digests


def test_other_kinds_of_files_are_counted_and_hidden_ones_are_not(tmp_path):
    layout = read_layout(made(tmp_path, "a.npy", "notes.txt", "video/a.mp4", ".cache/b.npy"))
    assert layout.ignored == ["notes.txt", "video/a.mp4"] and len(layout.files) == 1


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ((), "no motion in the folder"),
        (("notes.txt",), "no motion in the folder"),
        (("multimodality/a/0.npy",), "no motion in the folder"),
        (("repeat-00/a.npy", "repeat-02/a.npy"), "the repeats are 0, 2; number them"),
        (("a.npy", "repeat-00/a.npy"), "choose one way"),
        (("a.npy", "run1/a.npy"), "run1/a.npy: is not where motions are looked for"),
        (("a.npy", "multimodality/a.npy"), "multimodality/a.npy: is not where"),
    ],
)
def test_what_is_not_laid_out_so_is_a_problem(tmp_path, names, message):
    (problem,) = read_layout(made(tmp_path, *names)).problems
    assert message in problem


def test_no_folder(tmp_path):
    with pytest.raises(DataError, match="is no folder"):
        read_layout(tmp_path / "none")


def test_a_manifest(tmp_path):
    assert read_manifest(tmp_path).system == ""
    content = {"system": "MDM", "fps": 20, "texts": {"a.npy": "a man walks."}}
    (tmp_path / "manifest.json").write_text(json.dumps(content))
    manifest = read_manifest(tmp_path)
    assert (manifest.system, manifest.fps) == ("MDM", 20.0)
    assert manifest.texts == {"a.npy": "a man walks."}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"sytem": "MDM"}', "did you mean 'system'"),
        ('{"fps": "20"}', "'20' is a string where a number"),
        ('{"fps": 0}', "fps"),
        ("[1]", "a list where a mapping"),
        ('{"system": "MDM"', "manifest.json"),
    ],
)
def test_a_manifest_that_is_wrong_is_an_error_of_data(tmp_path, text, message):
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(DataError, match=message) as raised:
        read_manifest(tmp_path)
    assert raised.value.exit_code == 3
