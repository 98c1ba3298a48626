"""Checkpoints of the published system, loaded into the networks of this package."""

from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from audiomotion.errors import ModelError
from audiomotion.models.quantizer import EmaCodebook

NOT_WEIGHTS = ("clip_model.", "position_enc.pe")
"""A frozen text encoder, and a computed table: neither is part of the networks here."""

AVERAGES = ("code_sum", "code_count", "initialised")
"""Endings of what published codebooks come without."""


def load_imported(module: nn.Module, path: Path) -> None:
    """Load the tensors of an imported checkpoint, `model.safetensors`; see `load_published`.

    Raises:
        ModelError: The file is damaged, or its weights are not those of such a network.
    """
    try:
        state = load_file(path)
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{path} cannot be read; delete its folder and import it again") from error
    load_published(module, state)


def load_published(module: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Load a published state dict into an RVQ-VAE or a transformer, in place.

    Published codebooks come without their moving averages: these start over where the codes lie, so
    that training can go on from them.

    Raises:
        ModelError: The weights are not those of a network of this configuration.
    """
    weights = {key: value for key, value in state.items() if not key.startswith(NOT_WEIGHTS)}
    averages = {key: value for key, value in module.state_dict().items() if key.endswith(AVERAGES)}
    try:
        module.load_state_dict({**averages, **weights})
    except RuntimeError as error:
        raise ModelError(
            f"the weights do not fit a {type(module).__name__} of this configuration: {error}; "
            "set the sizes that the checkpoint was trained with"
        ) from error
    for part in module.modules():
        if isinstance(part, EmaCodebook):
            part.restart_averages()
