"""Where published weights lie: a folder, or a hub id fetched into the hub's cache."""

import re
from pathlib import Path
from typing import Final, Protocol

from huggingface_hub import snapshot_download

from audiomotion.errors import ConfigError, ModelError
from audiomotion.pretrained.weights_facts import log_licence, weights_facts

_HUB_ID: Final = re.compile(r"[\w.-]+/[\w.-]+")

AUDIO_FILES: Final = ("config.json", "preprocessor_config.json")
"""What an audio model's folder has beside its weights."""

TEXT_FILES: Final = (
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "vocab.json",
    "merges.txt",
    "vocab.txt",
    "modules.json",
    "sentence_bert_config.json",
    "1_Pooling/config.json",
)
"""What a text model's folder has beside its weights, by the kind of its tokenizer."""


class NamesWeights(Protocol):
    """What says which weights it wants: a part's schema, for example."""

    @property
    def weights(self) -> str:
        """Hub id or folder."""

    @property
    def revision(self) -> str | None:
        """Revision of the hub id."""


def weights_folder(
    config: NamesWeights, section: str = "extractor", files: tuple[str, ...] = AUDIO_FILES
) -> Path:
    """Return the local folder with the weights, fetching a hub id into the hub's cache first.

    Args:
        config: Names the weights.
        section: Key that the user writes `config` under, for messages.
        files: What is fetched beside the weights, as far as the hub id has it.

    Raises:
        ModelError: Neither an existing folder nor a hub id that can be fetched or is cached.
        ConfigError: A revision is given for a folder.
    """
    folder = Path(config.weights).expanduser()
    if folder.is_dir():
        if config.revision is not None:
            raise ConfigError(
                f"{section}.revision: {config.revision!r} is for hub ids, but {section}.weights "
                f"is the folder {folder}; remove the revision"
            )
        return folder
    if config.weights.startswith(".") or not _HUB_ID.fullmatch(config.weights):
        raise ModelError(
            f"{section}.weights: {config.weights!r} is neither an existing folder nor a hub id "
            "(owner/name); give one of the two, or random"
        )
    return _fetched(config.weights, config.revision, section, files)


def _fetched(hub_id: str, revision: str | None, section: str, files: tuple[str, ...]) -> Path:
    facts = weights_facts(hub_id)
    if facts is not None:
        log_licence(facts)
    try:
        folder = _snapshot(hub_id, revision, (*files, "model.safetensors"))
        if not (folder / "model.safetensors").is_file():
            folder = _snapshot(hub_id, revision, (*files, "pytorch_model.bin"))
    except Exception as error:  # Its network library raises classes of its own, by version.
        at = f" at revision {revision!r}" if revision else ""
        raise ModelError(
            f"{section}.weights: {hub_id!r}{at} could not be fetched from the hub and is not in "
            f"its cache ({first_line(error)}); fetch it on a machine with a network and give the "
            f"folder: {section}.weights: /path/to/folder"
        ) from error
    return folder


def _snapshot(hub_id: str, revision: str | None, files: tuple[str, ...]) -> Path:
    return Path(snapshot_download(hub_id, revision=revision, allow_patterns=list(files)))


def first_line(error: Exception) -> str:
    """Return the first line of what an error says, its class where it says nothing."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
