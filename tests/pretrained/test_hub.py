import shutil
from pathlib import Path

import huggingface_hub.constants
import pytest
from transformers import EncodecConfig as EncodecArchitecture
from transformers import EncodecModel

from audiomotion.config.extractors import EncodecConfig
from audiomotion.errors import ConfigError, ModelError
from audiomotion.pretrained import hub
from audiomotion.pretrained.hub import TEXT_FILES, weights_folder
from audiomotion.pretrained.loading import load_pretrained

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    architecture = EncodecArchitecture(num_filters=2, hidden_size=8, codebook_size=8)
    EncodecModel(architecture).save_pretrained(tmp_path / "weights")
    return tmp_path / "weights"


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


def test_messages_name_the_section():
    for section in ("extractor", "text_encoder"):
        with pytest.raises(ModelError, match=rf"^{section}\.weights: 'none'"):
            weights_folder(config("none"), section)


def test_an_unreachable_hub_says_how_to_give_a_folder(offline_hub):
    with pytest.raises(ModelError, match=r"'somebody/codec' at revision 'v1' .*/path/to/folder"):
        weights_folder(config("somebody/codec", "v1"))


def test_what_is_in_the_hubs_cache_needs_no_network(offline_hub, folder):
    cached(offline_hub, folder)
    for revision in (None, COMMIT):
        found = weights_folder(config("somebody/codec", revision))
        assert found.name == COMMIT
        assert load_pretrained(EncodecModel, found).config.num_filters == 2


def test_of_a_repository_only_what_is_needed_is_fetched(monkeypatch, folder):
    asked = []

    def download(hub_id, revision, allow_patterns):
        asked.append(set(allow_patterns))
        return str(folder)

    monkeypatch.setattr(hub, "snapshot_download", download)
    (folder / "model.safetensors").unlink()
    weights_folder(config("somebody/codec"), "text_encoder", TEXT_FILES)
    assert asked == [{*TEXT_FILES, "model.safetensors"}, {*TEXT_FILES, "pytorch_model.bin"}]


def test_published_weights_log_their_licence(offline_hub, caplog):
    told = caplog.at_level("INFO", logger="audiomotion.pretrained.weights_facts")
    with told, pytest.raises(ModelError):
        weights_folder(config("facebook/encodec_24khz"))
    assert "facebook/encodec_24khz: MIT" in caplog.text
