"""A transformer and the compressor that it trains for itself."""

from torch import nn

from audiomotion.config.compressors import CompressorSchema
from audiomotion.config.experiment import MaskedConfig, ResidualConfig, RvqConfig
from audiomotion.models.compressors.base import Compressor, build_compressor
from audiomotion.models.masked_transformer import MaskedTransformer
from audiomotion.models.residual_transformer import ResidualTransformer


class ConditionedMasked(nn.Module):
    """Masked transformer with its compressor (paper fig. 4)."""

    def __init__(
        self, masked: MaskedConfig, compressor: CompressorSchema, rvq: RvqConfig, feature_dim: int
    ) -> None:
        super().__init__()
        self.compressor: Compressor = build_compressor(compressor, feature_dim)
        self.transformer = MaskedTransformer(masked, rvq.codebook_size, compressor.condition_dim)


class ConditionedResidual(nn.Module):
    """Residual transformer with its compressor (paper fig. 4)."""

    def __init__(
        self,
        residual: ResidualConfig,
        compressor: CompressorSchema,
        rvq: RvqConfig,
        feature_dim: int,
    ) -> None:
        super().__init__()
        self.compressor: Compressor = build_compressor(compressor, feature_dim)
        self.transformer = ResidualTransformer(
            residual, rvq.codebook_size, rvq.num_quantizers, compressor.condition_dim
        )
