"""CLIP's text encoder."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from torch import Tensor
from transformers import CLIPTextConfig as ClipArchitecture
from transformers import CLIPTextModelWithProjection, CLIPTokenizer

from audiomotion.config.text_encoders import ClipTextConfig
from audiomotion.extract.inference import frozen, seeded
from audiomotion.extract.text import TextEncoder, checked_texts, encode_alike
from audiomotion.extract.tokens import HashedWords, PublishedTokenizer, Tokenizer
from audiomotion.pretrained.hub import TEXT_FILES, weights_folder
from audiomotion.pretrained.loading import load_pretrained

_PROJECTION: Final = frozenset({"text_projection.weight"})
_UNUSED: Final = (
    "vision_model.",
    "visual_projection.",
    "logit_scale",
    # Counts 0, 1, 2, ...: older files carry them.
    "text_model.embeddings.position_ids",
    "embeddings.position_ids",
)


class ClipText(TextEncoder):
    """Features of CLIP's text encoder, 512 wide for ViT-B/32.

    `pooled`: the projected embedding, not normalised, as MoMask's transformers are given it.
    `tokens`: the last layer behind the final norm, one row for each token from the start token to
    the end token, both included; not projected.

    A text has at most 77 tokens; a longer one loses its end (not the end token), with a warning.
    Random weights read hashed words instead of CLIP's vocabulary.
    """

    def __init__(self, config: ClipTextConfig, device: str = "cpu") -> None:
        self._pools = config.output == "pooled"
        if config.weights == "random":
            model, self._tokenizer = _random(config)
        else:
            folder = weights_folder(config, "text_encoder", TEXT_FILES)
            model, self._tokenizer = _published(folder, pools=self._pools)
        self._model = frozen(model, device)
        self._device = device
        sizes: Any = model.config
        self.feature_dim = sizes.projection_dim if self._pools else sizes.hidden_size

    def encode(self, texts: Sequence[str]) -> list[np.ndarray]:
        """Return `(1, F)` pooled, or `(L, F)` of L tokens, of each text."""
        return encode_alike(self._tokenizer(checked_texts(texts)), self._encode, self._device)

    def _encode(self, ids: Tensor) -> Tensor:
        output = self._model(input_ids=ids)
        hidden: Tensor = output.last_hidden_state
        return output.text_embeds[:, None] if self._pools else hidden


def _random(config: ClipTextConfig) -> tuple[CLIPTextModelWithProjection, Tokenizer]:
    architecture = _tiny() if config.random_size == "tiny" else ClipArchitecture()
    with seeded(config.random_seed):
        model = CLIPTextModelWithProjection(architecture)
    num_ids, max_tokens = architecture.vocab_size, architecture.max_position_embeddings
    return model, HashedWords(num_ids, max_tokens)


def _tiny() -> ClipArchitecture:
    num_ids = 2048
    return ClipArchitecture(
        vocab_size=num_ids,
        hidden_size=64,
        intermediate_size=128,
        projection_dim=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        bos_token_id=num_ids - 2,
        eos_token_id=num_ids - 1,
    )


def _published(folder: Path, *, pools: bool) -> tuple[CLIPTextModelWithProjection, Tokenizer]:
    """Load the text half of a whole CLIP, or a file with only that."""
    model = load_pretrained(
        CLIPTextModelWithProjection,
        folder,
        optional=frozenset() if pools else _PROJECTION,
        model_types=("clip",),
        unused=_UNUSED,
    )
    sizes = model.config
    num_ids, max_tokens = sizes.vocab_size, sizes.max_position_embeddings
    return model, PublishedTokenizer(CLIPTokenizer, folder, num_ids, max_tokens)
