"""Fréchet inception distance."""

import numpy as np
from numpy.typing import ArrayLike
from threadpoolctl import threadpool_limits

from audiomotion.evaluate.metrics.embeddings import Embeddings, checked


def fid(a: ArrayLike, b: ArrayLike) -> float:
    """Return the Fréchet distance of the Gaussians fitted to two sets of embeddings; 0 is best.

    Deviation: published code takes the root of the product of both covariances with `sqrtm`, which
    fails where they are singular and is then patched. The trace of that root is the sum of roots
    of the eigenvalues of a symmetric matrix, which always exists.

    Args:
        a: Embeddings `(n, E)`.
        b: Embeddings `(m, E)`.

    Raises:
        DataError: A set has fewer than 2 samples, or some are not finite.
    """
    a, b = checked(a, "FID", at_least=2), checked(b, "FID", at_least=2)
    # On one thread: several add up in another order, so that the last digits would be the machine's
    # number of cores, and at this size they wait for each other more than they compute.
    with threadpool_limits(1, "blas"):
        return _distance(a, b)


def _distance(a: Embeddings, b: Embeddings) -> float:
    (mean_a, covariance_a), (mean_b, covariance_b) = moments(a), moments(b)
    root_a = _root(covariance_a)
    overlap = np.linalg.eigvalsh(root_a @ covariance_b @ root_a).clip(min=0)
    shift = mean_a - mean_b
    spread = np.trace(covariance_a) + np.trace(covariance_b) - 2 * np.sqrt(overlap).sum()
    # A distance: rounding can take that of equal sets a hair below zero.
    return max(0.0, float(shift @ shift + spread))


def moments(samples: Embeddings) -> tuple[Embeddings, Embeddings]:
    """Return mean `(E,)` and covariance `(E, E)` (divisor n - 1) of `samples` `(n, E)`."""
    return samples.mean(0), np.atleast_2d(np.cov(samples, rowvar=False))


def _root(covariance: Embeddings) -> Embeddings:
    """Return the symmetric square root of a covariance matrix, singular or not."""
    values, vectors = np.linalg.eigh(covariance)
    root: Embeddings = (vectors * np.sqrt(values.clip(min=0))) @ vectors.T
    return root
