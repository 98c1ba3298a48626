import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_info, threadpool_limits

from audiomotion.errors import DataError
from audiomotion.evaluate.metrics.fid import fid, moments
from tests.golden import load_golden


def with_moments(mean, covariance):
    """Return samples whose mean and covariance (divisor n - 1) are exactly those given."""
    rng = np.random.default_rng(0)
    white = rng.standard_normal((50, len(mean)))
    white -= white.mean(0)
    white = white @ np.linalg.inv(np.linalg.cholesky(np.cov(white, rowvar=False))).T
    return white @ np.linalg.cholesky(covariance).T + mean


@pytest.mark.parametrize("name", ["fid_ab", "fid_ab_float64", "fid_ab_eig_reference"])
def test_fid_equals_the_published_one(name):
    golden = load_golden("metrics")
    assert fid(golden["fid_a"], golden["fid_b"]) == pytest.approx(golden[name], rel=1e-5)


@pytest.mark.parametrize(
    "name", ["fid_rankdef_ab", "fid_rankdef_ab_float64", "fid_rankdef_eig_reference"]
)
def test_fid_of_singular_covariances_equals_the_published_one(name):
    golden = load_golden("metrics")
    measured = fid(golden["fid_rankdef_a"], golden["fid_rankdef_b"])
    assert measured == pytest.approx(golden[name], rel=1e-5)


def test_fid_of_equal_sets_is_zero_as_in_published_code():
    golden = load_golden("metrics")
    measured = fid(golden["fid_a"], golden["fid_a"])
    assert measured == pytest.approx(float(golden["fid_aa"]), abs=1e-9)


def test_mean_and_covariance_equal_the_published_ones():
    golden = load_golden("metrics")
    mean, covariance = moments(golden["fid_a"].astype(np.float64))
    np.testing.assert_allclose(mean, golden["fid_mu_a"], atol=1e-6)
    np.testing.assert_allclose(covariance[:8, :8], golden["fid_cov_a_first8x8"], rtol=1e-5)


def test_fid_of_two_gaussians_in_closed_form():
    # Covariances that commute: tr(A + B - 2 root(AB)) is the sum of squared differences of roots.
    a = with_moments(np.array([1.0, 0.0, 2.0]), np.diag([4.0, 9.0, 1.0]))
    b = with_moments(np.array([0.0, 2.0, 2.0]), np.diag([1.0, 16.0, 1.0]))
    assert fid(a, b) == pytest.approx(1 + 4 + (2 - 1) ** 2 + (3 - 4) ** 2, rel=1e-9)


def test_fid_of_a_shift_is_its_squared_length():
    samples = load_golden("metrics")["fid_a"].astype(np.float64)
    assert fid(samples, samples + 0.5) == pytest.approx(0.25 * samples.shape[1], rel=1e-6)


def test_fid_in_one_dimension():
    a, b = np.array([[0.0], [2.0]]), np.array([[1.0], [5.0]])
    assert fid(a, b) == pytest.approx((1 - 3) ** 2 + (np.sqrt(2) - np.sqrt(8)) ** 2)


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 30), st.integers(2, 30), st.integers(1, 12), st.integers(0, 999))
def test_fid_is_a_symmetric_distance(n, m, width, seed):
    rng = np.random.default_rng(seed)
    a, b = rng.standard_normal((n, width)), 1 + rng.standard_normal((m, width))
    assert fid(a, b) == pytest.approx(fid(b, a), rel=1e-6, abs=1e-6)
    assert fid(a, b) >= 0
    assert fid(a, rng.permutation(a)) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("num_samples", [1000, 300])
def test_fid_has_the_same_digits_on_any_number_of_cores(num_samples):
    """Of regular and of singular covariances, at the published width."""
    rng = np.random.default_rng(1)
    a = rng.standard_normal((num_samples, 512)) @ rng.standard_normal((512, 512))
    b = a[::-1] + rng.standard_normal(a.shape)
    found = set()
    for num_threads in (1, 2, 4):
        with threadpool_limits(num_threads, "blas"):
            found.add(fid(a, b))
            blas = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
            assert set(blas) == {num_threads}, "what was set before is set again"
    assert len(found) == 1


def test_one_sample_has_no_fid():
    with pytest.raises(DataError, match="FID of 1 samples is not defined; it needs at least 2"):
        fid(np.zeros((5, 3)), np.zeros((1, 3)))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_not_finite_are_an_error(bad):
    samples = np.zeros((5, 3))
    samples[3, 1] = bad
    with pytest.raises(DataError, match=r"1 of 5 samples \(the first is number 3\) are not finite"):
        fid(samples, np.zeros((5, 3)))
