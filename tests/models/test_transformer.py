import math

import pytest
import torch

from audiomotion.errors import ModelError
from audiomotion.models.transformer import (
    SinusoidalPositions,
    build_encoder,
    encode_front,
    initialise,
    token_loss,
)
from tests.golden import load_golden


def test_positions_are_sines_and_cosines_in_turn() -> None:
    table = SinusoidalPositions(4)(torch.zeros(1, 3, 4))[0]
    expected = [math.sin(2), math.cos(2), math.sin(0.02), math.cos(0.02)]
    assert table[2].tolist() == pytest.approx(expected, abs=1e-6)
    assert table[0].tolist() == [0, 1, 0, 1]


def test_an_odd_width_drops_the_last_cosine() -> None:
    odd, even = SinusoidalPositions(5), SinusoidalPositions(6)
    assert odd(torch.zeros(1, 7, 5)).shape == (1, 7, 5)
    assert odd.pe[:, :2].equal(even.pe[:, :2])


def test_more_positions_than_there_are_raise_a_sentence() -> None:
    with pytest.raises(ModelError, match="11 is longer than the 10 positions"):
        SinusoidalPositions(4, max_length=10)(torch.zeros(1, 11, 4))


def test_layers_start_from_different_weights_after_initialising() -> None:
    encoder = build_encoder(8, 2, 2, 16, 0.0)
    initialise(encoder)
    first, second = (layer.self_attn.in_proj_weight for layer in encoder.layers)
    assert not first.equal(second)


@pytest.mark.parametrize("norm_first", [False, True])
@pytest.mark.parametrize("num_layers", [1, 3])
@torch.no_grad()
def test_encoding_the_front_alone_gives_the_numbers_of_encoding_everything(
    num_layers: int, norm_first: bool
) -> None:
    torch.manual_seed(0)
    encoder = build_encoder(8, num_layers, 2, 16, 0.1, norm_first=norm_first).eval()
    x, valid = torch.randn(3, 9, 8), torch.arange(9) < torch.tensor([[9], [5], [2]])
    everything = encoder(x, src_key_padding_mask=~valid)
    torch.testing.assert_close(encode_front(encoder, x, valid, 2), everything[:, :2])


def test_loss_and_accuracy_count_only_the_counted_positions() -> None:
    logits = torch.tensor([[[0.0, 0.0], [9.0, 0.0], [0.0, 5.0]]])
    counted = torch.tensor([[True, False, True]])
    loss, terms = token_loss(logits, torch.tensor([[0, 1, 1]]), counted)
    assert float(loss) == pytest.approx((math.log(2) + math.log(1 + math.exp(-5))) / 2)
    assert float(terms["accuracy"]) == 1.0


def test_loss_and_accuracy_equal_the_published_ones() -> None:
    golden = load_golden("sampling_pieces")
    logits = torch.from_numpy(golden["ce_logits"]).transpose(1, 2)
    labels = torch.from_numpy(golden["ce_labels"])
    loss, terms = token_loss(logits, labels, labels != 5)
    assert float(loss) == pytest.approx(float(golden["ce_loss"]), abs=1e-6)
    assert float(terms["accuracy"]) == pytest.approx(float(golden["ce_acc"]))
