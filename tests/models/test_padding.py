import numpy as np
import pytest
import torch

from audiomotion.models.padding import pad, pad_as_stored


def test_padding_fills_the_end_and_the_mask_says_where():
    padded, mask = pad([np.array([[1.0, 2.0]]), np.zeros((0, 2)), np.ones((3, 2))], value=9)
    assert padded.dtype == torch.float32
    assert padded.shape == (3, 3, 2)
    assert padded[0].tolist() == [[1, 2], [9, 9], [9, 9]]
    assert mask.tolist() == [[True, False, False], [False] * 3, [True] * 3]


def test_tokens_stay_whole_numbers():
    padded, _ = pad([np.array([3, 4], np.int16), np.array([5], np.int16)], value=-1)
    assert padded.dtype == torch.int64
    assert padded.tolist() == [[3, 4], [5, -1]]


def test_arrays_of_different_widths_are_our_mistake():
    with pytest.raises(ValueError, match="broadcast"):
        pad([np.ones((2, 3)), np.ones((2, 4))])


def test_half_precision_may_stay_as_it_is():
    arrays = [np.array([[1.5, 2.5]], np.float16), np.ones((3, 2), np.float16)]
    (stored, mask), (widened, same_mask) = pad_as_stored(arrays), pad(arrays)
    assert stored.dtype == torch.float16
    assert torch.equal(stored.float(), widened)
    assert torch.equal(mask, same_mask)
