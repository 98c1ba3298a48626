"""Published weights in a configuration: `rvq: official` and what that says in full.

The weights themselves are imported into the store (`amx import`); a plan fills in which they are.
"""

from collections.abc import Iterator
from typing import Any, Final

from audiomotion.config.checkpoints import CheckpointKind
from audiomotion.config.given import Given, given

OFFICIAL_WORD: Final = "official"

_TRANSFORMER: Final[dict[str, Any]] = {
    "weights": OFFICIAL_WORD,
    "num_layers": 8,
    "num_heads": 6,
    "latent_dim": 384,
    "feedforward_dim": 1024,
    "token_dim": 512,
}

OFFICIAL: Final[dict[str, dict[str, Any]]] = {
    "rvq": {
        "weights": OFFICIAL_WORD,
        "num_quantizers": 6,
        "codebook_size": 512,
        "code_dim": 512,
        "width": 512,
        "num_downsamplings": 2,
        "num_residual_blocks": 3,
        "dilation_growth": 3,
        "padding": "published",
    },
    "masked": _TRANSFORMER,
    "residual": {**_TRANSFORMER, "share_weights": True},
    "length": {"weights": OFFICIAL_WORD, "num_classes": 50},
    "evaluator": {
        "weights": OFFICIAL_WORD,
        "word_vectors": "glove",
        "movement_dim": 512,
        "motion_hidden_dim": 1024,
        "text_hidden_dim": 512,
        "embedding_dim": 512,
        "word_dim": 300,
        "loss": "contrastive",
    },
}
"""What `official` spells out, section by section: the sizes of the released networks."""

CHECKPOINT_OF: Final[dict[str, CheckpointKind]] = {
    "rvq": "rvq",
    "masked": "masked",
    "residual": "residual",
    "length": "length",
    "evaluator": "evaluator",
}
"""Which imported weights a section takes."""


def spell_out_official(layer: Given) -> Given:
    """Return a recipe, an arm or `--set` with official sections written out.

    `SECTION: official` and `SECTION: {weights: official}` mean the same; what else a section says
    of itself wins.
    """
    return layer.with_keys(dict(_spelled_out(layer))) if layer.is_section else layer


def _spelled_out(layer: Given) -> Iterator[tuple[str, Given]]:
    for section, meaning in OFFICIAL.items():
        item = layer.get(section)
        if item is None:
            continue
        weights = item.get("weights") if item.is_section else item
        if weights is not None and weights.value == OFFICIAL_WORD:
            spelled = given(meaning, weights.origin)
            yield section, spelled.with_keys(item.value) if item.is_section else spelled
