"""What every compressor has in common."""

from abc import ABC, abstractmethod

from torch import Tensor, nn

from audiomotion.config.compressors import CompressorSchema
from audiomotion.config.schema import load_implementation
from audiomotion.errors import ModelError
from audiomotion.models.condition import Condition


class Compressor(nn.Module, ABC):
    """Features of any length to a condition of fixed size.

    Neither what stands where `valid_mask` is False (NaN too) nor how much there is of it ever
    changes the condition. A subclass is constructed as `Subclass(config, feature_dim)`.
    """

    num_condition_tokens: int
    """Condition tokens C."""

    condition_dim: int
    """Width D of a condition token."""

    @abstractmethod
    def forward(self, features: Tensor, valid_mask: Tensor) -> Condition:
        """Compress `features` `(B, L, F)` to a condition `(B, C, D)`.

        `valid_mask` `(B, L)` is True at real frames, of which each clip has at least one.
        """


def build_compressor(config: CompressorSchema, feature_dim: int) -> Compressor:
    """Build the compressor that `config` names, for features of width `feature_dim`.

    Raises:
        ModelError: The class that the configuration names is no `Compressor`.
    """
    compressor = load_implementation(config)(config, feature_dim)
    if not isinstance(compressor, Compressor):
        raise ModelError(
            f"compressor {config.name!r}: {config.implementation} is no Compressor; "
            "derive it from audiomotion.models.compressors.base.Compressor"
        )
    return compressor
