from collections import Counter

import numpy as np
import pytest
import torch

from audiomotion.data.ragged import Ragged, write_ragged
from audiomotion.train.pairs import TrainingPairs

INSTRUCTIONS_OF = {0: [0, 1, 2], 1: [3], 3: [4, 5]}


@pytest.fixture
def pairs(tmp_path):
    """Return clips 0, 1 and 3 of four; the features of instruction u are all u."""
    features = [np.full((2 + instruction, 3), instruction) for instruction in range(6)]
    write_ragged(tmp_path, "features", features, np.float16)
    tokens = [np.full((4 + clip, 2), clip, np.int16) for clip in range(4)]
    return TrainingPairs(
        tokens, Ragged.open(tmp_path, "features"), INSTRUCTIONS_OF, [0, 1, 2, 3], 2, seed=5
    )


def test_a_clip_without_instructions_is_left_out(pairs):
    assert pairs.clips == [0, 1, 3]
    assert len(pairs) == 3


def test_tokens_and_features_are_of_the_same_clip(pairs):
    for step in range(20):
        stored = pairs.batch(step)
        assert stored.features.dtype == torch.float16
        batch = stored.to("cpu")
        assert torch.equal(batch.features, stored.features.float())
        assert batch.tokens.dtype == torch.int64
        assert batch.features.dtype == torch.float32
        for row in range(2):
            clip = int(batch.tokens[row, 0, 0])
            instruction = int(batch.features[row, 0, 0])
            assert instruction in INSTRUCTIONS_OF[clip]
            assert batch.token_mask[row].sum() == 4 + clip
            assert batch.feature_mask[row].sum() == 2 + instruction
            assert (batch.tokens[row][~batch.token_mask[row]] == -1).all()
            assert (batch.features[row][~batch.feature_mask[row]] == 0).all()


def test_every_instruction_comes_up(pairs):
    seen = Counter(int(row[0, 0]) for step in range(60) for row in pairs.batch(step).features)
    assert set(seen) == {0, 1, 2, 3, 4, 5}


def test_a_step_is_always_the_same_batch(pairs):
    first, again, other = pairs.batch(3), pairs.batch(3), pairs.batch(4)
    assert torch.equal(first.features, again.features)
    assert torch.equal(first.tokens, again.tokens)
    assert first.features.shape != other.features.shape or not torch.equal(
        first.features, other.features
    )


def test_a_batch_moves_whole(pairs):
    batch = pairs.batch(0).to("meta")
    tensors = (batch.tokens, batch.token_mask, batch.features, batch.feature_mask)
    assert all(tensor.is_meta for tensor in tensors)
