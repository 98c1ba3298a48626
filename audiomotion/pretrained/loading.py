"""Loading published encoders of the transformers library out of a folder."""

import json
import logging
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

import torch
from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError
from transformers import PreTrainedModel
from transformers.utils import logging as transformers_logging

from audiomotion.errors import ModelError
from audiomotion.pretrained.hub import first_line

logger = logging.getLogger(__name__)

Model = TypeVar("Model", bound=PreTrainedModel)

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


def load_pretrained(
    model_class: type[Model],
    folder: Path,
    optional: frozenset[str] = frozenset(),
    *,
    model_types: tuple[str, ...] = (),
    unused: tuple[str, ...] = (),
    renamed: dict[str, str] | None = None,
) -> Model:
    """Load a model that `save_pretrained` wrote, or the hub's equivalent; nothing is made up.

    Args:
        model_class: The transformers class; the folder's `model_type` must be this class's.
        folder: Has `config.json` and `model.safetensors` or `pytorch_model.bin`.
        optional: Tensors that may be missing, since inference does not use them.
        model_types: Further model types that hold this class's tensors.
        unused: How the names of those tensors start that belong to parts not needed. Of others
            that the model has no place for a warning tells.
        renamed: Patterns of names in the file, and what the class calls them.

    Raises:
        ModelError: A file is missing or damaged, or tensors are missing or of another shape.
    """
    _check_model_type(model_class, folder, model_types)
    try:
        # Missing tensors are drawn at random before they are reported: not from the caller's state.
        with torch.random.fork_rng(devices=[]), quietly():
            loaded: Any = model_class.from_pretrained(
                folder,
                local_files_only=True,
                output_loading_info=True,
                ignore_mismatched_sizes=True,
                dtype=torch.float32,
                key_mapping=renamed,
            )
    except UNREADABLE as error:
        raise damaged(folder, error) from error
    model: Model
    model, report = loaded
    missing = set(report["missing_keys"]) - optional
    check_tensors(folder, missing, [key for key, *_ in report["mismatched_keys"]])
    extra = sorted(key for key in report["unexpected_keys"] if not key.startswith(unused))
    if extra:
        logger.warning("%s: %d tensors have no place here (%s)", folder, len(extra), _some(extra))
    return model


@contextmanager
def quietly() -> Iterator[None]:
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
        f"{where} cannot be read as weights ({first_line(error)}); get the files again"
    )


def preprocessor_config(folder: Path) -> dict[str, Any] | None:
    """Return how the weights want their audio prepared, None where the folder does not say.

    Raises:
        ModelError: The file is damaged.
    """
    path = folder / "preprocessor_config.json"
    return json_object(path) if path.is_file() else None


def _check_model_type(
    model_class: type[PreTrainedModel], folder: Path, further: tuple[str, ...]
) -> None:
    path = folder / "config.json"
    if not path.is_file():
        raise ModelError(f"{folder} has no config.json; give the folder that save_pretrained wrote")
    assert model_class.config_class is not None
    wanted = (model_class.config_class.model_type, *further)
    found = json_object(path).get("model_type")
    if found not in wanted:
        needed = " or ".join(map(repr, wanted))
        raise ModelError(f"{path} describes a model of type {found!r}; needed is {needed}")


def json_object(path: Path) -> dict[str, Any]:
    """Return the JSON object in a file beside the weights.

    Raises:
        ModelError: The file is missing or damaged.
    """
    content = json_content(path)
    if not isinstance(content, dict):
        raise damaged(path, ValueError("not a JSON object"))
    return content


def json_content(path: Path) -> Any:
    """Return what a JSON file beside the weights holds.

    Raises:
        ModelError: The file is missing or damaged.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelError(f"{path} is missing; get it from the same place as the weights") from error
    except (OSError, ValueError) as error:
        raise damaged(path, error) from error


def _some(keys: list[str]) -> str:
    more = len(keys) - _NAMED
    return ", ".join(keys[:_NAMED]) + (f" and {more} more" if more > 0 else "")
