"""What the RVQ-VAE is trained to minimise."""

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional

from audiomotion.config.experiment import RvqConfig


@dataclass(frozen=True, eq=False)
class RvqLoss:
    """The loss and its parts, all scalars."""

    total: Tensor
    reconstruction: Tensor
    positions: Tensor
    """Reconstruction of the joint positions alone; zero with the paper's loss, which lacks it."""
    commitment: Tensor

    def terms(self) -> dict[str, Tensor]:
        """Return the parts by name."""
        return {
            "reconstruction": self.reconstruction,
            "positions": self.positions,
            "commitment": self.commitment,
        }


def rvq_loss(
    config: RvqConfig,
    reconstruction: Tensor,
    target: Tensor,
    commitment: Tensor,
    positions: slice,
    valid_mask: Tensor | None = None,
) -> RvqLoss:
    """Return the loss of frames `(B, N, P)` against `target`, where `valid_mask` `(B, N)` is True.

    `momask`: smooth L1, smooth L1 on the features `positions` again, and the mean of the layers'
    `commitment` `(Q,)`. `paper`: L1 and the sum of the layers' commitment.

    Source: Eq. (3), Sec. 3.3 (`paper`); the published code (`momask`).
    Deviation: Eq. (3) sums the layers from 1; here from 0, since the base layer has to commit too.
    Squares and absolute values are means over features, so that the terms keep their weight
    whatever the width.
    """
    if valid_mask is not None:
        reconstruction, target = reconstruction[valid_mask], target[valid_mask]
    if config.loss == "paper":
        error, committed = functional.l1_loss(reconstruction, target), commitment.sum()
        total = error + config.commitment_weight * committed
        return RvqLoss(total, error, error.new_zeros(()), committed)
    error, committed = functional.smooth_l1_loss(reconstruction, target), commitment.mean()
    explicit = functional.smooth_l1_loss(reconstruction[..., positions], target[..., positions])
    total = error + config.position_weight * explicit + config.commitment_weight * committed
    return RvqLoss(total, error, explicit, committed)
