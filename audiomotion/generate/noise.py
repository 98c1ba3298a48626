"""Random numbers that belong to a clip, so that a sample does not depend on its batch.

A torch generator gives one stream of numbers: what a clip gets depends on who came before it and
on how far the batch is padded, and a generator for each clip means a loop over clips. Here a number
is a hash of what it is for: the clip's seed, the step, the position and the class. That also gives
common random numbers to all arms: the same class at the same place gets the same noise.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

_WEYL = -7046029254386353131
_MIX_1 = -4658895280553007687
_MIX_2 = -7723592293110705685
"""Constants of SplitMix64 (0x9e3779b97f4a7c15, 0xbf58476d1ce4e5b9, 0x94d049bb133111eb), signed."""

_MANTISSA_BITS = 52


def _shift_right(x: Tensor, bits: int) -> Tensor:
    """Shift int64 to the right, filling with zeros (torch repeats the sign)."""
    return (x >> bits) & ((1 << (64 - bits)) - 1)


def _mix(state: Tensor, counter: Tensor | int) -> Tensor:
    """Hash int64 `state` and `counter` together: one step of SplitMix64."""
    x = state + _weyl(counter)
    x = (x ^ _shift_right(x, 30)) * _MIX_1
    x = (x ^ _shift_right(x, 27)) * _MIX_2
    return x ^ _shift_right(x, 31)


def _weyl(counter: Tensor | int) -> Tensor | int:
    """Return the Weyl sequence at `counter`, in int64 arithmetic.

    A number stays one: as a tensor it would be copied to the GPU, which waits for the GPU.
    """
    if isinstance(counter, Tensor):
        return (counter + 1) * _WEYL
    return ((counter + 1) * _WEYL + 2**63) % 2**64 - 2**63


@dataclass(frozen=True, eq=False)
class ClipNoise:
    """Uniform numbers for a batch of clips, each a function of the clip's seed and its place."""

    seeds: Tensor
    """`(B,)` int64, one seed a clip."""

    stream: int
    """Tells apart what is drawn for different purposes with the same seeds."""

    def uniform(self, step: int, classes: Tensor) -> Tensor:
        """Return float32 numbers in (0, 1) for `classes` `(B, n, k)` at positions 0..n-1."""
        positions = torch.arange(classes.shape[1], device=classes.device)
        clips = _mix(_mix(self.seeds.to(classes.device), self.stream), step)
        hashed = _mix(_mix(clips[:, None], positions)[..., None], classes)
        # Centred in its cell of 2^-52, so that neither 0 nor, in float64, 1 can come out.
        cells = _shift_right(hashed, 64 - _MANTISSA_BITS).double() + 0.5
        return cells * 2.0**-_MANTISSA_BITS
