"""Fréchet inception distance."""

import numpy as np
from numpy.typing import ArrayLike

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
    covariance_a, covariance_b = _covariance(a), _covariance(b)
    root_a = _root(covariance_a)
    overlap = np.linalg.eigvalsh(root_a @ covariance_b @ root_a).clip(min=0)
    shift = a.mean(0) - b.mean(0)
    spread = np.trace(covariance_a) + np.trace(covariance_b) - 2 * np.sqrt(overlap).sum()
    # A distance: rounding can take that of equal sets a hair below zero.
    return max(0.0, float(shift @ shift + spread))


def _covariance(samples: Embeddings) -> Embeddings:
    return np.atleast_2d(np.cov(samples, rowvar=False))


def _root(covariance: Embeddings) -> Embeddings:
    """Return the symmetric square root of a covariance matrix, singular or not."""
    values, vectors = np.linalg.eigh(covariance)
    root: Embeddings = (vectors * np.sqrt(values.clip(min=0))) @ vectors.T
    return root
