"""Toy clips whose motion shows what their captions say, and an evaluator for them."""

import itertools
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch

from audiomotion.config.experiment import EvaluatorConfig
from audiomotion.data.captions import Vocabulary, encode, tag_caption
from audiomotion.data.statistics import Statistics
from audiomotion.evaluate.embedding import FrozenEvaluator
from audiomotion.evaluate.protocol import TestItem
from audiomotion.models.evaluator import MotionTextEvaluator, pos_one_hot
from audiomotion.train.evaluator_loss import evaluator_loss, matching_pairs

FEATURE_DIM = 16
ACTIONS = ("walks", "runs", "jumps", "kicks", "waves", "bows")
SIDES = ("left", "right")
MANNERS = ("slowly", "quickly", "proudly")
MEANINGS = tuple(itertools.product(ACTIONS, SIDES, MANNERS))
MEAN, STD = np.full(FEATURE_DIM, 2.0, np.float32), np.full(FEATURE_DIM, 0.5, np.float32)


@dataclass(frozen=True)
class ToyClip:
    meaning: int
    features: np.ndarray
    captions: tuple[str, ...]


def make_clip(meaning: int, rng: np.random.Generator) -> ToyClip:
    action, side, manner = MEANINGS[meaning]
    num_frames = int(rng.integers(16, 33))
    time = np.arange(num_frames)[:, None]
    motion = 0.2 * rng.standard_normal((num_frames, FEATURE_DIM))
    motion[:, ACTIONS.index(action)] += 1
    motion[:, 6] += 1 if side == "left" else -1
    motion[:, 7:9] += np.sin((0.2, 0.8, 1.4)[MANNERS.index(manner)] * time + rng.uniform(0, 6))
    features = (motion * STD + MEAN).astype(np.float32)
    texts = (
        f"a person {action} to the {side} {manner}",
        f"someone {manner} {action} to their {side}",
    )
    return ToyClip(meaning, features, texts)


def make_clips(num_clips: int, seed: int) -> list[ToyClip]:
    rng = np.random.default_rng(seed)
    return [make_clip(i % len(MEANINGS), rng) for i in range(num_clips)]


def make_items(clips: list[ToyClip]) -> list[TestItem]:
    return [
        TestItem(f"clip{i:03}", i, len(clip.features), j, 2 * i + j, tag_caption(text), text)
        for i, clip in enumerate(clips)
        for j, text in enumerate(clip.captions)
    ]


@cache
def vocabulary() -> Vocabulary:
    return Vocabulary.build(
        tag_caption(text) for clip in make_clips(36, 0) for text in clip.captions
    )


def new_evaluator(loss: str = "contrastive", dim: int = 32) -> FrozenEvaluator:
    torch.manual_seed(0)
    config = EvaluatorConfig(
        movement_dim=dim, motion_hidden_dim=dim, text_hidden_dim=dim, embedding_dim=dim,
        word_dim=dim, loss=loss,
    )  # fmt: skip
    model = MotionTextEvaluator(config, FEATURE_DIM, len(vocabulary()))
    return FrozenEvaluator(model, vocabulary(), Statistics(MEAN, STD))


def train(evaluator: FrozenEvaluator, num_steps: int) -> None:
    """Train on the toy clips as the package does: pairs, margin or InfoNCE, AdamW."""
    clips, model = make_clips(144, 1), evaluator.model
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    rng = np.random.default_rng(2)
    for _ in range(num_steps):
        batch = [clips[i] for i in rng.choice(len(clips), 32, replace=False)]
        encoded = [
            encode(tag_caption(clip.captions[rng.integers(2)]), vocabulary()) for clip in batch
        ]
        text = model.embed_text(
            torch.from_numpy(np.stack([caption.word_ids for caption in encoded])),
            pos_one_hot(torch.from_numpy(np.stack([caption.pos_classes for caption in encoded]))),
            torch.tensor([caption.length for caption in encoded]),
        )
        motion = [torch.from_numpy((clip.features - MEAN) / STD) for clip in batch]
        lengths = torch.tensor([len(clip) for clip in motion])
        padded = torch.nn.utils.rnn.pad_sequence(motion, batch_first=True)
        matches = matching_pairs(torch.tensor([clip.meaning for clip in batch]))
        loss, _ = evaluator_loss(text, model.embed_motion(padded, lengths), matches, model.config)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        optimizer.step()
    model.eval()
