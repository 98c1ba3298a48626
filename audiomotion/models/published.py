"""Checkpoints of the published system, loaded into the networks of this package."""

from collections.abc import Mapping

from torch import Tensor, nn

from audiomotion.errors import ModelError
from audiomotion.models.quantizer import EmaCodebook

_NOT_WEIGHTS = ("clip_model.", "position_enc.pe")
"""A frozen text encoder, and a computed table: neither is part of the networks here."""

_AVERAGES = ("code_sum", "code_count", "initialised")


def load_published(module: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Load a published state dict into an RVQ-VAE or a transformer, in place.

    Published codebooks come without their moving averages: these start over where the codes lie, so
    that training can go on from them.

    Raises:
        ModelError: The weights are not those of a network of this configuration.
    """
    weights = {key: value for key, value in state.items() if not key.startswith(_NOT_WEIGHTS)}
    averages = {key: value for key, value in module.state_dict().items() if key.endswith(_AVERAGES)}
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
