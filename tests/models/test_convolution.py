import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from audiomotion.config.experiment import RvqConfig
from audiomotion.models.convolution import MaskedConv1d, ResidualStack


@settings(max_examples=30, deadline=None)
@given(
    length=st.integers(4, 20),
    padding=st.integers(0, 20),
    shape=st.sampled_from([(3, 1, 1, 1), (3, 1, 9, 9), (4, 2, 1, 1)]),
)
@torch.no_grad()
def test_a_masked_convolution_sees_what_the_clip_alone_would(
    length: int, padding: int, shape: tuple[int, int, int, int]
) -> None:
    kernel, stride, dilation, zeros = shape
    conv = MaskedConv1d(2, 3, kernel, stride, padding=zeros, dilation=dilation)
    x = torch.randn(1, 2, length + padding)
    mask = (torch.arange(length + padding) < length).float()[None, None]
    alone = conv(x[..., :length])
    together = conv(x, mask)
    torch.testing.assert_close(together[..., : alone.shape[-1]], alone)


def test_the_widest_dilation_comes_first() -> None:
    stack = ResidualStack(RvqConfig(width=4))
    assert [block.conv1.dilation for block in stack.model] == [(9,), (3,), (1,)]


@torch.no_grad()
def test_a_block_without_weights_passes_its_input_on() -> None:
    stack = ResidualStack(RvqConfig(width=4)).eval()
    for parameter in stack.parameters():
        parameter.zero_()
    x = torch.randn(2, 4, 10)
    assert stack(x, None).equal(x)


@pytest.mark.parametrize("length", [1, 3, 8])
@torch.no_grad()
def test_a_stack_keeps_the_length(length: int) -> None:
    assert ResidualStack(RvqConfig(width=4))(torch.randn(1, 4, length), None).shape[-1] == length
