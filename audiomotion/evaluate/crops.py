"""The random crops in which the published evaluation sees its clips."""

from collections.abc import Sequence

import numpy as np

from audiomotion.models.evaluator import FRAMES_PER_TOKEN

_SHORTENED_SHARE = 1 / 3


def draw_crops(num_frames: Sequence[int], rng: np.random.Generator) -> list[tuple[int, int]]:
    """Return first frame and length of a crop of each clip.

    A crop is all whole tokens of its clip, one third of the crops a token less; it starts at any
    frame that leaves room for it. A clip of one token keeps that.
    """
    return [_draw_crop(frames, rng) for frames in num_frames]


def _draw_crop(num_frames: int, rng: np.random.Generator) -> tuple[int, int]:
    num_tokens = num_frames // FRAMES_PER_TOKEN - int(rng.random() < _SHORTENED_SHARE)
    length = max(1, num_tokens) * FRAMES_PER_TOKEN
    return int(rng.integers(num_frames - length + 1)), length
