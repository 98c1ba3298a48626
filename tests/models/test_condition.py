import torch

from audiomotion.models.condition import Condition


def test_vectors_become_one_token_each() -> None:
    condition = Condition.of_vectors(torch.randn(3, 5))
    assert condition.tokens.shape == (3, 1, 5)
    assert condition.valid_mask.all() and len(condition) == 3


def test_null_condition_is_zero_and_keeps_its_mask() -> None:
    condition = Condition(torch.randn(2, 3, 4), torch.tensor([[True] * 3, [True, False, False]]))
    assert (condition.null().tokens == 0).all()
    assert condition.null().valid_mask is condition.valid_mask


def test_concatenating_and_indexing_undo_each_other() -> None:
    condition = Condition(torch.randn(4, 2, 3), torch.rand(4, 2) > 0.5)
    joined = Condition.concatenate([condition[:1], condition[1:]])
    assert joined.tokens.equal(condition.tokens)
    assert joined.valid_mask.equal(condition.valid_mask)
