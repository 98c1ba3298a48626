"""Which captions are ranked against each other for R-precision."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from audiomotion.errors import DataError


def draw_pools(
    captions: Sequence[str], pool_size: int, *, unique: bool, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Deal captions at random into as many full pools as there can be.

    Args:
        captions: What makes two captions equal, one for each clip.
        pool_size: Captions of a pool.
        unique: Whether a pool may not hold two equal captions.
        rng: Source of the draw.

    Returns:
        Indices `(pools, pool_size)` into `captions`, none twice; what fills no pool is left out.

    Raises:
        DataError: Not even one pool can be filled.
    """
    piles = _piles(captions, rng) if unique else [[int(i)] for i in rng.permutation(len(captions))]
    num_pools = _num_pools(piles, pool_size)
    if num_pools == 0:
        different = " with different captions" if unique else ""
        raise DataError(
            f"R-precision with pools of {pool_size} needs at least {pool_size} clips{different}; "
            f"the split has {len(piles)}. Measure a larger split or lower evaluation.pool_size."
        )
    # A pile has at most as many cards as there are pools, so dealing round and round puts no two of
    # a pile into one pool.
    dealt = [card for pile in piles for card in pile[:num_pools]][: num_pools * pool_size]
    return np.array(dealt, np.int64).reshape(pool_size, num_pools).T


def _piles(captions: Sequence[str], rng: np.random.Generator) -> list[list[int]]:
    """Return the indices of equal captions together, both in random order."""
    found: dict[str, list[int]] = defaultdict(list)
    for i in rng.permutation(len(captions)):
        found[captions[i]].append(int(i))
    names = sorted(found)
    return [found[names[i]] for i in rng.permutation(len(names))]


def _num_pools(piles: Sequence[Sequence[int]], pool_size: int) -> int:
    """Return the largest number of full pools into which no pile deals twice."""
    most = sum(map(len, piles)) // pool_size
    for num_pools in range(most, 0, -1):
        if sum(min(len(pile), num_pools) for pile in piles) >= num_pools * pool_size:
            return num_pools
    return 0
