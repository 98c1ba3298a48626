"""Batches of motion tokens with the features of an instruction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from audiomotion.data.ragged import Ragged
from audiomotion.models.group import ALONE, WorkerGroup
from audiomotion.models.padding import pad, pad_as_stored
from audiomotion.seeds import derive_seed
from audiomotion.train.batches import batch_indices


@dataclass(frozen=True)
class PairBatch:
    """Motion tokens of a batch, and instruction features of a worker's own share of its clips."""

    tokens: Tensor
    """`(B, n, Q)` int64, -1 where padded."""
    token_mask: Tensor
    """`(B, n)`, True where a token is."""
    features: Tensor
    """`(B / workers, L, F)`: half precision as they are stored, float32 once on a device."""
    feature_mask: Tensor
    """`(B / workers, L)`, True where a frame is."""

    def to(self, device: str) -> "PairBatch":
        """Return the batch on `device`; features are widened there, which changes no value."""
        return PairBatch(
            self.tokens.to(device),
            self.token_mask.to(device),
            self.features.to(device).float(),
            self.feature_mask.to(device),
        )


class TrainingPairs:
    """The training clips, each with all its instructions, of which a step draws one."""

    def __init__(
        self,
        tokens: Sequence[NDArray[np.generic]],
        features: Ragged,
        instructions_of: Mapping[int, Sequence[int]],
        clips: Sequence[int],
        batch_size: int,
        seed: int,
    ) -> None:
        self.tokens = tokens
        self.features = features
        self.instructions_of = instructions_of
        self.clips = [clip for clip in clips if clip in instructions_of]
        self.lengths = np.array([len(tokens[clip]) for clip in self.clips], np.int64)
        self.batch_size = batch_size
        self.seed = seed

    def __len__(self) -> int:
        return len(self.clips)

    def batch(self, step: int, group: WorkerGroup = ALONE) -> PairBatch:
        """Return the batch of step `step` (from 0), of the features the own share."""
        rng = np.random.default_rng(derive_seed(self.seed, "instruction", step))
        rows = batch_indices(step, self.lengths, self.batch_size, self.seed)
        clips = [self.clips[row] for row in rows]
        chosen = [int(rng.choice(self.instructions_of[clip])) for clip in clips]
        chosen = group.own(chosen)
        self.features.read_ahead(chosen)
        tokens, token_mask = pad([self.tokens[clip] for clip in clips], value=-1)
        features, feature_mask = pad_as_stored([self.features[index] for index in chosen])
        return PairBatch(tokens, token_mask, features, feature_mask)
