"""Which weights a training ends with: the last, or those of the lowest validation FID."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from audiomotion.config.training import TrainingConfig, ValidatedTraining
from audiomotion.train.curves import Curves

ValidationFid = Callable[[], float]
"""Measures the trained module as it is: FID of the validation split."""


@dataclass(frozen=True)
class Kept:
    """Which weights a training ended with."""

    step: int
    """Steps after which they were reached."""

    num_steps: int
    """Steps of the whole training."""

    validation_fid: float | None
    """Their FID on the validation split, where that chose them."""


class Selection:
    """Keeps the best weights so far; nothing with `keep: last`."""

    def __init__(
        self, config: TrainingConfig, num_steps: int, validation_fid: ValidationFid | None
    ) -> None:
        self.config = config
        self.num_steps = num_steps
        self.validation_fid = validation_fid
        self.step = 0
        self.fid = math.inf
        self.weights: dict[str, Tensor] | None = None

    def is_due(self, done: int) -> bool:
        """Return whether the module is measured after `done` steps."""
        config = self.config
        return isinstance(config, ValidatedTraining) and config.validates_after(
            done, self.num_steps
        )

    def after_step(self, done: int, module: nn.Module, curves: Curves) -> None:
        """Measure `module` where it is time to."""
        if self.is_due(done):
            assert self.validation_fid is not None, "keep: best-fid needs a validation"
            module.eval()
            fid = self.validation_fid()
            module.train()
            curves.add(done, {"validation_fid": fid})
            self._offer(done, fid, module)

    def _offer(self, step: int, fid: float, module: nn.Module) -> None:
        if self.weights is None or fid < self.fid:
            self.step, self.fid = step, fid
            self.weights = {name: tensor.clone() for name, tensor in module.state_dict().items()}

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint needs to hold."""
        return {"step": self.step, "fid": self.fid, "weights": self.weights}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned."""
        self.step, self.fid, self.weights = state["step"], state["fid"], state["weights"]

    def finish(self, module: nn.Module) -> Kept:
        """Load the best weights into `module`, where there are any."""
        if self.weights is None:
            return Kept(self.num_steps, self.num_steps, None)
        module.load_state_dict(self.weights)
        return Kept(self.step, self.num_steps, self.fid)
