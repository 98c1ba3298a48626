"""The folder of a launch's system: whole or not at all."""

import shutil
from pathlib import Path

import pytest
from safetensors import safe_open

from audiomotion.errors import ConfigError, DataError
from audiomotion.pipeline.exporting import export_run
from audiomotion.pipeline.folder import SystemConfig


def test_one_safetensors_file_a_trained_part(exported: Path) -> None:
    assert sorted(path.name for path in exported.iterdir()) == [
        "README.md", "config.json", "length.safetensors", "masked.safetensors",
        "residual.safetensors", "rvq.safetensors", "stats.npz",
    ]  # fmt: skip
    for path in exported.glob("*.safetensors"):
        with safe_open(path, "pt") as file:
            assert file.keys()


def test_the_configuration_comes_back(exported: Path, tmp_path: Path) -> None:
    config = SystemConfig.load(exported)
    assert (config.experiment.name, config.skeleton.name) == ("tiny", "humanml3d_22")
    config.save(tmp_path)
    assert (tmp_path / "config.json").read_bytes() == (exported / "config.json").read_bytes()


def test_the_card_says_what_it_is_and_how_good(exported: Path) -> None:
    card = (exported / "README.md").read_text("utf-8")
    for words in ("launch `tiny-demo", "FID ↓", " ± ", "made-up motions", "amx generate", "eSpeak",
                  "## Limits", "## Licences"):  # fmt: skip
        assert words in card
    assert "random weights" not in card


def test_an_existing_folder_is_refused_and_kept(launched: Path, tmp_path: Path) -> None:
    output = tmp_path / "mine"
    output.mkdir()
    (output / "precious").touch()
    with pytest.raises(DataError, match="exists"):
        export_run("tiny", output, store=str(launched))
    assert [path.name for path in output.iterdir()] == ["precious"]


def test_a_damaged_artifact_leaves_nothing(launched: Path, tmp_path: Path) -> None:
    store = Path(shutil.copytree(launched, tmp_path / "store"))
    (weights,) = store.glob("artifacts/residual/*/model.safetensors")
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    (tmp_path / "out").mkdir()
    with pytest.raises(DataError, match=r"residual .* is damaged"):
        export_run("tiny", tmp_path / "out" / "system", store=str(store))
    assert list((tmp_path / "out").iterdir()) == []


def test_a_system_that_is_not_there(launched: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--arm tiny --seed 0; choose one"):
        export_run("tiny", tmp_path / "system", store=str(launched), arm="other")
    with pytest.raises(ConfigError):
        export_run("huge", tmp_path / "system", store=str(launched))
