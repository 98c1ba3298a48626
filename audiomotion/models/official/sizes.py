"""Sizes that published checkpoints differ in, read off their tensors; and networks of these sizes.

Everything else has the published size, which the schemas have as defaults: number of heads and
dilations show in no tensor.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn

from audiomotion.config.checkpoints import CheckpointKind, DatasetName
from audiomotion.config.experiment import EvaluatorConfig, MaskedConfig, ResidualConfig, RvqConfig
from audiomotion.models.evaluator import MotionTextEvaluator
from audiomotion.models.length_estimator import NUM_LENGTHS, LengthEstimator
from audiomotion.models.masked_transformer import MaskedTransformer
from audiomotion.models.residual_transformer import ResidualTransformer
from audiomotion.models.rvq import RvqVae
from audiomotion.motion.skeleton import HUMANML3D_22, KIT_21, Skeleton

SKELETON_OF: Final[dict[DatasetName, Skeleton]] = {"humanml3d": HUMANML3D_22, "kit": KIT_21}

_CONDITION_DIM: Final = 512
"""Width of the sentence vectors that the published transformers are conditioned on."""

_NUM_CONTACTS: Final = 4

State = Mapping[str, Tensor]


@dataclass(frozen=True, eq=False)
class Sized:
    """A network on the meta device, and the sizes that it was made with."""

    network: nn.Module
    sizes: Mapping[str, int | bool]


def sized(what: CheckpointKind, state: State, feature_dim: int) -> Sized:
    """Return the network that a checkpoint's tensors look like.

    A size whose tensor is missing or has another rank is the published one: the comparison of the
    tensors then says what is wrong.
    """
    with torch.device("meta"):
        return _NETWORKS[what](state, feature_dim)


def feature_width(what: CheckpointKind, state: State) -> int | None:
    """Return the width of the motion features that a network reads, None where it reads none."""
    if what == "rvq":
        return _size(state, "encoder.model.0.weight", 1, HUMANML3D_22.feature_dim)
    if what == "evaluator":
        without_contacts = HUMANML3D_22.feature_dim - _NUM_CONTACTS
        seen = _size(state, "movement_encoder.main.0.weight", 1, without_contacts)
        return seen + _NUM_CONTACTS
    return None


def _rvq(state: State, feature_dim: int) -> Sized:
    codebook = "quantizer.layers.0.codebook"
    config = RvqConfig(codebook_size=_size(state, codebook, 0, RvqConfig().codebook_size))
    skeletons = {skeleton.feature_dim: skeleton for skeleton in SKELETON_OF.values()}
    network = RvqVae(config, feature_dim, skeletons[feature_dim].num_joints)
    sizes = {
        "feature_dim": feature_dim,
        "num_quantizers": config.num_quantizers,
        "codebook_size": config.codebook_size,
    }
    return Sized(network, sizes)


def _masked(state: State, feature_dim: int) -> Sized:
    del feature_dim
    num_layers = _num_layers(state)
    codebook_size = _size(state, "token_emb.weight", 0, RvqConfig().codebook_size + 2) - 2
    condition_dim = _condition_dim(state)
    network = MaskedTransformer(MaskedConfig(num_layers=num_layers), codebook_size, condition_dim)
    sizes = {
        "num_layers": num_layers,
        "codebook_size": codebook_size,
        "condition_dim": condition_dim,
    }
    return Sized(network, sizes)


def _residual(state: State, feature_dim: int) -> Sized:
    del feature_dim
    num_layers, condition_dim = _num_layers(state), _condition_dim(state)
    share = "output_proj_weight" not in state
    table = "token_embed_weight_" if share else "token_embed_weight"
    codebook_size = _size(state, table, 1, RvqConfig().codebook_size + 1) - 1
    num_quantizers = RvqConfig().num_quantizers
    config = ResidualConfig(num_layers=num_layers, share_weights=share)
    network = ResidualTransformer(config, codebook_size, num_quantizers, condition_dim)
    sizes = {
        "num_layers": num_layers,
        "codebook_size": codebook_size,
        "num_quantizers": num_quantizers,
        "condition_dim": condition_dim,
        "share_weights": share,
    }
    return Sized(network, sizes)


def _length(state: State, feature_dim: int) -> Sized:
    del feature_dim
    condition_dim = _size(state, "output.0.weight", 1, _CONDITION_DIM)
    num_classes = _size(state, "output.11.weight", 0, NUM_LENGTHS)
    network = LengthEstimator(condition_dim, num_classes)
    return Sized(network, {"condition_dim": condition_dim, "num_classes": num_classes})


def _evaluator(state: State, feature_dim: int) -> Sized:
    del state
    return Sized(MotionTextEvaluator(EvaluatorConfig(), feature_dim), {"feature_dim": feature_dim})


_NETWORKS: Final[dict[CheckpointKind, Callable[[State, int], Sized]]] = {
    "rvq": _rvq,
    "masked": _masked,
    "residual": _residual,
    "length": _length,
    "evaluator": _evaluator,
}


def _num_layers(state: State) -> int:
    return _count(state, "seqTransEncoder.layers.") or MaskedConfig().num_layers


def _condition_dim(state: State) -> int:
    return _size(state, "cond_emb.weight", 1, _CONDITION_DIM)


def _count(state: State, prefix: str) -> int:
    """Return how many layers there are whose names start with `prefix` and a number."""
    return len({name.split(".")[prefix.count(".")] for name in state if name.startswith(prefix)})


def _size(state: State, name: str, axis: int, published: int) -> int:
    """Return a tensor's size along an axis; the published one where it cannot be a size."""
    shape = state[name].shape if name in state else ()
    return shape[axis] if len(shape) > axis and shape[axis] > 2 else published
