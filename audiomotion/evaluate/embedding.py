"""A trained evaluator with everything it needs to embed tagged captions and raw motion."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from audiomotion.data.captions import Vocabulary, encode
from audiomotion.data.statistics import Statistics
from audiomotion.errors import DataError
from audiomotion.models.evaluator import FRAMES_PER_TOKEN, MotionTextEvaluator, pos_one_hot

Embeddings = NDArray[np.float32]


class FrozenEvaluator:
    """Embeds captions and motions with a model that no longer changes.

    Args:
        model: The trained encoders, on the device to compute on.
        vocabulary: The words that the model knows.
        stats: What the model's motions were normalised with.
        word_vectors: Vectors `(V, W)` of the vocabulary, where the model has none of its own.
        batch_size: Examples embedded at once; changes no result.
    """

    def __init__(
        self,
        model: MotionTextEvaluator,
        vocabulary: Vocabulary,
        stats: Statistics,
        *,
        word_vectors: NDArray[np.float32] | None = None,
        batch_size: int = 128,
    ) -> None:
        learned = model.word_embedding
        assert (learned is None) == (word_vectors is not None), "word vectors: learned or given"
        assert learned is None or learned.num_embeddings == len(vocabulary), "another vocabulary"
        self.model = model.eval()
        self.vocabulary = vocabulary
        self.device = next(model.parameters()).device
        self.stats = stats
        self.word_vectors = None if word_vectors is None else torch.as_tensor(word_vectors)
        self.batch_size = batch_size

    def embed_text(self, captions: Sequence[Sequence[str]]) -> Embeddings:
        """Embed captions, each a sequence of "word/POS", to `(n, E)` in the given order.

        Raises:
            DataError: A caption has no words.
        """
        encoded = [encode(tags, self.vocabulary) for tags in captions]

        def embed(rows: Sequence[int]) -> Tensor:
            words = torch.from_numpy(np.stack([encoded[row].word_ids for row in rows]))
            classes = torch.from_numpy(np.stack([encoded[row].pos_classes for row in rows]))
            lengths = torch.tensor([encoded[row].length for row in rows])
            if self.word_vectors is not None:
                words = self.word_vectors[words].float()
            return self.model.embed_text(
                words.to(self.device), pos_one_hot(classes).to(self.device), lengths
            )

        return self._in_batches(embed, [caption.length for caption in encoded])

    def embed_motion(self, motions: Sequence[NDArray[np.floating]]) -> Embeddings:
        """Embed raw motions `(N_i, P)` to `(n, E)` in the given order.

        Motions are cut to whole tokens, as published: generated motion always is whole tokens, so
        real motion is seen alike.

        Raises:
            DataError: A motion holds NaN or infinity.
            ModelError: A motion is shorter than a token.
        """
        for number, motion in enumerate(motions):
            if not np.isfinite(motion).all():
                raise DataError(
                    f"Motion {number} of {len(motions)} holds values that are not finite and "
                    "cannot be measured. Check the weights that generated it, or the data set."
                )

        def embed(rows: Sequence[int]) -> Tensor:
            clips = [self._normalised(motions[row]) for row in rows]
            lengths = torch.tensor([len(clip) for clip in clips])
            padded = pad_sequence(clips, batch_first=True)
            return self.model.embed_motion(padded.to(self.device), lengths)

        return self._in_batches(embed, [len(motion) for motion in motions])

    def _normalised(self, motion: NDArray[np.floating]) -> Tensor:
        whole = motion[: len(motion) // FRAMES_PER_TOKEN * FRAMES_PER_TOKEN]
        return torch.from_numpy(self.stats.normalise(whole.astype(np.float32)))

    @torch.inference_mode()
    def _in_batches(
        self, embed: Callable[[Sequence[int]], Tensor], lengths: Sequence[int]
    ) -> Embeddings:
        """Embed examples of like length together and put them back in their order."""
        embeddings = np.zeros((len(lengths), self.model.config.embedding_dim), np.float32)
        order = np.argsort(lengths, kind="stable")
        for start in range(0, len(order), self.batch_size):
            rows = order[start : start + self.batch_size]
            embeddings[rows] = embed(rows.tolist()).cpu().numpy()
        return embeddings
