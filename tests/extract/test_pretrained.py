import shutil
from pathlib import Path

import huggingface_hub.constants
import pytest
import torch
from transformers import EncodecConfig as EncodecArchitecture
from transformers import EncodecModel, WavLMModel
from transformers.utils import logging as transformers_logging

from audiomotion.config.extractors import EncodecConfig
from audiomotion.errors import ConfigError, ModelError
from audiomotion.extract.pretrained import load_pretrained, preprocessor_config, weights_folder

COMMIT = "0123456789abcdef0123456789abcdef01234567"


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


@pytest.fixture
def offline_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    cache = tmp_path / "hub"
    cache.mkdir()
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(cache))
    return cache


def config(weights: object, revision: str | None = None) -> EncodecConfig:
    return EncodecConfig(weights=str(weights), revision=revision)


def cached(hub: Path, folder: Path) -> None:
    repository = hub / "models--somebody--codec"
    shutil.copytree(folder, repository / "snapshots" / COMMIT)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(COMMIT)


def test_a_folder_is_itself(folder):
    assert weights_folder(config(folder)) == folder


def test_a_folder_has_no_revision(folder):
    with pytest.raises(ConfigError, match=r"extractor\.revision: 'v1' is for hub ids"):
        weights_folder(config(folder, "v1"))


@pytest.mark.parametrize(
    "weights", ["/no/such/folder", "./no/such", "./no", "no-such-folder", "~/no"]
)
def test_neither_folder_nor_hub_id(weights):
    with pytest.raises(ModelError, match="neither an existing folder nor a hub id"):
        weights_folder(config(weights))


def test_an_unreachable_hub_says_how_to_give_a_folder(offline_hub):
    with pytest.raises(ModelError, match=r"'somebody/codec' at revision 'v1' .*/path/to/folder"):
        weights_folder(config("somebody/codec", "v1"))


def test_what_is_in_the_hubs_cache_needs_no_network(offline_hub, folder):
    cached(offline_hub, folder)
    for revision in (None, COMMIT):
        found = weights_folder(config("somebody/codec", revision))
        assert found.name == COMMIT
        assert load_pretrained(EncodecModel, found).config.num_filters == 2


def test_published_weights_log_their_licence(offline_hub, caplog):
    told = caplog.at_level("INFO", logger="audiomotion.extract.weights_facts")
    with told, pytest.raises(ModelError):
        weights_folder(config("facebook/encodec_24khz"))
    assert "facebook/encodec_24khz: MIT" in caplog.text


def test_another_model_type_is_refused(folder):
    with pytest.raises(ModelError, match="type 'encodec'; this extractor needs 'wavlm'"):
        load_pretrained(WavLMModel, folder)


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
