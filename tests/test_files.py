import errno
import hashlib
import multiprocessing
import os
from pathlib import Path

import pytest

from audiomotion.errors import DataError
from audiomotion.files import (
    file_digest,
    full_disk_explained,
    read_json,
    sync_folder,
    write_atomic,
    write_json,
)


def test_json_comes_back_as_it_was(tmp_path):
    content = {"name": "größer", "values": [1, 2.5, None], "nested": {"true": True}}
    write_json(tmp_path / "a.json", content)
    assert read_json(tmp_path / "a.json") == content
    assert "größer" in (tmp_path / "a.json").read_text("utf-8")


@pytest.mark.parametrize("content", [b"", b"{", b'{"a": 1', b"\xff\xfe\x00"])
def test_a_damaged_file_is_named(tmp_path, content):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(DataError, match=r"a.json is damaged: .*; delete it and run again"):
        read_json(tmp_path / "a.json")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"a.json is missing"):
        read_json(tmp_path / "a.json")


def test_a_write_that_fails_leaves_the_old_content_and_nothing_else(tmp_path):
    path = tmp_path / "a"
    path.write_text("old")

    def fail(file):
        file.write(b"new")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_atomic(path, fail)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def _write_for_ever(path: Path) -> None:
    while True:
        for letter in "ab":
            write_json(path, letter * 100_000)


def test_a_reader_beside_a_writer_that_is_killed_sees_old_or_new(tmp_path):
    path = tmp_path / "a.json"
    write_json(path, "a" * 100_000)
    writer = multiprocessing.get_context("fork").Process(target=_write_for_ever, args=(path,))
    writer.start()
    try:
        seen = {read_json(path) for _ in range(300)}
    finally:
        writer.kill()
        writer.join()
    assert seen | {read_json(path)} <= {"a" * 100_000, "b" * 100_000}


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (errno.ENOSPC, "place: the disk is full; free some space and run it again"),
        (errno.EDQUOT, "place: the disk is full"),
        (errno.EROFS, "file: Read-only file system; allow it or choose another place"),
        (errno.EACCES, "file: Permission denied; allow it or choose another place"),
    ],
)
def test_what_the_file_system_refuses_is_a_sentence(number, sentence):
    with pytest.raises(DataError, match=sentence), full_disk_explained(Path("place")):
        raise OSError(number, os.strerror(number), "file")


def test_other_errors_pass_unchanged():
    with pytest.raises(IsADirectoryError), full_disk_explained(Path("place")):
        raise IsADirectoryError(errno.EISDIR, "Is a directory", "file")


def test_a_device_that_is_always_full_says_so():
    with (
        pytest.raises(DataError, match="/dev/full: the disk is full"),
        full_disk_explained(Path("/dev/full")),
        Path("/dev/full").open("wb", buffering=0) as file,
    ):
        file.write(b"x")


def test_a_digest_is_the_sha_256_of_the_content(tmp_path):
    (tmp_path / "a").write_bytes(b"abc" * 100_000)
    assert file_digest(tmp_path / "a") == hashlib.sha256(b"abc" * 100_000).hexdigest()


def test_a_folder_can_be_synced_and_a_missing_one_not(tmp_path):
    sync_folder(tmp_path)
    with pytest.raises(FileNotFoundError):
        sync_folder(tmp_path / "nowhere")
