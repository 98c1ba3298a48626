"""Train the RVQ-VAE on windows of motion."""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from audiomotion.config.experiment import RvqConfig
from audiomotion.models.group import ALONE, WorkerGroup
from audiomotion.models.rvq import RvqVae
from audiomotion.seeds import derive_seed
from audiomotion.train.loop import TrainingTask


class RvqTask(TrainingTask):
    """One example is a window of `window_frames` frames at a random place of a clip.

    As published an epoch passes over every window; its place in the clip is what the step draws.
    """

    def __init__(
        self,
        module: RvqVae,
        clips: list[NDArray[np.float32]],
        config: RvqConfig,
        seed: int,
        device: str,
        group: WorkerGroup = ALONE,
    ) -> None:
        self.module = module
        self.group = group
        module.quantizer.join(group)
        self.config = config
        self.seed = seed
        window = config.window_frames
        self.frames = torch.from_numpy(np.concatenate(clips)).to(device)
        starts = np.cumsum([0, *(len(clip) for clip in clips)])[:-1]
        self.starts = np.concatenate(
            [
                start + np.arange(len(clip) - window + 1)
                for start, clip in zip(starts, clips, strict=True)
                if len(clip) >= window
            ]
        )
        self.num_examples = len(self.starts)

    def loss(self, step: int) -> tuple[Tensor, Mapping[str, Tensor]]:
        """Return the loss on a batch of random windows."""
        rng = np.random.default_rng(derive_seed(self.seed, "windows", step))
        starts = self.group.own(rng.choice(self.starts, self.config.training.batch_size))
        rows = starts[:, None] + np.arange(self.config.window_frames)
        windows = self.frames[torch.from_numpy(rows).to(self.frames.device)]
        assert isinstance(self.module, RvqVae)
        return self.group.part(*self.module.training_loss(windows))
