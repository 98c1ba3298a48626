"""Golden vectors: inputs and outputs of the published systems, and the rule for their weights.

The weights are not shipped: every tensor is drawn from a generator seeded with the SHA-256 of its
name, so that the same numbers can be made anywhere.
"""

import hashlib
import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

GOLDEN = Path(__file__).parent / "golden"
REAL_MOTION = frozenset({"humanml3d_repr"})
"""Goldens made from recorded motion, which its licence keeps out of this repository."""


def shared_golden() -> Path | None:
    """Return the folder that also holds the goldens of real motion, None where it is absent.

    It is `$AMX_SHARED/golden`, or `shared/golden` beside the checkout.
    """
    checkout = Path(__file__).resolve().parents[1]
    shared = Path(os.environ.get("AMX_SHARED", checkout.parent / "shared")) / "golden"
    return shared if shared.is_dir() else None


def load_golden(name: str) -> dict[str, np.ndarray]:
    """Load one golden file by its name without `.npz`; float16 arrays come as (exact) float32.

    A golden of real motion skips the calling test where the shared folder is absent.
    """
    path = GOLDEN / "npz" / f"{name}.npz"
    if name in REAL_MOTION:
        shared = shared_golden()
        if shared is None:
            pytest.skip(
                f"{name} is made from real motion and lies only in the shared folder (AMX_SHARED)"
            )
        path = shared / "npz" / f"{name}.npz"
    with np.load(path) as arrays:
        return {
            key: array.astype(np.float32) if array.dtype == np.float16 else array
            for key, array in arrays.items()
        }


@cache
def golden_keys(module: str) -> dict[str, Any]:
    """Return the description of one published module: `hyper_parameters`, `tensors`, ..."""
    described: dict[str, Any] = json.loads((GOLDEN / "keys" / f"{module}.json").read_text())
    return described


def fill(key: str, shape: list[int], rule: str, std: float | None) -> np.ndarray:
    """Return the tensor that the fill rule gives to `key`."""
    seed = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "little")
    normal = np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
    if rule == "one_plus":
        return 1 + normal * np.float32(0.05)
    assert rule == "normal" and std is not None, f"unknown fill {rule!r} of {key}"
    return normal * np.float32(std)


@cache
def _filled(module: str) -> dict[str, np.ndarray]:
    tensors = golden_keys(module)["tensors"]
    return {
        key: fill(key, tensor["shape"], tensor["fill"], tensor.get("std"))
        for key, tensor in tensors.items()
        if tensor["fill"] != "keep"
    }


def filled_state_dict(module: str) -> dict[str, Tensor]:
    """Return the weights of a published module by the fill rule, without its computed constants."""
    return {key: torch.from_numpy(array.copy()) for key, array in _filled(module).items()}


def fill_sha256(module: str) -> str:
    """Return the checksum of the filled weights, to compare with `keys/_fill_sha256.json`."""
    digest = hashlib.sha256()
    for array in _filled(module).values():
        digest.update(array.astype("<f4").tobytes())
    return digest.hexdigest()
