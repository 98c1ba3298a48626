"""The rewrites' files in a data set: whose they are, whole or not at all."""

import subprocess
import sys

import pytest

from audiomotion.errors import DataError
from audiomotion.files import read_json
from audiomotion.rewrite.folder import OralFolder, oral_lines, read_clip_captions


@pytest.fixture
def dataset(tmp_path):
    (tmp_path / "texts").mkdir()
    for split, names in (("train", "1\nM1\nbad\n"), ("val", "2\n"), ("test", "2\n3\n")):
        (tmp_path / f"{split}.txt").write_text(names)
    lines = "a man walks#a/DET#0.0#0.0\nbroken line\n\na man runs#a/DET#1.0#2.5\n"
    for name in ("1", "M1", "2"):
        (tmp_path / "texts" / f"{name}.txt").write_text(lines)
    (tmp_path / "texts" / "bad.txt").write_text("#x#0.0#0.0\n")
    (tmp_path / "oral").mkdir()
    return tmp_path


def test_every_listed_clip_is_read_once_with_its_parts_and_mirror(dataset):
    clips, problems = read_clip_captions(dataset)
    assert [clip.name for clip in clips] == ["1", "M1", "2"]
    assert [clip.is_mirrored for clip in clips] == [False, True, False]
    assert all(clip.captions == {0: "a man walks", 3: "a man runs"} for clip in clips)
    assert [problem.partition(" ")[0] for problem in problems] == ["texts/bad.txt", "texts/3.txt"]


def test_a_file_lists_all_takes_of_all_captions():
    lines = oral_lines({0: "a", 3: "b"}, {"a": ["A1", "A2"], "b": ["B1", "B2"]})
    assert lines == "0\tA1\n0\tA2\n3\tB1\n3\tB2\n"


def publish(dataset, clips, rewriter="r"):
    folder = OralFolder.open(dataset)
    with folder.locked():
        return folder.publish(clips, rewriter, {"dataset": "d"})


def test_own_files_are_told_from_those_of_other_hands(dataset):
    (dataset / "oral" / "2.txt").write_text("0\tWalk, man.\n")
    assert publish(dataset, {"1": "0\tWalk.\n"}) == 1
    folder = OralFolder.open(dataset)
    assert [folder.is_foreign(name) for name in ("1", "2", "M1")] == [False, True, False]
    (dataset / "oral" / "1.txt").write_text("0\tWalk slowly.\n")
    assert OralFolder.open(dataset).is_foreign("1")


def test_what_has_not_changed_is_not_written_again(dataset):
    publish(dataset, {"1": "a", "2": "b"})
    before = (dataset / "oral" / "1.txt").stat()
    assert publish(dataset, {"1": "a", "2": "c"}) == 1
    after = (dataset / "oral" / "1.txt").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_files_of_another_rewriter_stay_known(dataset):
    publish(dataset, {"1": "a", "2": "b"}, "first")
    publish(dataset, {"2": "c"}, "second")
    folder = OralFolder.open(dataset)
    assert folder.rewriters() == ["first", "second"]
    assert not folder.is_foreign("1") and not folder.is_foreign("2")
    (dataset / "oral" / "1.txt").unlink()
    publish(dataset, {"2": "c"}, "second")
    assert OralFolder.open(dataset).rewriters() == ["second"]


@pytest.mark.parametrize("num_written", [0, 1, 2])
def test_wherever_writing_ends_the_files_are_known_as_own(dataset, monkeypatch, num_written):
    publish(dataset, {"1": "old", "2": "old"})
    folder, left = OralFolder.open(dataset), [num_written]

    def write(path, content):
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        path.write_bytes(b"new")

    monkeypatch.setattr("audiomotion.rewrite.folder.write_atomic", write)
    if num_written < 2:
        with pytest.raises(KeyboardInterrupt):
            folder.publish({"1": "new", "2": "new"}, "r", {})
    else:
        folder.publish({"1": "new", "2": "new"}, "r", {})
    found = [(dataset / "oral" / f"{name}.txt").read_text() for name in "12"]
    assert found == ["new"] * num_written + ["old"] * (2 - num_written)
    again = OralFolder.open(dataset)
    assert not again.is_foreign("1") and not again.is_foreign("2")


def test_what_a_killed_writer_left_is_cleared(dataset):
    (dataset / "oral" / ".1.txt.77.tmp").write_text("0\tWal")
    publish(dataset, {"1": "a"})
    names = sorted(path.name for path in (dataset / "oral").iterdir())
    assert names == ["1.txt", "rewrites.json"]
    record = read_json(dataset / "oral" / "rewrites.json")
    assert record["dataset"] == "d" and "replaces" not in record["files"]["1"]


def test_only_one_writes_at_a_time(dataset):
    hold = (
        "import fcntl, os, sys\n"
        "fcntl.flock(os.open(sys.argv[1], os.O_RDONLY), fcntl.LOCK_EX)\n"
        "print('held', flush=True)\nsys.stdin.read()"
    )
    command = [sys.executable, "-c", hold, str(dataset / "oral")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout and holder.stdout.readline() == b"held\n"
        with pytest.raises(DataError, match="by another amx data oral"):
            publish(dataset, {"1": "a"})
        holder.kill()
    assert publish(dataset, {"1": "a"}) == 1


def test_a_damaged_record_is_told(dataset):
    for content in ("{", "[]", '{"files": 3}'):
        (dataset / "oral" / "rewrites.json").write_text(content)
        with pytest.raises(DataError, match=r"rewrites\.json is damaged"):
            OralFolder.open(dataset)
