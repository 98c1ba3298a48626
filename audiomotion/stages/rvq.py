"""Stage `rvq`: clips to RVQ weights and the tokens of every clip."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from audiomotion.config.experiment import RvqConfig
from audiomotion.data.dataset import MotionDataset
from audiomotion.data.ragged import write_ragged
from audiomotion.errors import DataError
from audiomotion.models.rvq import RvqVae
from audiomotion.models.weights import load_weights, save_weights
from audiomotion.seeds import derive_seed
from audiomotion.stages.base import StageContext
from audiomotion.stages.graph import RvqStage
from audiomotion.stages.results import WEIGHTS
from audiomotion.stages.training import keep_curves, loop_settings
from audiomotion.train.batches import pad
from audiomotion.train.loop import fit
from audiomotion.train.rvq import RvqTask

_CLIPS_A_BATCH = 32
_SEED = 0  # the RVQ is shared by all seeds of all arms


def train_rvq(stage: RvqStage, context: StageContext) -> None:
    """Write weights, curves, and the tokens `(n, Q)` of every clip of every split.

    Raises:
        DataError: No training clip is as long as a window.
    """
    dataset = MotionDataset(context.inputs["dataset"])
    clips = dataset.normalised(clip.index for clip in dataset.split("train"))
    if max(map(len, clips)) < stage.config.window_frames:
        raise DataError(
            f"the RVQ learns from windows of {stage.config.window_frames} frames, and the longest "
            f"training clip has {max(map(len, clips))}; lower rvq.window_frames"
        )
    torch.manual_seed(derive_seed(_SEED, "rvq"))
    model = build_rvq(stage.config, dataset).to(context.device)
    task = RvqTask(model, clips, stage.config, _SEED, context.device)
    fit(task, stage.config.training, _SEED, loop_settings(context))
    save_weights(model, context.output / WEIGHTS)
    keep_curves(context)
    write_ragged(context.output, "tokens", encode_clips(model, dataset, context.device), np.int16)


def build_rvq(config: RvqConfig, dataset: MotionDataset) -> RvqVae:
    """Return the untrained model."""
    return RvqVae(config, dataset.skeleton.feature_dim, dataset.skeleton.num_joints)


def load_rvq(stage: RvqStage, folder: Path, dataset: MotionDataset) -> RvqVae:
    """Return the trained model of an artifact."""
    model = build_rvq(stage.config, dataset)
    load_weights(model, folder / WEIGHTS)
    return model.eval()


@torch.inference_mode()
def encode_clips(
    model: RvqVae, dataset: MotionDataset, device: str
) -> Iterator[NDArray[np.generic]]:
    """Yield the tokens `(n, Q)` of every clip, in the data set's order."""
    model.eval()
    for start in range(0, len(dataset.clips), _CLIPS_A_BATCH):
        indices = range(start, min(start + _CLIPS_A_BATCH, len(dataset.clips)))
        motion, valid_mask = pad(dataset.normalised(indices))
        tokens = model.encode(motion.to(device), valid_mask.to(device)).cpu().numpy()
        for row, index in zip(tokens, indices, strict=True):
            yield row[: dataset.clips[index].num_frames // model.frames_per_token]
