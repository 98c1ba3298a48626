"""Motion in metres and radians to tokens and back: the RVQ-VAE with its statistics."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from audiomotion.data.statistics import Statistics
from audiomotion.models.padding import pad
from audiomotion.models.rvq import RvqVae

_CLIPS_A_BATCH = 32

_PUBLISHED_FRAMES = 196
"""Frames to which the published code fills up every clip with zeros.

With `padding: published` these reach the tokens, so that a clip is always filled up to the same.
"""


class MotionTokenizer:
    """A frozen RVQ-VAE, and what its motion is normalised with.

    Args:
        rvq: The trained model, on the device to compute on.
        stats: Statistics it was trained with.
    """

    def __init__(self, rvq: RvqVae, stats: Statistics) -> None:
        self.rvq = rvq.eval()
        self.stats = stats
        self.frames_per_token = rvq.frames_per_token

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return next(self.rvq.parameters()).device

    def to(self, device: str) -> "MotionTokenizer":
        """Return the tokenizer on `device`."""
        return MotionTokenizer(self.rvq.to(device), self.stats)

    def encode(self, motions: Sequence[NDArray[np.float32]]) -> Iterator[NDArray[np.int64]]:
        """Yield the tokens `(N_i // 4, Q)` of each motion `(N_i, P)`."""
        for start in range(0, len(motions), _CLIPS_A_BATCH):
            clips = motions[start : start + _CLIPS_A_BATCH]
            rows = self._encode_batch([self.stats.normalise(clip) for clip in clips])
            for row, clip in zip(rows, clips, strict=True):
                yield row[: len(clip) // self.frames_per_token]

    @torch.inference_mode()
    def _encode_batch(self, clips: list[NDArray[np.float32]]) -> NDArray[np.int64]:
        features, valid_mask = pad(clips)
        if self.rvq.config.padding == "published":
            features, valid_mask = _filled_up(features), _filled_up(valid_mask)
        tokens = self.rvq.encode(features.to(self.device), valid_mask.to(self.device))
        numbers: NDArray[np.int64] = tokens.cpu().numpy()
        return numbers

    @torch.inference_mode()
    def decode(self, tokens: Tensor) -> list[NDArray[np.float32]]:
        """Return the motion `(4 n_i, P)` of `tokens` `(B, n, at most Q)`, -1 behind a clip."""
        lengths = (tokens[..., 0] >= 0).sum(dim=1).tolist()
        if self.rvq.config.padding == "published":
            missing = _PUBLISHED_FRAMES // self.frames_per_token - tokens.shape[1]
            tokens = functional.pad(tokens, (0, 0, 0, max(0, missing)), value=-1)
        frames = self.rvq.decode(tokens.to(self.device)).float().cpu().numpy()
        return [
            self.stats.denormalise(row[: length * self.frames_per_token])
            for row, length in zip(frames, lengths, strict=True)
        ]


def _filled_up(batch: Tensor) -> Tensor:
    """Return `(B, N, ...)` with zeros up to the published number of frames."""
    missing = max(0, _PUBLISHED_FRAMES - batch.shape[1])
    return functional.pad(batch, (*(0, 0) * (batch.ndim - 2), 0, missing))
