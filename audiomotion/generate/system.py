"""A trained system: instruction features in, motion out."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from audiomotion.config.experiment import GenerationConfig
from audiomotion.generate.decoding import decode_base_tokens, decode_residual_tokens
from audiomotion.models.conditioned import ConditionedMasked, ConditionedResidual
from audiomotion.models.rvq import RvqVae

_FRAMES_A_TOKEN = 4


class AudioToMotion:
    """Masked transformer, residual transformer and RVQ decoder of one arm (paper fig. 4)."""

    def __init__(
        self,
        rvq: RvqVae,
        masked: ConditionedMasked,
        residual: ConditionedResidual,
        config: GenerationConfig,
        device: str = "cpu",
    ) -> None:
        self.rvq = rvq.to(device).eval()
        self.masked = masked.to(device).eval()
        self.residual = residual.to(device).eval()
        self.config = config
        self.device = device

    @torch.inference_mode()
    def generate(
        self,
        features: Sequence[NDArray[np.generic]],
        num_frames: Sequence[int],
        seeds: Sequence[int],
        batch_size: int = 64,
    ) -> list[NDArray[np.float32]]:
        """Return normalised motion `(N_i // 4 * 4, P)` of each instruction.

        Args:
            features: Feature frames `(L_i, F)` of each instruction.
            num_frames: Frames N_i wanted.
            seeds: One for each motion: with the same seed the same motion, whatever the batch.
            batch_size: Motions generated at a time.
        """
        order = sorted(range(len(features)), key=lambda index: num_frames[index])
        motions: dict[int, NDArray[np.float32]] = {}
        for start in range(0, len(order), batch_size):
            batch = order[start : start + batch_size]
            rows = self._batch(
                [features[index] for index in batch],
                [num_frames[index] // _FRAMES_A_TOKEN for index in batch],
                [seeds[index] for index in batch],
            )
            motions.update(zip(batch, rows, strict=True))
        return [motions[index] for index in range(len(features))]

    def _batch(
        self, features: list[NDArray[np.generic]], lengths: list[int], seeds: list[int]
    ) -> list[NDArray[np.float32]]:
        padded, mask = _pad_features(features, self.device)
        num_tokens = torch.tensor(lengths, device=self.device)
        base = decode_base_tokens(
            self.masked.transformer,
            self.masked.compressor(padded, mask),
            num_tokens,
            self.config.masked,
            torch.tensor(seeds, device=self.device),
        )
        tokens = decode_residual_tokens(
            self.residual.transformer,
            base,
            self.residual.compressor(padded, mask),
            self.config.residual,
            torch.tensor(seeds, device=self.device),
        )
        motion = self.rvq.decode(tokens).float().cpu().numpy()
        return [
            row[: length * _FRAMES_A_TOKEN] for row, length in zip(motion, lengths, strict=True)
        ]


def _pad_features(features: list[NDArray[np.generic]], device: str) -> tuple[Tensor, Tensor]:
    rows = [torch.from_numpy(np.asarray(row, np.float32)) for row in features]
    padded = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)
    lengths = torch.tensor([len(row) for row in rows])
    mask = torch.arange(padded.shape[1])[None] < lengths[:, None]
    return padded.to(device), mask.to(device)
