"""Every training that several workers can share, at a size that takes a second."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from audiomotion.config.compressors import MemoryRetrievalConfig
from audiomotion.config.experiment import MaskedConfig, ResidualConfig, RvqConfig
from audiomotion.config.training import TrainingConfig, ValidatedTraining
from audiomotion.data.ragged import Ragged, write_ragged
from audiomotion.models.conditioned import (
    ConditionedLength,
    ConditionedMasked,
    ConditionedResidual,
    ConditionEncoder,
    FeatureShape,
)
from audiomotion.models.group import ALONE, WorkerGroup
from audiomotion.models.rvq import RvqVae
from audiomotion.train.length import LengthTask
from audiomotion.train.loop import TrainingTask
from audiomotion.train.pairs import TrainingPairs
from audiomotion.train.rvq import RvqTask
from audiomotion.train.transformers import TransformerTask

BATCH_SIZE = 12
TRAINING = TrainingConfig(
    batch_size=BATCH_SIZE,
    max_steps=8,
    learning_rate=1e-3,
    warmup_steps=3,
    lr_milestones=(6,),
    log_every=1,
    gradient_clip=0.5,
)
SEED = 11

_FEATURE_DIM = 10
_NUM_CODES = 24
_RVQ = RvqConfig(
    num_quantizers=3,
    codebook_size=_NUM_CODES,
    code_dim=8,
    width=16,
    num_residual_blocks=1,
    block_dropout=0.0,
    window_frames=16,
    ema_decay=0.8,
    sampling_temperature=0.02,
    quantizer_dropout=0.5,
    training=ValidatedTraining(batch_size=BATCH_SIZE, max_steps=1),
)
# A batch has 48 rows: with so many codes most are dead, and filled with near copies.
_RVQS = {
    "rvq": _RVQ,
    "rvq-kmeans": _RVQ.model_copy(update={"codebook_init": "kmeans"}),
    "rvq-large": _RVQ.model_copy(update={"codebook_size": 60, "loss": "paper"}),
}

TASKS = ("masked", "residual", "length", *_RVQS)


def small_task(
    name: str, folder: Path, group: WorkerGroup = ALONE, dropout: float = 0.0
) -> TrainingTask:
    """Return a training that `group` shares."""
    torch.manual_seed(SEED)
    if name in _RVQS:
        config = _RVQS[name].model_copy(update={"block_dropout": dropout})
        return RvqTask(RvqVae(config, 263, 22), _motions(), config, SEED, "cpu", group)
    build: Callable[[ConditionEncoder, float], nn.Module] = _MODELS[name]
    module: Any = build(_encoder(dropout), dropout)
    for part in module.modules():
        if isinstance(part, nn.Dropout):  # the length estimator's cannot be configured
            part.p = dropout
    task = LengthTask if name == "length" else TransformerTask
    return task(module, _pairs(folder), "cpu", group)


def _motions() -> list[np.ndarray]:
    """Clips that differ so much that codes fall out of use and come back."""
    rng = np.random.default_rng(3)
    lengths = rng.integers(16, 40, 20)
    return [
        (rng.normal(3 * rng.normal(), 1, (length, 263))).astype(np.float32) for length in lengths
    ]


def _encoder(dropout: float) -> ConditionEncoder:
    compressor = MemoryRetrievalConfig(
        num_memory_tokens=8,
        latent_dim=16,
        condition_dim=16,
        num_condition_tokens=2,
        num_layers=1,
        num_heads=2,
        feedforward_dim=16,
        dropout=dropout,
    )
    return ConditionEncoder(compressor, FeatureShape(_FEATURE_DIM))


def _masked(encoder: ConditionEncoder, dropout: float) -> nn.Module:
    return ConditionedMasked(encoder, MaskedConfig(**_size(dropout)), _RVQ)


def _residual(encoder: ConditionEncoder, dropout: float) -> nn.Module:
    return ConditionedResidual(encoder, ResidualConfig(**_size(dropout)), _RVQ)


def _size(dropout: float) -> dict[str, Any]:
    size = {"num_layers": 1, "num_heads": 2, "latent_dim": 16, "feedforward_dim": 16}
    return size | {"token_dim": 8, "dropout": dropout, "condition_drop_prob": 0.4}


_MODELS: dict[str, Callable[[ConditionEncoder, float], nn.Module]] = {
    "masked": _masked,
    "residual": _residual,
    "length": lambda encoder, dropout: ConditionedLength(encoder, 12),
}


def _pairs(folder: Path) -> TrainingPairs:
    """Thirty clips of 2 to 11 tokens, with one to three instructions of 3 to 20 frames each."""
    rng = np.random.default_rng(5)
    folder.mkdir(parents=True, exist_ok=True)
    features = [rng.normal(0, 1, (rng.integers(3, 21), _FEATURE_DIM)) for _ in range(60)]
    if not any(folder.iterdir()):
        write_ragged(folder, "features", features, np.float16)
    tokens = [rng.integers(0, _NUM_CODES, (rng.integers(2, 12), 3)) for _ in range(30)]
    instructions_of = {clip: [clip, clip + 30][: 1 + clip % 2] for clip in range(30)}
    return TrainingPairs(
        tokens, Ragged.open(folder, "features"), instructions_of, range(30), BATCH_SIZE, SEED
    )
