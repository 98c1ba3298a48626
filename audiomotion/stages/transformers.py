"""Stages `masked` and `residual`: one arm, one seed, with a condition encoder of their own."""

from functools import partial

import torch

from audiomotion.data.ragged import Ragged
from audiomotion.models.conditioned import ConditionedMasked, ConditionedResidual
from audiomotion.seeds import derive_seed
from audiomotion.stages.accounting import model_facts
from audiomotion.stages.base import StageContext
from audiomotion.stages.graph import MaskedStage, ResidualStage
from audiomotion.stages.loading import build_masked, build_residual
from audiomotion.stages.pairs import training_pairs
from audiomotion.stages.training import group_of, keep_official, keep_training, loop_settings
from audiomotion.stages.training_facts import training_facts
from audiomotion.stages.validating import GenerationValidation
from audiomotion.train.loop import fit
from audiomotion.train.selection import ValidationFid
from audiomotion.train.transformers import TransformerTask


def make_masked(stage: MaskedStage, context: StageContext) -> None:
    """Train the masked transformer over base tokens, or take the published one."""
    seed = _seed(stage)
    model = build_masked(stage, context.inputs["features"])
    if stage.config.masked.weights == "official":
        return keep_official(model, model.transformer, context)
    sampling, fid = stage.config.validation, None
    if sampling is not None:
        fid = partial(GenerationValidation(stage, context).base_fid, model, sampling)
    _train(stage, model, seed, context, fid)


def make_residual(stage: ResidualStage, context: StageContext) -> None:
    """Train the residual transformer over the finer layers, or take the published one."""
    seed = _seed(stage)
    model = build_residual(stage, context.inputs["features"])
    if stage.config.residual.weights == "official":
        return keep_official(model, model.transformer, context)
    sampling, fid = stage.config.validation, None
    if sampling is not None:
        fid = partial(GenerationValidation(stage, context).residual_fid, model, sampling)
    _train(stage, model, seed, context, fid)


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
    validation_fid: ValidationFid | None,
) -> None:
    training = stage.config.training
    context.note("model", partial(model_facts, model, model.condition))
    tokens = Ragged.open(context.inputs["rvq"], "tokens")
    pairs = training_pairs(stage, context, tokens, seed)
    task = TransformerTask(model, pairs, context.device, group_of(context))
    context.note("training", partial(training_facts, task, training))
    kept = fit(task, training, seed, loop_settings(context), validation_fid)
    keep_training(model, kept, context)
