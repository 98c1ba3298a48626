"""Stage `length`: features of instructions to an estimator of the number of motion tokens."""

import numpy as np
import torch

from audiomotion.data.dataset import MotionDataset
from audiomotion.errors import ConfigError
from audiomotion.seeds import derive_seed
from audiomotion.stages.base import StageContext
from audiomotion.stages.graph import LengthStage
from audiomotion.stages.loading import build_length
from audiomotion.stages.pairs import training_pairs
from audiomotion.stages.training import group_of, keep_official, keep_training, loop_settings
from audiomotion.train.length import LengthTask
from audiomotion.train.loop import fit


def make_length(stage: LengthStage, context: StageContext) -> None:
    """Train on the lengths of the training clips, or take the published estimator.

    Raises:
        ConfigError: A clip has more tokens than there are classes.
    """
    config = stage.config
    clips = MotionDataset(context.inputs["dataset"]).clips
    num_tokens = [clip.num_frames // config.frames_per_token for clip in clips]
    if max(num_tokens) >= config.num_classes:
        raise ConfigError(
            f"a clip has {max(num_tokens)} tokens, and length.num_classes is {config.num_classes}; "
            "it must be above the longest clip's tokens"
        )
    seed = derive_seed(config.seed, stage.name)
    torch.manual_seed(seed)
    model = build_length(stage, context.inputs["features"])
    if config.length.weights == "official":
        return keep_official(model, model.estimator, context)
    tokens = [np.zeros((number, 0), np.int64) for number in num_tokens]  # only their number counts
    pairs = training_pairs(stage, context, tokens, seed)
    task = LengthTask(model, pairs, context.device, group_of(context))
    keep_training(model, fit(task, config.training, seed, loop_settings(context)), context)
