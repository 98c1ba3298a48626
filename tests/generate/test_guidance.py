import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from audiomotion.generate.guidance import guide, guided_logits
from audiomotion.models.condition import Condition


def test_scale_one_returns_the_conditional_logits_exactly() -> None:
    conditional = torch.randn(3, 4, 5)
    assert guide(conditional, torch.randn(3, 4, 5), 1.0).equal(conditional)


@settings(max_examples=30, deadline=None)
@given(scale=st.floats(0, 10))
def test_scale_is_one_more_than_the_paper_s(scale: float) -> None:
    conditional, unconditional = torch.randn(2, 3).double(), torch.randn(2, 3).double()
    s = scale - 1
    paper = (1 + s) * conditional - s * unconditional
    torch.testing.assert_close(guide(conditional, unconditional, scale), paper)


def test_both_passes_are_one_batch_and_scale_one_needs_no_second() -> None:
    sizes = []

    def predict(tokens: Tensor, condition: Condition, valid_mask: Tensor) -> Tensor:
        sizes.append(len(tokens))
        assert len(tokens) == len(condition) == len(valid_mask)
        return condition.tokens + tokens[..., None]

    tokens, valid = torch.zeros(2, 1).long(), torch.ones(2, 1, dtype=torch.bool)
    condition = Condition.of_vectors(torch.ones(2, 3))
    assert guided_logits(predict, tokens, condition, valid, 1).equal(condition.tokens)
    assert guided_logits(predict, tokens, condition, valid, 4).equal(4 * condition.tokens)
    assert sizes == [2, 4]
