"""The published networks with weights by the fill rule, and the inputs of their goldens."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from audiomotion.config.experiment import MaskedConfig, ResidualConfig, RvqConfig
from audiomotion.models.condition import Condition
from audiomotion.models.masked_transformer import MaskedTransformer
from audiomotion.models.masking import MaskingDraws
from audiomotion.models.published import load_published
from audiomotion.models.residual_transformer import ResidualTransformer
from audiomotion.models.rvq import RvqVae
from tests.golden import filled_state_dict

SMALL_TRANSFORMER: dict[str, Any] = {
    "num_layers": 2,
    "num_heads": 2,
    "latent_dim": 24,
    "feedforward_dim": 48,
    "token_dim": 16,
    "dropout": 0.0,
}


def published_rvq(name: str) -> RvqVae:
    feature_dim, num_joints = {"rvqvae_t2m": (263, 22), "rvqvae_kit": (251, 21)}[name]
    model = RvqVae(RvqConfig(padding="published"), feature_dim, num_joints).eval()
    load_published(model, filled_state_dict(name))
    return model


def published_masked(num_layers: int) -> MaskedTransformer:
    model = MaskedTransformer(MaskedConfig(num_layers=num_layers), 512, 512).eval()
    load_published(model, _without_layers("mask_transformer", num_layers))
    return model


def published_residual(num_layers: int) -> ResidualTransformer:
    model = ResidualTransformer(ResidualConfig(num_layers=num_layers), 512, 6, 512).eval()
    load_published(model, _without_layers("residual_transformer", num_layers))
    return model


def _without_layers(name: str, num_layers: int) -> dict[str, Tensor]:
    dropped = tuple(f"seqTransEncoder.layers.{layer}." for layer in range(num_layers, 8))
    state = filled_state_dict(name)
    return {key: value for key, value in state.items() if not key.startswith(dropped)}


def golden_inputs(golden: dict[str, np.ndarray]) -> tuple[Tensor, Condition, Tensor]:
    """Return tokens, condition and valid mask of a transformer golden."""
    tokens = torch.from_numpy(golden["ids"]).long()
    valid = torch.arange(49) < torch.from_numpy(golden["lens"])[:, None]
    return tokens, Condition.of_vectors(torch.from_numpy(golden["conds"])), valid


def golden_draws(golden: dict[str, np.ndarray]) -> MaskingDraws:
    """Return the recorded draws; where only their outcome was recorded, 0 for yes and 1 for no."""
    return MaskingDraws(
        time=torch.from_numpy(golden["rand_time"]),
        scores=torch.from_numpy(golden["rand_scores"]),
        randomise=1.0 - torch.from_numpy(golden["replace_random_mask"]).float(),
        hide=1.0 - torch.from_numpy(golden["replace_mask_mask"]).float(),
        tokens=torch.from_numpy(golden["rand_id"]).long(),
    )


def same_logits(actual: Tensor, expected: np.ndarray, valid: Tensor, atol: float) -> None:
    """Compare logits `(B, n, K)` with recorded `(B, K, n)` at valid positions."""
    recorded = torch.as_tensor(expected).transpose(1, 2)
    torch.testing.assert_close(actual[valid], recorded[valid], rtol=0, atol=atol)
