import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from audiomotion.errors import ModelError
from audiomotion.models.official.reading import read_checkpoint, tensors_of
from tests.models.official_files import Trap, training_state


@pytest.mark.parametrize("zipped", [True, False])
def test_a_checkpoint_with_its_training_state_is_read(tmp_path: Path, zipped: bool) -> None:
    path = tmp_path / "latest.tar"
    content = {"net": {"weight": torch.arange(6.0).view(2, 3)}, **training_state()}
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    read = read_checkpoint(path)
    assert read["net"]["weight"].equal(content["net"]["weight"])
    assert (read["total_it"], read["loss"], read["val_loss"]) == (4200, 0.25, 0.5)
    assert read["scheduler"]["milestones"] == {50_000: 1}


def test_numbers_of_older_numpy_are_read(tmp_path: Path) -> None:
    path = tmp_path / "latest.tar"
    torch.save({"loss": np.float64(0.25)}, path, _use_new_zipfile_serialization=False)
    content = path.read_bytes()
    assert b"numpy._core.multiarray" in content
    path.write_bytes(content.replace(b"numpy._core.multiarray", b"numpy.core.multiarray"))
    assert read_checkpoint(path) == {"loss": 0.25}


@pytest.mark.parametrize("name", ["latest.tar", "imagebind_huge.pth"])
@pytest.mark.parametrize("form", ["zip", "old", "pickle"])
@pytest.mark.parametrize("protocol", [2, 4])
def test_code_is_named_and_not_run(tmp_path: Path, name: str, form: str, protocol: int) -> None:
    path, content = tmp_path / name, {"net": {"weight": Trap(tmp_path / "ran")}}
    if form == "pickle":
        path.write_bytes(pickle.dumps(content, protocol))
    else:
        torch.save(
            content, path, pickle_protocol=protocol, _use_new_zipfile_serialization=form == "zip"
        )
    with pytest.raises(ModelError) as error:
        read_checkpoint(path)
    said = str(error.value)
    assert ("carries code (" if protocol == 2 else "can carry code") in said
    assert "not run" in said
    assert "\n" not in said and "weights_only" not in said
    assert not (tmp_path / "ran").exists()


def test_the_trap_would_have_worked(tmp_path: Path) -> None:
    torch.save(Trap(tmp_path / "ran"), tmp_path / "latest.tar")
    torch.load(tmp_path / "latest.tar", weights_only=False)
    assert (tmp_path / "ran").exists()


def test_only_numbers_are_admitted_of_numpy(tmp_path: Path) -> None:
    torch.save({"stats": np.zeros(3)}, tmp_path / "latest.tar")
    with pytest.raises(ModelError, match=r"carries code \(numpy.*reconstruct\)"):
        read_checkpoint(tmp_path / "latest.tar")


def test_admitting_numbers_ends_with_the_reading(tmp_path: Path) -> None:
    torch.save({"loss": np.float64(0.25)}, tmp_path / "latest.tar")
    admitted = torch.serialization.get_safe_globals()
    read_checkpoint(tmp_path / "latest.tar")
    assert set(torch.serialization.get_safe_globals()) == set(admitted)
    with pytest.raises(pickle.UnpicklingError):
        torch.load(tmp_path / "latest.tar", weights_only=True)


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("keep", [0, 3, 100, -100, -3000])
def test_a_truncated_file_is_damage(tmp_path: Path, zipped: bool, keep: int) -> None:
    path = tmp_path / "latest.tar"
    content = {"net": torch.zeros(4000)}
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ModelError, match="damaged, cut short or something else; get the file"):
        read_checkpoint(path)


@pytest.mark.parametrize(
    "content", [b"<html>not found</html>", b"\x00" * 2000, b"\x80\x02.", b"N."]
)
def test_what_is_no_checkpoint_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "latest.tar").write_bytes(content)
    with pytest.raises(ModelError, match="checkpoint"):
        read_checkpoint(tmp_path / "latest.tar")


def test_an_archive_in_parts_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "latest.tar"
    torch.save({"net": torch.zeros(3)}, path)
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x06\x07") + 16] = 2  # of two disks
    path.write_bytes(content)
    with pytest.raises(ModelError, match="cannot be read as a checkpoint"):
        read_checkpoint(path)


def test_an_archive_of_files_is_no_checkpoint(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "a").write_text("a")
    for form, name in (("tar", "latest.tar"), ("zip", "latest.zip")):
        path = Path(shutil.make_archive(str(tmp_path / "latest"), form, tmp_path / "files"))
        assert path.name == name
        with pytest.raises(ModelError, match="cannot be read as a checkpoint"):
            read_checkpoint(path)


@pytest.mark.parametrize("content", [[1, 2], torch.zeros(3), {1: torch.zeros(3)}, "text"])
def test_parts_have_names(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "latest.tar")
    with pytest.raises(ModelError, match="no parts by name"):
        read_checkpoint(tmp_path / "latest.tar")


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"there is no file .*nowhere\.tar"):
        read_checkpoint(tmp_path / "nowhere.tar")


@pytest.mark.parametrize("content", [None, [torch.zeros(3)], {"a": 1}, {1: torch.zeros(3)}])
def test_a_state_dict_is_tensors_by_name(content: object) -> None:
    with pytest.raises(ModelError, match="under 'net' is not tensors by name"):
        tensors_of(Path("latest.tar"), "'net'", content)
