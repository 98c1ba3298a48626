"""A trained system: instruction features in, motion out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

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
        frames = self.tokenizer.frames_per_token

        def make(batch: list[int]) -> list[NDArray[np.float32]]:
            rows, valid_mask = (
                part.to(self.device) for part in pad([features[index] for index in batch])
            )
            return self._decoded(
                *self.conditions(rows, valid_mask),
                [num_frames[index] // frames for index in batch],
                [seeds[index] for index in batch],
            )

        return _by_length(num_frames, batch_size, make)

    @torch.inference_mode()
    def generate_from(
        self,
        conditions: "EncodedConditions",
        rows: Sequence[int],
        num_frames: Sequence[int],
        seeds: Sequence[int],
        batch_size: int = 64,
    ) -> list[NDArray[np.float32]]:
        """As `generate`, from conditions that `encode` made before; `rows` says which."""
        frames = self.tokenizer.frames_per_token

        def make(batch: list[int]) -> list[NDArray[np.float32]]:
            chosen = torch.tensor([rows[index] for index in batch], device=self.device)
            return self._decoded(
                conditions.masked[chosen],
                conditions.residual[chosen],
                [num_frames[index] // frames for index in batch],
                [seeds[index] for index in batch],
            )

        return _by_length(num_frames, batch_size, make)

    @torch.inference_mode()
    def encode(
        self, features: Sequence[NDArray[np.generic]], batch_size: int = 64
    ) -> "EncodedConditions":
        """Return the conditions of instructions, for any number of generations from them.

        They differ from those that `generate` makes by rounding alone: another batch is another
        order of summation.
        """
        order = sorted(range(len(features)), key=lambda index: len(features[index]))
        parts: list[tuple[Condition, Condition]] = []
        for start in range(0, len(order), batch_size):
            batch = [features[index] for index in order[start : start + batch_size]]
            frames, valid_mask = (part.to(self.device) for part in pad(batch))
            parts.append(self.conditions(frames, valid_mask))
        place = torch.empty(len(order), dtype=torch.int64, device=self.device)
        place[torch.tensor(order, device=self.device)] = torch.arange(
            len(order), device=self.device
        )
        return EncodedConditions(
            _joined([masked for masked, _ in parts])[place],
            _joined([residual for _, residual in parts])[place],
        )

    def _decoded(
        self, masked: Condition, residual: Condition, lengths: list[int], seeds: list[int]
    ) -> list[NDArray[np.float32]]:
        """Return the motion of a batch."""
        draws = torch.tensor(seeds, device=self.device)
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


@dataclass(frozen=True)
class EncodedConditions:
    """What a system generates from, of many instructions: a condition for each transformer."""

    masked: Condition
    residual: Condition


def _by_length(
    num_frames: Sequence[int],
    batch_size: int,
    make: Callable[[list[int]], list[NDArray[np.float32]]],
) -> list[NDArray[np.float32]]:
    """Make motions of like length together, by their indices, and put them back in their order."""
    order = sorted(range(len(num_frames)), key=lambda index: num_frames[index])
    motions: dict[int, NDArray[np.float32]] = {}
    for start in range(0, len(order), batch_size):
        batch = order[start : start + batch_size]
        motions.update(zip(batch, make(batch), strict=True))
    return [motions[index] for index in range(len(num_frames))]


def _joined(conditions: Sequence[Condition]) -> Condition:
    """Join batches whose conditions may have different numbers of tokens."""
    longest = max(condition.tokens.shape[1] for condition in conditions)
    return Condition.concatenate([_widened(condition, longest) for condition in conditions])


def _widened(condition: Condition, num_tokens: int) -> Condition:
    missing = num_tokens - condition.tokens.shape[1]
    return Condition(
        torch.nn.functional.pad(condition.tokens, (0, 0, 0, missing)),
        torch.nn.functional.pad(condition.valid_mask, (0, missing)),
    )
