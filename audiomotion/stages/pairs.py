"""What the transformers and the length estimator are trained on: tokens and features of clips."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from audiomotion.data.dataset import MotionDataset
from audiomotion.data.instructions import Instructions
from audiomotion.data.ragged import Ragged
from audiomotion.stages.base import StageContext
from audiomotion.stages.graph import LengthStage, MaskedStage, ResidualStage
from audiomotion.train.pairs import TrainingPairs


def training_pairs(
    stage: MaskedStage | ResidualStage | LengthStage,
    context: StageContext,
    tokens: Sequence[NDArray[np.generic]],
    seed: int,
) -> TrainingPairs:
    """Return the training clips, their `tokens` `(n_i, Q)`, and all their instructions."""
    dataset = MotionDataset(context.inputs["dataset"])
    return TrainingPairs(
        tokens=tokens,
        features=Ragged.open(context.inputs["features"], "features"),
        instructions_of=Instructions(dataset, stage.config.variant).of_clip,
        clips=[clip.index for clip in dataset.split("train")],
        batch_size=stage.config.training.batch_size,
        seed=seed,
    )
