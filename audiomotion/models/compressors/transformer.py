"""The transformer compressor: memory retrieval without the memory."""

from torch import Tensor, nn

from audiomotion.config.compressors import TransformerCompressorConfig
from audiomotion.models.compressors.base import Compressor
from audiomotion.models.compressors.encoder import EncoderInput, FrameEncoder
from audiomotion.models.condition import Condition


class TransformerCompressor(Compressor):
    """Encode the frames themselves.

    Source: Sec. 3.2 and table 6. A linear layer stands where memory retrieval has the retrieval;
    nothing else differs.
    """

    def __init__(self, config: TransformerCompressorConfig, feature_dim: int) -> None:
        super().__init__()
        self.condition_dim = config.condition_dim
        self.num_condition_tokens = config.num_condition_tokens
        self.input = EncoderInput(config, feature_dim)
        self.projection = nn.Linear(self.input.output_dim, config.latent_dim)
        self.encoder = FrameEncoder(config)

    def forward(self, features: Tensor, valid_mask: Tensor) -> Condition:
        """Compress `features` `(B, L, F)` to a condition `(B, C, D)`."""
        frames, valid_mask = self.input(features, valid_mask)
        condition: Condition = self.encoder(self.projection(frames), valid_mask)
        return condition
