"""Weights of a trained part in one safetensors file: loading never runs what the file contains."""

from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import nn

from audiomotion.errors import ModelError
from audiomotion.files import write_atomic


def save_weights(module: nn.Module, path: Path) -> None:
    """Write every parameter and buffer of `module`.

    Raises:
        DataError: The disk is full or the folder is not writable.
    """
    state = {name: tensor.cpu().contiguous() for name, tensor in module.state_dict().items()}
    write_atomic(path, lambda file: file.write(save(state)))


def load_weights(module: nn.Module, path: Path) -> None:
    """Fill `module` from a file of `save_weights`.

    Raises:
        ModelError: The file is damaged, or a tensor is missing, extra or of another shape.
    """
    try:
        module.load_state_dict(load_file(path))
    except (OSError, SafetensorError, RuntimeError) as error:
        raise ModelError(f"{path} does not fit the configuration: {error}") from error
