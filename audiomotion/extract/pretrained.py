"""Loading published encoders of the transformers library: from a folder, or from the hub."""

import json
import pickle
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

import torch
from huggingface_hub import snapshot_download
from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError
from transformers import PreTrainedModel
from transformers.utils import logging as transformers_logging

from audiomotion.config.extractors import PretrainedSchema
from audiomotion.errors import ConfigError, ModelError
from audiomotion.extract.weights_facts import log_licence, weights_facts

Model = TypeVar("Model", bound=PreTrainedModel)

_HUB_ID: Final = re.compile(r"[\w.-]+/[\w.-]+")
_SMALL_FILES: Final = ("config.json", "preprocessor_config.json")
UNREADABLE: Final = (
    OSError,
    ValueError,
    TypeError,
    RuntimeError,
    EOFError,
    LookupError,
    AttributeError,
    SafetensorError,
    StrictDataclassError,
    pickle.UnpicklingError,
)
"""What torch, safetensors and transformers raise on damaged files, by where the damage is."""

_NAMED: Final = 5
"""Tensors that a message names before it only counts."""


def weights_folder(config: PretrainedSchema) -> Path:
    """Return the local folder with the weights, fetching a hub id into the hub's cache first.

    Raises:
        ModelError: Neither an existing folder nor a hub id that can be fetched or is cached.
        ConfigError: A revision is given for a folder.
    """
    folder = Path(config.weights).expanduser()
    if folder.is_dir():
        if config.revision is not None:
            raise ConfigError(
                f"extractor.revision: {config.revision!r} is for hub ids, but extractor.weights "
                f"is the folder {folder}; remove the revision"
            )
        return folder
    if config.weights.startswith(".") or not _HUB_ID.fullmatch(config.weights):
        raise ModelError(
            f"extractor.weights: {config.weights!r} is neither an existing folder nor a hub id "
            "(owner/name); give one of the two, or random"
        )
    return _fetched(config.weights, config.revision)


def _fetched(hub_id: str, revision: str | None) -> Path:
    facts = weights_facts(hub_id)
    if facts is not None:
        log_licence(facts)
    try:
        folder = _snapshot(hub_id, revision, "model.safetensors")
        if not (folder / "model.safetensors").is_file():
            folder = _snapshot(hub_id, revision, "pytorch_model.bin")
    except Exception as error:  # Its network library raises classes of its own, by version.
        at = f" at revision {revision!r}" if revision else ""
        raise ModelError(
            f"extractor.weights: {hub_id!r}{at} could not be fetched from the hub and is not in "
            f"its cache ({_first_line(error)}); fetch it on a machine with a network and give the "
            "folder: extractor.weights: /path/to/folder"
        ) from error
    return folder


def _snapshot(hub_id: str, revision: str | None, weights_file: str) -> Path:
    patterns = [*_SMALL_FILES, weights_file]
    return Path(snapshot_download(hub_id, revision=revision, allow_patterns=patterns))


def load_pretrained(
    model_class: type[Model], folder: Path, optional: frozenset[str] = frozenset()
) -> Model:
    """Load a model that `save_pretrained` wrote, or the hub's equivalent; nothing is made up.

    Args:
        model_class: The transformers class; the folder's `model_type` must be this class's.
        folder: Has `config.json` and `model.safetensors` or `pytorch_model.bin`.
        optional: Tensors that may be missing, since inference does not use them.

    Raises:
        ModelError: A file is missing or damaged, or tensors are missing or of another shape.
    """
    _check_model_type(model_class, folder)
    try:
        # Missing tensors are drawn at random before they are reported: not from the caller's state.
        with torch.random.fork_rng(devices=[]), _quietly():
            loaded: Any = model_class.from_pretrained(
                folder,
                local_files_only=True,
                output_loading_info=True,
                ignore_mismatched_sizes=True,
                dtype=torch.float32,
            )
    except UNREADABLE as error:
        raise damaged(folder, error) from error
    model: Model
    model, report = loaded
    missing = set(report["missing_keys"]) - optional
    check_tensors(folder, missing, [key for key, *_ in report["mismatched_keys"]])
    return model


@contextmanager
def _quietly() -> Iterator[None]:
    """Silence transformers' bars, and its report of missing tensors, which are an error here."""
    library: Any = transformers_logging
    verbosity, bars = library.get_verbosity(), library.is_progress_bar_enabled()
    library.set_verbosity_error()
    library.disable_progress_bar()
    try:
        yield
    finally:
        library.set_verbosity(verbosity)
        if bars:
            library.enable_progress_bar()


def check_tensors(where: Path, missing: set[str], misshapen: list[str]) -> None:
    """Raise a ModelError that names the tensors that are not there or have another shape."""
    problems = [
        f"{len(keys)} {what} ({_some(sorted(keys))})"
        for keys, what in ((missing, "missing tensors"), (misshapen, "tensors of another shape"))
        if keys
    ]
    if problems:
        raise ModelError(f"{where}: {' and '.join(problems)}; give the complete published weights")


def damaged(where: Path, error: Exception) -> ModelError:
    """Return the error for weights that cannot be read."""
    return ModelError(
        f"{where} cannot be read as weights ({_first_line(error)}); get the files again"
    )


def preprocessor_config(folder: Path) -> dict[str, Any] | None:
    """Return how the weights want their audio prepared, None where the folder does not say.

    Raises:
        ModelError: The file is damaged.
    """
    path = folder / "preprocessor_config.json"
    return _json(path) if path.is_file() else None


def _check_model_type(model_class: type[PreTrainedModel], folder: Path) -> None:
    path = folder / "config.json"
    if not path.is_file():
        raise ModelError(f"{folder} has no config.json; give the folder that save_pretrained wrote")
    assert model_class.config_class is not None
    found, wanted = _json(path).get("model_type"), model_class.config_class.model_type
    if found != wanted:
        raise ModelError(
            f"{path} describes a model of type {found!r}; this extractor needs {wanted!r}"
        )


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise damaged(path, error) from error
    if not isinstance(content, dict):
        raise damaged(path, ValueError("not a JSON object"))
    return content


def _some(keys: list[str]) -> str:
    more = len(keys) - _NAMED
    return ", ".join(keys[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
