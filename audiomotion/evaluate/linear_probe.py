"""What a linear classifier finds in vectors: multinomial logistic regression with an L2 penalty."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from audiomotion.evaluate.clip_split import test_clips

_MOST_STEPS = 500
_GRADIENT = 1e-6
_CHANGE = 1e-12


@dataclass(frozen=True)
class Labelled:
    """Vectors with a class each, of clips."""

    vectors: NDArray[np.float64]
    """`(n, D)`."""
    classes: NDArray[np.int64]
    """`(n,)`, from 0."""
    clips: NDArray[np.int64]
    """`(n,)`."""

    def rows(self, chosen: NDArray[np.bool_]) -> "Labelled":
        """Return some of the rows."""
        return Labelled(self.vectors[chosen], self.classes[chosen], self.clips[chosen])


@dataclass(frozen=True)
class LinearProbe:
    """A fitted probe."""

    mean: Tensor
    spread: Tensor
    weights: Tensor
    """`(K, D + 1)`, the constant last."""

    def predict(self, vectors: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the class `(n,)` of each of `(n, D)`."""
        found: NDArray[np.int64] = self._logits(vectors).argmax(dim=1).numpy()
        return found

    def cross_entropy(self, data: Labelled) -> float:
        """Return the mean cross entropy of the classes of `data`, in nats."""
        targets = torch.from_numpy(data.classes)
        return float(functional.cross_entropy(self._logits(data.vectors), targets))

    def _logits(self, vectors: NDArray[np.float64]) -> Tensor:
        normal = (torch.from_numpy(vectors) - self.mean) / self.spread
        return _logits(normal, self.weights)


def fit_probe(data: Labelled, num_classes: int, l2: float) -> LinearProbe:
    """Fit a probe to standardised vectors; nothing is drawn, and the optimum is the only one.

    It minimises the mean cross entropy + l2 / 2 · the squared weights, without the constants.
    """
    vectors = torch.from_numpy(data.vectors)
    mean, spread = vectors.mean(dim=0), vectors.std(dim=0, correction=0)
    spread = torch.where(spread > 0, spread, torch.ones_like(spread))
    normal, targets = (vectors - mean) / spread, torch.from_numpy(data.classes)
    weights = torch.zeros(num_classes, normal.shape[1] + 1, dtype=torch.float64).requires_grad_()
    optimizer = torch.optim.LBFGS(
        [weights],
        max_iter=_MOST_STEPS,
        tolerance_grad=_GRADIENT,
        tolerance_change=_CHANGE,
        line_search_fn="strong_wolfe",
    )

    def loss() -> Tensor:
        optimizer.zero_grad()
        penalty = l2 / 2 * weights[:, :-1].square().sum()
        value = functional.cross_entropy(_logits(normal, weights), targets) + penalty
        value.backward()  # type: ignore[no-untyped-call]
        return value

    with torch.enable_grad():
        optimizer.step(loss)  # type: ignore[no-untyped-call]
    return LinearProbe(mean, spread, weights.detach())


def _logits(vectors: Tensor, weights: Tensor) -> Tensor:
    return vectors @ weights[:, :-1].t() + weights[:, -1]


def choose_l2(
    data: Labelled, num_classes: int, candidates: Sequence[float], share: float, seed: int
) -> float:
    """Return the penalty with the lowest cross entropy on clips that are not fitted to.

    That, and not the share that is right: of a few clips it is the same for many penalties.

    Args:
        data: What the probe is to be fitted to.
        num_classes: Classes K.
        candidates: Weights of the penalty.
        share: Share of the clips that decide.
        seed: Decides which clips.
    """
    if len(candidates) == 1:
        return candidates[0]
    judged = test_clips(data.clips.tolist(), data.classes.tolist(), share, seed)
    fitted, held = data.rows(~judged), data.rows(judged)
    return min(candidates, key=lambda l2: fit_probe(fitted, num_classes, l2).cross_entropy(held))
