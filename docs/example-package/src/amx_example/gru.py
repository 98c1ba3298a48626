"""A recurrent network over the frames."""

from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from amx_example.schemas import GruConfig
from audiomotion.models.compressors.base import Compressor
from audiomotion.models.compressors.frames import FrameNorm
from audiomotion.models.condition import Condition


class Gru(Compressor):
    """One condition token from the last states of a bidirectional GRU."""

    num_condition_tokens = 1

    def __init__(self, config: GruConfig, feature_dim: int) -> None:
        super().__init__()
        self.condition_dim = config.condition_dim
        self.norm = FrameNorm(feature_dim)
        self.gru = nn.GRU(feature_dim, config.hidden_dim, batch_first=True, bidirectional=True)
        self.output = nn.Linear(2 * config.hidden_dim, config.condition_dim)

    def forward(self, features: Tensor, valid_mask: Tensor) -> Condition:
        """Compress `features` `(B, L, F)` to a condition `(B, 1, D)`; padding is never read."""
        frames = pack_padded_sequence(
            self.norm(features, valid_mask),
            valid_mask.sum(dim=1).cpu(),
            batch_first=True,
            enforce_sorted=False,
        )
        _, last = self.gru(frames)
        return Condition.of_vectors(self.output(last.transpose(0, 1).flatten(1)))
