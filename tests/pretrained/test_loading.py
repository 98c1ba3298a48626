import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import EncodecConfig as EncodecArchitecture
from transformers import EncodecModel, WavLMModel
from transformers.utils import logging as transformers_logging

from audiomotion.errors import ModelError
from audiomotion.pretrained.loading import load_pretrained, preprocessor_config

ONES = torch.ones(3)


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("saved")
    EncodecModel(
        EncodecArchitecture(num_filters=2, hidden_size=8, codebook_size=8)
    ).save_pretrained(folder)
    return folder


@pytest.fixture
def folder(saved: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(saved, tmp_path / "weights"))


def test_another_model_type_is_refused(folder):
    with pytest.raises(ModelError, match="type 'encodec'; needed is 'wavlm'"):
        load_pretrained(WavLMModel, folder)


def test_another_model_type_may_be_allowed(folder):
    assert load_pretrained(EncodecModel, folder, model_types=("other",)).config.num_filters == 2
    with pytest.raises(ModelError, match="needed is 'wavlm' or 'clip'"):
        load_pretrained(WavLMModel, folder, model_types=("clip",))


def rewritten(folder: Path, **changes: torch.Tensor | None) -> None:
    state = load_file(folder / "model.safetensors")
    for key, tensor in changes.items():
        del state[key.replace("__", ".")]
        if tensor is not None:
            state[key.replace("__", ".")] = tensor
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})


def test_missing_and_misshapen_tensors_are_named(folder):
    changed = {"encoder__layers__0__conv__bias": None, "decoder__layers__0__conv__bias": ONES}
    rewritten(folder, **changed)
    with pytest.raises(ModelError) as error:
        load_pretrained(EncodecModel, folder)
    assert "1 missing tensors (encoder.layers.0.conv.bias)" in str(error.value)
    assert "1 tensors of another shape (decoder.layers.0.conv.bias)" in str(error.value)


def test_tensors_without_a_place_are_told_of_unless_known(folder, caplog):
    state = load_file(folder / "model.safetensors")
    save_file({**state, "head.weight": ONES}, folder / "model.safetensors", {"format": "pt"})
    load_pretrained(EncodecModel, folder)
    assert "1 tensors have no place here (head.weight)" in caplog.text
    caplog.clear()
    load_pretrained(EncodecModel, folder, unused=("head.",))
    assert caplog.text == ""


def test_loading_is_silent_and_leaves_the_library_as_it_was(folder, capfd):
    before = transformers_logging.get_verbosity()
    load_pretrained(EncodecModel, folder)
    assert capfd.readouterr() == ("", "")
    assert transformers_logging.get_verbosity() == before
    assert transformers_logging.is_progress_bar_enabled()


def test_a_folder_without_config(tmp_path):
    with pytest.raises(ModelError, match=r"has no config\.json"):
        load_pretrained(EncodecModel, tmp_path)


def test_a_folder_without_weights(folder):
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelError, match="cannot be read as weights"):
        load_pretrained(EncodecModel, folder)


@pytest.mark.parametrize("keep", [0, 5, 100, 5000])
def test_truncated_weights(folder, keep):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ModelError, match="cannot be read as weights"):
        load_pretrained(EncodecModel, folder)


@pytest.mark.parametrize("text", ["", "[1]", "{", '{"model_type": "encodec", "num_filters": "x"}'])
def test_a_damaged_config(folder, text):
    (folder / "config.json").write_text(text)
    with pytest.raises(ModelError, match="cannot be read as weights"):
        load_pretrained(EncodecModel, folder)


class Trap:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_code_in_a_pickle_does_not_run(folder, tmp_path):
    (folder / "model.safetensors").unlink()
    torch.save({"weight": Trap(tmp_path / "ran")}, folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match="cannot be read as weights"):
        load_pretrained(EncodecModel, folder)
    assert not (tmp_path / "ran").exists()


def test_preprocessor_config(tmp_path):
    assert preprocessor_config(tmp_path) is None
    (tmp_path / "preprocessor_config.json").write_text('{"do_normalize": true}')
    assert preprocessor_config(tmp_path) == {"do_normalize": True}
    (tmp_path / "preprocessor_config.json").write_text("true")
    with pytest.raises(ModelError, match="cannot be read"):
        preprocessor_config(tmp_path)
