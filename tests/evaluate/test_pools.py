from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiomotion.errors import DataError
from audiomotion.evaluate.pools import draw_pools


def draw(captions, pool_size, unique, seed=0):
    return draw_pools(captions, pool_size, unique=unique, rng=np.random.default_rng(seed))


@given(
    st.lists(st.sampled_from("abcdefghij"), min_size=4, max_size=60), st.booleans(), st.integers()
)
def test_pools_are_full_disjoint_and_as_many_as_there_can_be(captions, unique, seed):
    counts = Counter(captions).values()
    possible = [
        k for k in range(len(captions) // 4 + 1)
        if not unique or sum(min(count, k) for count in counts) >= 4 * k
    ]  # fmt: skip
    if max(possible) == 0:
        with pytest.raises(DataError):
            draw(captions, 4, unique, abs(seed))
        return
    pools = draw(captions, 4, unique, abs(seed))
    assert pools.shape == (max(possible), 4)
    assert len(set(pools.ravel().tolist())) == pools.size
    if unique:
        assert all(len({captions[i] for i in pool}) == 4 for pool in pools)


def test_repeated_captions_are_spread_over_the_pools():
    # One half are the same two captions; dealt one after the other they would fill a pool.
    captions = ["walk"] * 4 + ["run"] * 4 + [f"caption {i}" for i in range(8)]
    pools = draw(captions, 4, unique=True)
    assert pools.shape == (4, 4)
    assert all(Counter(captions[i] for i in pool)["walk"] == 1 for pool in pools)


def test_every_clip_gets_into_a_pool_about_equally_often():
    counts = Counter()
    captions = [f"caption {i // 2}" for i in range(14)]
    for seed in range(400):
        counts.update(draw(captions, 4, unique=True, seed=seed).ravel().tolist())
    expected = 400 * 12 / 14
    assert all(abs(counts[i] - expected) < 0.1 * expected for i in range(14))


def test_the_draw_depends_on_its_generator_alone():
    captions = [f"caption {i % 20}" for i in range(64)]
    assert draw(captions, 8, True).tolist() == draw(captions, 8, True).tolist()
    assert draw(captions, 8, True).tolist() != draw(captions, 8, True, seed=1).tolist()


def test_too_few_clips_are_an_error_that_says_how_many_are_needed():
    with pytest.raises(DataError, match="needs at least 32 clips; the split has 31"):
        draw([str(i) for i in range(31)], 32, unique=False)


def test_too_few_different_captions_are_an_error():
    with pytest.raises(DataError, match=r"at least 4 clips with different captions; .* has 3"):
        draw(["a", "b", "c"] * 10, 4, unique=True)
