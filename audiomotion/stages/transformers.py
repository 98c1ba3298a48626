"""Stages `masked` and `residual`: one arm, one seed, weights with a compressor of their own."""

from pathlib import Path

import torch

from audiomotion.data.dataset import MotionDataset
from audiomotion.data.ragged import Ragged
from audiomotion.data.utterances import Utterances
from audiomotion.files import read_json
from audiomotion.models.conditioned import ConditionedMasked, ConditionedResidual
from audiomotion.models.weights import load_weights, save_weights
from audiomotion.seeds import derive_seed
from audiomotion.stages.base import StageContext
from audiomotion.stages.graph import MaskedStage, ResidualStage
from audiomotion.stages.results import WEIGHTS
from audiomotion.stages.training import keep_curves, loop_settings
from audiomotion.train.loop import fit
from audiomotion.train.pairs import TrainingPairs
from audiomotion.train.transformers import TransformerTask


def train_masked(stage: MaskedStage, context: StageContext) -> None:
    """Train the masked transformer over base tokens; write weights and curves."""
    seed = _seed(stage)
    _train(stage, build_masked(stage, context.inputs["features"]), seed, context)


def train_residual(stage: ResidualStage, context: StageContext) -> None:
    """Train the residual transformer over the finer layers; write weights and curves."""
    seed = _seed(stage)
    _train(stage, build_residual(stage, context.inputs["features"]), seed, context)


def build_masked(stage: MaskedStage, features: Path) -> ConditionedMasked:
    """Return the untrained masked transformer with its compressor."""
    config = stage.config
    return ConditionedMasked(config.masked, config.compressor, config.rvq, feature_dim(features))


def build_residual(stage: ResidualStage, features: Path) -> ConditionedResidual:
    """Return the untrained residual transformer with its compressor."""
    config = stage.config
    return ConditionedResidual(
        config.residual, config.compressor, config.rvq, feature_dim(features)
    )


def load_masked(stage: MaskedStage, folder: Path, features: Path) -> ConditionedMasked:
    """Return the trained model of an artifact."""
    model = build_masked(stage, features)
    load_weights(model, folder / WEIGHTS)
    return model.eval()


def load_residual(stage: ResidualStage, folder: Path, features: Path) -> ConditionedResidual:
    """Return the trained model of an artifact."""
    model = build_residual(stage, features)
    load_weights(model, folder / WEIGHTS)
    return model.eval()


def feature_dim(features: Path) -> int:
    """Return the width F of a features artifact."""
    return int(read_json(features / "features.json")["feature_dim"])


def _seed(stage: MaskedStage | ResidualStage) -> int:
    """Seed torch for the initial weights; return the seed of everything after."""
    seed = derive_seed(stage.config.seed, stage.name)
    torch.manual_seed(seed)
    return seed


def _train(
    stage: MaskedStage | ResidualStage,
    model: ConditionedMasked | ConditionedResidual,
    seed: int,
    context: StageContext,
) -> None:
    training = stage.config.training
    pairs = TrainingPairs(
        tokens=Ragged.open(context.inputs["rvq"], "tokens"),
        features=Ragged.open(context.inputs["features"], "features"),
        utterances_of=Utterances(context.inputs["speak"]).of_clip,
        clips=[clip.index for clip in MotionDataset(context.inputs["dataset"]).split("train")],
        batch_size=training.batch_size,
        seed=seed,
    )
    fit(TransformerTask(model, pairs, context.device), training, seed, loop_settings(context))
    save_weights(model, context.output / WEIGHTS)
    keep_curves(context)
