"""Train the evaluator: motion and caption of the same clip close, others apart."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from audiomotion.config.experiment import EvaluatorConfig
from audiomotion.data.captions import EncodedCaption, Vocabulary, encode
from audiomotion.models.evaluator import MotionTextEvaluator, pos_one_hot
from audiomotion.models.padding import pad
from audiomotion.seeds import derive_seed
from audiomotion.train.batches import batch_indices
from audiomotion.train.evaluator_loss import evaluator_loss, matching_pairs
from audiomotion.train.loop import TrainingTask


class EvaluatorTask(TrainingTask):
    """One example is a clip with one of its captions, written or spoken."""

    def __init__(
        self,
        module: MotionTextEvaluator,
        motions: Mapping[int, NDArray[np.float32]],
        tags: Mapping[int, Sequence[tuple[str, ...]]],
        vocabulary: Vocabulary,
        config: EvaluatorConfig,
        seed: int,
        device: str,
    ) -> None:
        self.module = module
        self.config = config
        self.seed = seed
        self.device = device
        self.motions = list(motions.values())
        self.captions = [[encode(tag, vocabulary) for tag in tags[clip]] for clip in motions]
        self.lengths = np.array([len(motion) for motion in self.motions], np.int64)
        self.num_examples = len(self.motions)

    def loss(self, step: int) -> tuple[Tensor, Mapping[str, Tensor]]:
        """Return the loss on a batch of clips with one caption each."""
        rng = np.random.default_rng(derive_seed(self.seed, "caption", step))
        rows = batch_indices(step, self.lengths, self.config.training.batch_size, self.seed)
        captions = [self.captions[row][rng.integers(len(self.captions[row]))] for row in rows]
        motion, motion_mask = pad([self.motions[row] for row in rows])
        word_ids, pos_onehot, caption_lengths = self._collate(captions)
        module = self.module
        assert isinstance(module, MotionTextEvaluator)
        motion_embedding = module.embed_motion(
            motion.to(self.device), motion_mask.sum(1).to(self.device)
        )
        text_embedding = module.embed_text(word_ids, pos_onehot, caption_lengths)
        matches = matching_pairs(_labels(captions).to(self.device))
        return evaluator_loss(text_embedding, motion_embedding, matches, self.config)

    def _collate(self, captions: Sequence[EncodedCaption]) -> tuple[Tensor, Tensor, Tensor]:
        word_ids, _ = pad([np.asarray(caption.word_ids, np.int64) for caption in captions])
        classes, _ = pad([np.asarray(caption.pos_classes, np.int64) for caption in captions])
        onehot = pos_one_hot(classes)
        lengths = torch.tensor([caption.length for caption in captions])
        return word_ids.to(self.device), onehot.to(self.device), lengths.to(self.device)


def _labels(captions: Sequence[EncodedCaption]) -> Tensor:
    """Return a number for each caption, the same for captions of the same words."""
    numbers: dict[bytes, int] = {}
    keys = (np.asarray(caption.word_ids).tobytes() for caption in captions)
    return torch.tensor([numbers.setdefault(key, len(numbers)) for key in keys])
