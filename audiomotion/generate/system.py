"""A trained system: instruction features in, motion out."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from audiomotion.config.experiment import GenerationConfig
from audiomotion.generate.decoding import decode_base_tokens, decode_residual_tokens
from audiomotion.models.condition import Condition
from audiomotion.models.conditioned import ConditionedMasked, ConditionedResidual
from audiomotion.models.padding import pad
from audiomotion.models.tokenizer import MotionTokenizer


class AudioToMotion:
    """Masked transformer, residual transformer and RVQ decoder of one arm (paper fig. 4)."""

    def __init__(
        self,
        tokenizer: MotionTokenizer,
        masked: ConditionedMasked,
        residual: ConditionedResidual,
        config: GenerationConfig,
        device: str = "cpu",
    ) -> None:
        self.tokenizer = tokenizer.to(device)
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
        """Return motion `(N_i // 4 * 4, P)`, in metres and radians, of each instruction.

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
                [num_frames[index] // self.tokenizer.frames_per_token for index in batch],
                [seeds[index] for index in batch],
            )
            motions.update(zip(batch, rows, strict=True))
        return [motions[index] for index in range(len(features))]

    def _batch(
        self, features: list[NDArray[np.generic]], lengths: list[int], seeds: list[int]
    ) -> list[NDArray[np.float32]]:
        frames, valid_mask = (part.to(self.device) for part in pad(features))
        draws = torch.tensor(seeds, device=self.device)
        masked, residual = self.conditions(frames, valid_mask)
        base = self.base_tokens(masked, torch.tensor(lengths, device=self.device), draws)
        return self.tokenizer.decode(self.all_tokens(base, residual, draws))

    def conditions(self, frames: Tensor, valid_mask: Tensor) -> tuple[Condition, Condition]:
        """Return what each transformer's own compressor makes of features `(B, L, F)`."""
        first = self.masked.condition(frames, valid_mask)
        return first, self.residual.condition(frames, valid_mask)

    def base_tokens(self, condition: Condition, lengths: Tensor, seeds: Tensor) -> Tensor:
        """Return base tokens `(B, n)` of `lengths` `(B,)` tokens."""
        transformer = self.masked.transformer
        return decode_base_tokens(transformer, condition, lengths, self.config.masked, seeds)

    def all_tokens(self, base: Tensor, condition: Condition, seeds: Tensor) -> Tensor:
        """Return the tokens of all layers `(B, n, Q)`."""
        transformer = self.residual.transformer
        return decode_residual_tokens(transformer, base, condition, self.config.residual, seeds)
