"""From the features of an instruction to a condition, and the models that learn this on the way.

Source: Fig. 4: the masked and the residual transformer each have a compressor of their own.
"""

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from audiomotion.config.compressors import CompressorSchema
from audiomotion.config.experiment import MaskedConfig, ResidualConfig, RvqConfig
from audiomotion.errors import ModelError
from audiomotion.models.compressors.base import build_compressor
from audiomotion.models.condition import Condition
from audiomotion.models.length_estimator import LengthEstimator
from audiomotion.models.masked_transformer import MaskedTransformer
from audiomotion.models.residual_transformer import ResidualTransformer


@dataclass(frozen=True)
class FeatureShape:
    """What the frames of an extractor look like."""

    feature_dim: int
    """Width F of a frame, all layers together."""

    num_layers: int = 1
    """Layers of the extractor that lie side by side in a frame."""


class LayerMix(nn.Module):
    """A learned mixture of an extractor's layers: one softmax weight a layer.

    Source: Yang et al., SUPERB, Interspeech 2021, Sec. 3 (the weighted sum of all layers).
    """

    def __init__(self, num_layers: int) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.zeros(num_layers))

    def forward(self, features: Tensor) -> Tensor:
        """Mix `(B, L, layers * F)` to `(B, L, F)`."""
        layers = features.view(*features.shape[:-1], len(self.weights), -1)
        return torch.einsum("n,blnf->blf", self.weights.softmax(dim=0), layers)


class ConditionEncoder(nn.Module):
    """A learned mix of layers where there are several, then the compressor.

    Without a compressor the features are the condition: one vector an instruction, as the published
    text-conditioned system takes CLIP's.
    """

    def __init__(self, compressor: CompressorSchema | None, shape: FeatureShape) -> None:
        super().__init__()
        width = shape.feature_dim // shape.num_layers
        self.mix = LayerMix(shape.num_layers) if shape.num_layers > 1 else None
        self.compressor = None if compressor is None else build_compressor(compressor, width)
        self.condition_dim = width if compressor is None else compressor.condition_dim

    def forward(self, features: Tensor, valid_mask: Tensor) -> Condition:
        """Encode `features` `(B, L, F)`, real where `valid_mask` `(B, L)`, to `(B, C, D)`.

        Raises:
            ModelError: There is no compressor, and an instruction has several frames.
        """
        if self.mix is not None:
            features = self.mix(features)
        if self.compressor is not None:
            return cast(Condition, self.compressor(features, valid_mask))
        if features.shape[1] != 1:
            raise ModelError(
                f"an instruction has {features.shape[1]} feature frames and there is no compressor "
                "to make a condition of them; take pooled features"
            )
        return Condition.of_vectors(features[:, 0])


class ConditionedMasked(nn.Module):
    """Masked transformer with its condition encoder."""

    def __init__(self, condition: ConditionEncoder, masked: MaskedConfig, rvq: RvqConfig) -> None:
        super().__init__()
        self.condition = condition
        self.transformer = MaskedTransformer(masked, rvq.codebook_size, condition.condition_dim)


class ConditionedResidual(nn.Module):
    """Residual transformer with its condition encoder."""

    def __init__(
        self, condition: ConditionEncoder, residual: ResidualConfig, rvq: RvqConfig
    ) -> None:
        super().__init__()
        self.condition = condition
        self.transformer = ResidualTransformer(
            residual, rvq.codebook_size, rvq.num_quantizers, condition.condition_dim
        )


class ConditionedLength(nn.Module):
    """Length estimator with its condition encoder; several condition tokens are averaged."""

    def __init__(self, condition: ConditionEncoder, num_classes: int) -> None:
        super().__init__()
        self.condition = condition
        self.estimator = LengthEstimator(condition.condition_dim, num_classes)

    def vectors(self, features: Tensor, valid_mask: Tensor) -> Tensor:
        """Return the vectors `(B, D)` that the estimator judges by."""
        condition = self.condition(features, valid_mask)
        weights = condition.valid_mask / condition.valid_mask.sum(dim=1, keepdim=True)
        return torch.einsum("bc,bcd->bd", weights, condition.tokens)
