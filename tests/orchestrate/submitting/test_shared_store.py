import pytest

from audiomotion.orchestrate.submitting.shared_store import (
    free_gigabytes,
    mark_store,
    remove_marks,
    unseen_marks,
    write_witness,
)


@pytest.mark.parametrize("form", ["{}", "memory://{}"])
def test_marks_are_seen_in_the_same_store_and_not_in_another(form: str, tmp_path) -> None:
    store, other = form.format(tmp_path / "store"), form.format(tmp_path / "other")
    assert mark_store(store, "n", "a") == ""
    assert mark_store(store, "n", "b") == ""
    assert unseen_marks(store, "n", ["a", "b"]) == []
    assert unseen_marks(store, "n", ["a", "c"]) == ["c"]
    assert unseen_marks(store, "another", ["a"]) == ["a"]
    assert unseen_marks(other, "n", ["a", "b"]) == ["a", "b"]
    remove_marks(store, "n", ["a", "b", "never-there"])
    assert unseen_marks(store, "n", ["a", "b"]) == ["a", "b"]


def test_a_store_whose_parent_is_missing_is_not_made_up(tmp_path) -> None:
    problem = mark_store(str(tmp_path / "mount" / "store"), "n", "a")
    assert problem.startswith(f"there is no folder {tmp_path / 'mount'}")
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_is_a_file_is_a_problem(tmp_path) -> None:
    (tmp_path / "store").write_text("")
    assert "cannot be written: " in mark_store(str(tmp_path / "store"), "n", "a")
    assert "cannot be written: " in mark_store("nosuchprotocol://b/p", "n", "a")


def test_a_witness_is_a_mark_too(tmp_path) -> None:
    name = write_witness(tmp_path, "n")
    assert unseen_marks(str(tmp_path), "n", [name]) == []


def test_where_no_store_is_asked_nothing_is_written(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert mark_store("", "n", "a") == ""
    assert unseen_marks("", "n", ["a"]) == []
    assert list(tmp_path.iterdir()) == []


def test_free_space_is_that_of_the_disk_that_the_store_will_be_on(tmp_path) -> None:
    assert free_gigabytes(str(tmp_path / "not" / "there")) > 0
    assert free_gigabytes("s3://bucket/path") > 0
