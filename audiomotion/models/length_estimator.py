"""How long a motion should be, from what it is generated from.

Source: the published code's length estimator; layers and names are its own.
"""

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from audiomotion.errors import ModelError
from audiomotion.models.transformer import initialise

NUM_LENGTHS: Final = 50
"""Classes of the published estimator: 0..49 tokens of 4 frames."""

_HIDDEN: Final = (512, 256, 128)
_LEAK: Final = 0.2
_DROPOUT: Final = 0.2


class LengthEstimator(nn.Module):
    """Distribution of a motion's number of tokens; class c stands for c tokens, 4c frames."""

    def __init__(self, condition_dim: int, num_classes: int = NUM_LENGTHS) -> None:
        super().__init__()
        first, second, third = _HIDDEN
        self.num_classes = num_classes
        self.output = nn.Sequential(
            *_hidden(condition_dim, first),
            nn.Dropout(_DROPOUT),
            *_hidden(first, second),
            nn.Dropout(_DROPOUT),
            *_hidden(second, third),
            nn.Linear(third, num_classes),
        )
        initialise(self)

    def forward(self, condition_vectors: Tensor) -> Tensor:
        """Return logits `(B, num_classes)` for `condition_vectors` `(B, D)`."""
        logits: Tensor = self.output(condition_vectors)
        return logits

    def training_loss(
        self, condition_vectors: Tensor, num_tokens: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the mean cross entropy of a batch, and the accuracy to plot.

        Args:
            condition_vectors: `(B, D)` float.
            num_tokens: Tokens `(B,)` int64 of the motions, 1..num_classes - 1.

        Raises:
            ModelError: A motion has no token, or more than there are classes for.
        """
        least, most = int(num_tokens.min()), int(num_tokens.max())
        if least < 1 or most >= self.num_classes:
            raise ModelError(
                f"the length estimator learns motions of 1 to {self.num_classes - 1} tokens, and "
                f"one has {least if least < 1 else most}; set the number of classes"
            )
        logits: Tensor = self(condition_vectors)
        accuracy = (logits.argmax(dim=-1) == num_tokens).float().mean()
        return functional.cross_entropy(logits, num_tokens), {"accuracy": accuracy}


def draw(logits: Tensor, uniform: Tensor | None = None) -> Tensor:
    """Draw numbers of tokens `(B,)` int64, at least 1, from `logits` `(B, num_classes)`.

    Deviation: the published code can draw class 0, a motion of no frames. Here the classes from 1
    on share its probability in proportion to their own.

    Args:
        logits: Of the estimator.
        uniform: Numbers `(B,)` in [0, 1), one a motion; without them the likeliest length is taken.
    """
    if uniform is None:
        return logits[:, 1:].argmax(dim=-1) + 1
    reached = logits[:, 1:].double().softmax(dim=-1).cumsum(dim=-1)
    # Rounding may leave the sum of all below a number that is almost 1.
    reached[:, -1] = torch.inf
    return torch.searchsorted(reached, uniform.double()[:, None], right=True).squeeze(1) + 1


def _hidden(input_dim: int, dim: int) -> tuple[nn.Module, ...]:
    return nn.Linear(input_dim, dim), nn.LayerNorm(dim), nn.LeakyReLU(_LEAK)
