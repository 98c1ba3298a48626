"""Stage `rvq`: clips to RVQ weights and the tokens of every clip."""

from functools import partial

import numpy as np
import torch

from audiomotion.data.dataset import MotionDataset
from audiomotion.data.ragged import write_ragged
from audiomotion.data.statistics import Statistics
from audiomotion.errors import DataError
from audiomotion.models.tokenizer import MotionTokenizer
from audiomotion.seeds import derive_seed
from audiomotion.stages.base import StageContext
from audiomotion.stages.graph import RvqStage
from audiomotion.stages.loading import build_rvq
from audiomotion.stages.training import group_of, keep_official, keep_training, loop_settings
from audiomotion.stages.validating import Validation
from audiomotion.train.loop import fit
from audiomotion.train.rvq import RvqTask

_SEED = 0  # the RVQ is shared by all seeds of all arms


def make_rvq(stage: RvqStage, context: StageContext) -> None:
    """Write weights, statistics, curves, and the tokens `(n, Q)` of every clip of every split."""
    dataset = MotionDataset(context.inputs["dataset"])
    if stage.config.weights == "official":
        tokenizer = _official(stage, dataset, context)
    else:
        tokenizer = _trained(stage, dataset, context)
    tokenizer.stats.save(context.output)
    motions = dataset.motions(range(len(dataset.clips)))
    write_ragged(context.output, "tokens", tokenizer.encode(motions), np.int16)


def _official(stage: RvqStage, dataset: MotionDataset, context: StageContext) -> MotionTokenizer:
    """Take the published weights, and the statistics they were trained with."""
    model = build_rvq(stage.config, dataset.skeleton)
    keep_official(model, model, context)
    return MotionTokenizer(model.to(context.device), Statistics.load(context.inputs["checkpoint"]))


def _trained(stage: RvqStage, dataset: MotionDataset, context: StageContext) -> MotionTokenizer:
    """Train on windows of the training clips.

    Raises:
        DataError: No training clip is as long as a window.
    """
    clips = dataset.motions(clip.index for clip in dataset.split("train"))
    longest = max(map(len, clips))
    if longest < stage.config.window_frames:
        raise DataError(
            f"the RVQ learns from windows of {stage.config.window_frames} frames, and the longest "
            f"training clip has {longest}; lower rvq.window_frames"
        )
    torch.manual_seed(derive_seed(_SEED, "rvq"))
    model = build_rvq(stage.config, dataset.skeleton).to(context.device)
    normal = [dataset.stats.normalise(clip) for clip in clips]
    task = RvqTask(model, normal, stage.config, _SEED, context.device, group_of(context))
    tokenizer = MotionTokenizer(model, dataset.stats)
    fid = None
    if stage.config.training.keep == "best-fid":
        fid = partial(Validation(stage, context).reconstruction_fid, tokenizer)
    kept = fit(task, stage.config.training, _SEED, loop_settings(context), fid)
    keep_training(model, kept, context)
    return tokenizer
