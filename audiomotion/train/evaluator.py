"""Train the evaluator: motion and caption of the same clip close, others apart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True, eq=False)
class EncodedCaptions:
    """The captions of the training clips as the text encoder reads them."""

    of_clip: Mapping[int, Sequence[EncodedCaption]]

    vectors: Tensor | None
    """Vectors `(V, W)` of the vocabulary; None where the model learns its own."""

    @classmethod
    def of(
        cls,
        tags: Mapping[int, Sequence[tuple[str, ...]]],
        vocabulary: Vocabulary,
        vectors: NDArray[np.float32] | None = None,
    ) -> "EncodedCaptions":
        """Encode the tagged captions of each clip."""
        encoded = {clip: [encode(tag, vocabulary) for tag in own] for clip, own in tags.items()}
        return cls(encoded, None if vectors is None else torch.from_numpy(vectors))

    def collate(self, captions: Sequence[EncodedCaption]) -> tuple[Tensor, Tensor, Tensor]:
        """Return word ids `(B, T)` or vectors `(B, T, W)`, classes `(B, T, 15)`, lengths `(B,)`."""
        words, _ = pad([np.asarray(caption.word_ids, np.int64) for caption in captions])
        classes, _ = pad([np.asarray(caption.pos_classes, np.int64) for caption in captions])
        lengths = torch.tensor([caption.length for caption in captions])
        words = words if self.vectors is None else self.vectors[words]
        return words, pos_one_hot(classes), lengths


class EvaluatorTask(TrainingTask):
    """One example is a clip with one of its captions, written or spoken."""

    def __init__(
        self,
        module: MotionTextEvaluator,
        motions: Mapping[int, NDArray[np.float32]],
        captions: EncodedCaptions,
        config: EvaluatorConfig,
        seed: int,
        device: str,
    ) -> None:
        self.module = module
        self.config = config
        self.seed = seed
        self.device = device
        self.motions = list(motions.values())
        self.encoded = captions
        self.captions = [captions.of_clip[clip] for clip in motions]
        self.lengths = np.array([len(motion) for motion in self.motions], np.int64)
        self.num_examples = len(self.motions)

    def loss(self, step: int) -> tuple[Tensor, Mapping[str, Tensor]]:
        """Return the loss on a batch of clips with one caption each."""
        rng = np.random.default_rng(derive_seed(self.seed, "caption", step))
        rows = batch_indices(step, self.lengths, self.config.training.batch_size, self.seed)
        captions = [self.captions[row][rng.integers(len(self.captions[row]))] for row in rows]
        motion, motion_mask = pad([self.motions[row] for row in rows])
        words, pos_onehot, caption_lengths = (
            part.to(self.device) for part in self.encoded.collate(captions)
        )
        module = self.module
        assert isinstance(module, MotionTextEvaluator)
        motion_embedding = module.embed_motion(
            motion.to(self.device), motion_mask.sum(1).to(self.device)
        )
        text_embedding = module.embed_text(words, pos_onehot, caption_lengths)
        matches = matching_pairs(_labels(captions).to(self.device))
        return evaluator_loss(text_embedding, motion_embedding, matches, self.config)


def _labels(captions: Sequence[EncodedCaption]) -> Tensor:
    """Return a number for each caption, the same for captions of the same words."""
    numbers: dict[bytes, int] = {}
    keys = (np.asarray(caption.word_ids).tobytes() for caption in captions)
    return torch.tensor([numbers.setdefault(key, len(numbers)) for key in keys])
