import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audiomotion.errors import DataError
from audiomotion.evaluate.metrics.r_precision import distances, hits, r_precision
from tests.golden import load_golden


def test_r_precision_equals_the_published_one():
    golden = load_golden("metrics")
    text, motion, pool_size = golden["text_emb"], golden["motion_emb"], int(golden["pool_size"])
    shares = r_precision(text, motion, pool_size)
    np.testing.assert_allclose(shares, golden["r_precision"], rtol=1e-12)
    single = golden["r_precision_single_pool_of_96"]
    np.testing.assert_allclose(r_precision(text, motion, 96), single, rtol=1e-12)


def test_every_pool_equals_the_published_one():
    golden = load_golden("metrics")
    for pool, counts in enumerate(golden["r_precision_counts_per_pool"]):
        rows = slice(32 * pool, 32 * pool + 32)
        shares = r_precision(golden["text_emb"][rows], golden["motion_emb"][rows], 32)
        np.testing.assert_allclose(32 * shares, counts)


def test_every_caption_hits_where_it_did_in_published_code():
    golden = load_golden("metrics")
    text, motion = golden["text_emb"].reshape(3, 32, -1), golden["motion_emb"].reshape(3, 32, -1)
    pools = zip(text.astype(float), motion.astype(float), strict=True)
    found = np.concatenate([hits(distances(*pool), 3) for pool in pools])
    np.testing.assert_array_equal(found, golden["topk_hits"])


def test_distances_equal_the_published_ones():
    golden = load_golden("metrics")
    pool = distances(golden["text_emb"][:32].astype(float), golden["motion_emb"][:32].astype(float))
    np.testing.assert_allclose(pool, golden["dist_matrix_pool0"], rtol=1e-4)


def test_r_precision_of_a_permutation():
    # On a line, motion i + 1 is given to caption i: two motions are as near or nearer (one is lost
    # at the end), and the last caption got the motion farthest away.
    captions = np.array([[0.0], [1.0], [2.1], [3.3]])
    np.testing.assert_allclose(r_precision(captions, captions, 4), [1, 1, 1])
    rolled = np.roll(captions, -1, axis=0)
    np.testing.assert_allclose(r_precision(captions, rolled, 4), [0, 1 / 4, 3 / 4])


def test_equal_motions_score_as_by_chance():
    shares = r_precision(np.random.default_rng(0).standard_normal((64, 5)), np.ones((64, 5)), 32)
    np.testing.assert_allclose(shares, np.array([1, 2, 3]) / 32)


def test_what_fills_no_pool_is_dropped():
    golden = load_golden("metrics")
    text, motion = golden["text_emb"], golden["motion_emb"]
    np.testing.assert_allclose(
        r_precision(text[:95], motion[:95], 32), r_precision(text[:64], motion[:64], 32)
    )


def test_fewer_samples_than_a_pool_is_an_error():
    with pytest.raises(DataError, match="needs at least 32 samples, not 31"):
        r_precision(np.zeros((31, 2)), np.zeros((31, 2)), 32)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 4), st.integers(3, 8), st.integers(0, 999))
def test_the_order_within_a_pool_does_not_matter(num_pools, pool_size, seed):
    rng = np.random.default_rng(seed)
    text = rng.standard_normal((num_pools * pool_size, 3))
    motion = text + rng.standard_normal(text.shape)
    order = rng.permuted(np.arange(len(text)).reshape(num_pools, -1), axis=1).ravel()
    shares = r_precision(text, motion, pool_size)
    np.testing.assert_allclose(r_precision(text[order], motion[order], pool_size), shares)
    assert np.all(np.diff(shares) >= 0)
