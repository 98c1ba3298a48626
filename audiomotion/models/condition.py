"""What a motion is generated from: a few vectors, of which some may be padding."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from audiomotion.models.group import ALONE, WorkerGroup


@dataclass(frozen=True, eq=False)
class Condition:
    """Condition tokens of a batch of clips; one token a clip is the published system's."""

    tokens: Tensor
    """`(B, C, D)` float."""

    valid_mask: Tensor
    """`(B, C)` bool, True where a token is real."""

    @classmethod
    def of_vectors(cls, vectors: Tensor) -> "Condition":
        """Make a condition of one token a clip from `(B, D)`."""
        valid = torch.ones(len(vectors), 1, dtype=torch.bool, device=vectors.device)
        return cls(vectors[:, None], valid)

    @classmethod
    def concatenate(cls, conditions: Sequence["Condition"]) -> "Condition":
        """Join batches that have the same number of tokens."""
        return cls(
            torch.cat([condition.tokens for condition in conditions]),
            torch.cat([condition.valid_mask for condition in conditions]),
        )

    def __len__(self) -> int:
        return len(self.tokens)

    def __getitem__(self, clips: Tensor | slice) -> "Condition":
        return Condition(self.tokens[clips], self.valid_mask[clips])

    def null(self) -> "Condition":
        """Return the condition that says nothing: zeros, as published."""
        return Condition(torch.zeros_like(self.tokens), self.valid_mask)

    def drop(self, probability: float, group: WorkerGroup = ALONE) -> "Condition":
        """Replace each clip's condition by the null condition with `probability`."""
        kept = group.rand(len(self), 1, 1, device=self.tokens.device) >= probability
        return Condition(self.tokens * kept, self.valid_mask)
