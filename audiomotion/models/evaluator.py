"""The text and motion encoders of Guo et al. 2022, whose space the metrics live in.

Source: Guo et al., Generating Diverse and Natural 3D Human Motions from Text, CVPR 2022; module and
parameter names are those of the released weights.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence

from audiomotion.config.experiment import EvaluatorConfig
from audiomotion.data.captions import NUM_POS_CLASSES
from audiomotion.errors import ModelError

FRAMES_PER_TOKEN = 4
"""Frames that the movement encoder makes one token of."""

_NUM_CONTACTS = 4
_PUBLISHED_TOKENS = 49
_LEAK = 0.2
_DROPOUT = 0.2


class MovementEncoder(nn.Module):
    """Strided convolutions: frames without foot contacts to one token for every 4 frames."""

    def __init__(self, input_dim: int, dim: int) -> None:
        super().__init__()
        self.main = nn.Sequential(
            nn.Conv1d(input_dim, dim, kernel_size=4, stride=2, padding=1),
            nn.Dropout(_DROPOUT),
            nn.LeakyReLU(_LEAK),
            nn.Conv1d(dim, dim, kernel_size=4, stride=2, padding=1),
            nn.Dropout(_DROPOUT),
            nn.LeakyReLU(_LEAK),
        )
        self.out_net = nn.Linear(dim, dim)

    def forward(self, frames: Tensor, num_tokens: Tensor) -> Tensor:
        """Encode `frames (B, N, P - 4)`, zero where a clip has ended, to `(B, N / 4, D)`.

        The last token of a clip reads three frames past its end. As published it finds zeros there,
        which the first convolution turns into its bias, unless the clip fills the published window
        of 196 frames: beyond that the second convolution finds zeros. Applying both rules to each
        clip, and not to the batch, makes a clip's tokens independent of its batch.
        """
        hidden = self.main[:3](frames.transpose(1, 2))
        ends = 2 * num_tokens.clamp(min=_PUBLISHED_TOKENS)
        inside = torch.arange(hidden.shape[2], device=frames.device) < ends[:, None]
        tokens: Tensor = self.main[3:](hidden * inside[:, None])
        encoded: Tensor = self.out_net(tokens.transpose(1, 2))
        return encoded


class SequenceEncoder(nn.Module):
    """A bidirectional GRU that starts from a learned state, and a head on its two final states."""

    def __init__(self, input_dim: int, hidden_dim: int, output_dim: int) -> None:
        super().__init__()
        self.input_emb = nn.Linear(input_dim, hidden_dim)
        self.gru = nn.GRU(hidden_dim, hidden_dim, batch_first=True, bidirectional=True)
        self.output_net = nn.Sequential(
            nn.Linear(2 * hidden_dim, hidden_dim),
            nn.LayerNorm(hidden_dim),
            nn.LeakyReLU(_LEAK),
            nn.Linear(hidden_dim, output_dim),
        )
        self.hidden = nn.Parameter(torch.randn(2, 1, hidden_dim))

    def encode(self, sequence: Tensor, lengths: Tensor) -> Tensor:
        """Encode the first `lengths (B,)` elements of `sequence (B, T, D)` to `(B, E)`."""
        packed = pack_padded_sequence(
            self.input_emb(sequence), lengths.cpu(), batch_first=True, enforce_sorted=False
        )
        start = self.hidden.expand(-1, len(sequence), -1).contiguous()
        _, final = self.gru(packed, start)
        embedding: Tensor = self.output_net(torch.cat([final[0], final[1]], dim=-1))
        return embedding


class MotionEncoder(SequenceEncoder):
    """Movement tokens to one embedding."""

    def forward(self, movement: Tensor, num_tokens: Tensor) -> Tensor:
        """Encode `movement (B, n, D)` of `num_tokens (B,)` tokens each to `(B, E)`."""
        return self.encode(movement, num_tokens)


class TextEncoder(SequenceEncoder):
    """Words and their classes to one embedding."""

    def __init__(self, word_dim: int, hidden_dim: int, output_dim: int) -> None:
        super().__init__(word_dim, hidden_dim, output_dim)
        self.pos_emb = nn.Linear(NUM_POS_CLASSES, word_dim)

    def forward(self, word_vectors: Tensor, pos_onehot: Tensor, lengths: Tensor) -> Tensor:
        """Encode `word_vectors (B, T, W)` with `pos_onehot (B, T, 15)` to `(B, E)`."""
        return self.encode(word_vectors + self.pos_emb(pos_onehot), lengths)


class MotionTextEvaluator(nn.Module):
    """Embeds captions and motions in one space, where they are close if they belong together.

    With `vocabulary_size` the word vectors are learned, and id 0 (unk) stays the zero vector: an
    unknown word says nothing. Without, word vectors are given.
    """

    def __init__(
        self, config: EvaluatorConfig, feature_dim: int, vocabulary_size: int | None = None
    ) -> None:
        super().__init__()
        self.config = config
        self.feature_dim = feature_dim
        self.movement_encoder = MovementEncoder(feature_dim - _NUM_CONTACTS, config.movement_dim)
        self.text_encoder = TextEncoder(
            config.word_dim, config.text_hidden_dim, config.embedding_dim
        )
        self.motion_encoder = MotionEncoder(
            config.movement_dim, config.motion_hidden_dim, config.embedding_dim
        )
        self.apply(_initialise)
        self.word_embedding = (
            nn.Embedding(vocabulary_size, config.word_dim, padding_idx=0)
            if vocabulary_size is not None
            else None
        )

    def embed_text(self, words: Tensor, pos_onehot: Tensor, lengths: Tensor) -> Tensor:
        """Embed captions.

        Args:
            words: Ids `(B, T)` int64 where word vectors are learned, else word vectors `(B, T, W)`.
            pos_onehot: Word classes `(B, T, 15)`.
            lengths: Words that count, `(B,)`, sos and eos included.

        Returns:
            Embeddings `(B, E)`.

        Raises:
            ModelError: Ids were given, but the model has no word vectors of its own.
        """
        if not words.is_floating_point():
            if self.word_embedding is None:
                raise ModelError(
                    "This evaluator was made for given word vectors and has none for word ids; "
                    "give it the vectors (B, T, W) of the vocabulary that it was trained with."
                )
            words = self.word_embedding(words)
        return self._finish(self.text_encoder(words, pos_onehot.to(words.dtype), lengths))

    def embed_motion(self, features: Tensor, lengths: Tensor) -> Tensor:
        """Embed motions.

        Deviation: whatever stands behind a clip's end is taken as zero. The published code feeds
        generated motions with what happens to be there, so that its last token, which sees three
        frames past the end, depends on the batch.

        Args:
            features: z-normalised representation `(B, N, P)`.
            lengths: Frames of each clip, `(B,)`; at least 4, which are one token. On the CPU: from
                a GPU they would have to be waited for.

        Returns:
            Embeddings `(B, E)`.

        Raises:
            ModelError: A clip is shorter than a token.
        """
        num_tokens = lengths // FRAMES_PER_TOKEN
        if int(num_tokens.min()) < 1:
            raise ModelError(
                f"A motion of {int(lengths.min())} frames cannot be embedded; "
                f"the evaluator needs at least {FRAMES_PER_TOKEN}."
            )
        most_tokens = int(num_tokens.max()) + 1
        frames = _end_in_zeros(
            features[..., :-_NUM_CONTACTS], lengths.to(features.device), most_tokens
        )
        movement = self.movement_encoder(frames, num_tokens.to(features.device))
        return self._finish(self.motion_encoder(movement, num_tokens))

    def _finish(self, embedding: Tensor) -> Tensor:
        # InfoNCE compares directions, the metrics distances: on the unit sphere both rank alike.
        return functional.normalize(embedding) if self.config.loss == "infonce" else embedding


def pos_one_hot(pos_classes: Tensor) -> Tensor:
    """Return word classes `(B, T)` int64 as `(B, T, 15)` float32."""
    return functional.one_hot(pos_classes, NUM_POS_CLASSES).float()


def _end_in_zeros(frames: Tensor, lengths: Tensor, num_tokens: int) -> Tensor:
    """Zero the frames past each clip's end and cut or pad all to `num_tokens` tokens."""
    outside = torch.arange(frames.shape[1], device=frames.device) >= lengths[:, None]
    missing = num_tokens * FRAMES_PER_TOKEN - frames.shape[1]
    return functional.pad(frames.masked_fill(outside[..., None], 0.0), (0, 0, 0, missing))


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Linear | nn.Conv1d):
        nn.init.xavier_normal_(module.weight)
        assert module.bias is not None
        nn.init.zeros_(module.bias)
