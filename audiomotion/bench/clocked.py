"""A system whose parts are timed: the same code as in every generation, clocks around its parts."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from audiomotion.bench.clock import Clock
from audiomotion.bench.made_up import random_parts
from audiomotion.config.experiment import Experiment
from audiomotion.generate.system import AudioToMotion
from audiomotion.models.condition import Condition
from audiomotion.models.conditioned import FeatureShape
from audiomotion.models.tokenizer import MotionTokenizer

COMPRESSING: Final = "compressing"
MASKED: Final = "masked"
RESIDUAL: Final = "residual"
DECODING: Final = "decoding"


class ClockedTokenizer(MotionTokenizer):
    """A tokenizer whose decoding is timed."""

    def __init__(self, tokenizer: MotionTokenizer, clock: Clock) -> None:
        super().__init__(tokenizer.rvq, tokenizer.stats)
        self._clock = clock

    def decode(self, tokens: Tensor) -> list[NDArray[np.float32]]:
        """Return the motion of `tokens`."""
        with self._clock.part(DECODING):
            return super().decode(tokens)


class ClockedSystem(AudioToMotion):
    """A system of random weights, at an experiment's sizes.

    Args:
        experiment: Whose sizes are used.
        shape: Of the features that it generates from.
        device: Torch device.
        clock: Takes the times.
    """

    def __init__(
        self, experiment: Experiment, shape: FeatureShape, device: str, clock: Clock
    ) -> None:
        super().__init__(*random_parts(experiment, shape), experiment.generation, device)
        self.tokenizer = ClockedTokenizer(self.tokenizer, clock)
        self._clock = clock

    def conditions(self, frames: Tensor, valid_mask: Tensor) -> tuple[Condition, Condition]:
        """Return the conditions of both transformers."""
        with self._clock.part(COMPRESSING):
            return super().conditions(frames, valid_mask)

    def base_tokens(self, condition: Condition, lengths: Tensor, seeds: Tensor) -> Tensor:
        """Return base tokens."""
        with self._clock.part(MASKED):
            return super().base_tokens(condition, lengths, seeds)

    def all_tokens(self, base: Tensor, condition: Condition, seeds: Tensor) -> Tensor:
        """Return the tokens of all layers."""
        with self._clock.part(RESIDUAL):
            return super().all_tokens(base, condition, seeds)
