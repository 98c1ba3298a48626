import math

import pytest
import torch

from audiomotion.config.experiment import EvaluatorConfig
from audiomotion.train.evaluator_loss import (
    contrastive_loss,
    evaluator_loss,
    info_nce_loss,
    matching_pairs,
)

ALONE = torch.eye(4, dtype=torch.bool)


def test_pairs_match_if_any_label_agrees():
    captions, clips = torch.tensor([7, 7, 8, 9]), torch.tensor([1, 2, 3, 3])
    matches = matching_pairs(captions, clips)
    expected = torch.eye(4, dtype=torch.bool)
    expected[0, 1] = expected[1, 0] = expected[2, 3] = expected[3, 2] = True
    assert matches.equal(expected)


def test_contrastive_loss_of_two_pairs_in_closed_form():
    # With two pairs the only shift swaps the captions.
    text, motion = torch.tensor([[0.0], [4.0]]), torch.tensor([[1.0], [4.0]])
    loss, terms = contrastive_loss(text, motion, ALONE[:2, :2], margin=5.0)
    attraction, repulsion = (1 + 0) / 2, ((5 - 3) ** 2 + (5 - 4) ** 2) / 2
    assert terms["attraction"].item() == pytest.approx(attraction, rel=1e-4)
    assert terms["repulsion"].item() == pytest.approx(repulsion, rel=1e-4)
    assert loss.item() == pytest.approx(attraction + repulsion, rel=1e-4)


def test_captions_farther_than_the_margin_are_left_alone():
    text = torch.tensor([[0.0], [100.0], [200.0], [300.0]])
    _, terms = contrastive_loss(text, text, ALONE, margin=10.0)
    assert terms["repulsion"] == 0


def test_a_caption_is_never_its_own_negative():
    text = torch.arange(4.0)[:, None] * 100
    for seed in range(50):
        torch.manual_seed(seed)
        _, terms = contrastive_loss(text, text, ALONE, margin=10.0)
        assert terms["repulsion"] == 0


def test_equal_captions_are_not_drawn_apart():
    text, motion = torch.zeros(4, 2), torch.zeros(4, 2, requires_grad=True)
    loss, terms = contrastive_loss(text, motion, torch.ones(4, 4, dtype=torch.bool), margin=10.0)
    assert terms["repulsion"] == 0
    loss.backward()
    assert motion.grad.isfinite().all()


def test_matching_pairs_are_left_out_of_the_mean():
    text, motion = torch.zeros(4, 2), torch.zeros(4, 2)
    matches = ALONE.clone()
    matches[0, 1:] = matches[1:, 0] = True
    _, terms = contrastive_loss(text, motion, matches, margin=10.0)
    assert terms["repulsion"].item() == pytest.approx(100, rel=1e-4)


def test_a_batch_of_one_has_nothing_to_repel():
    loss, terms = contrastive_loss(torch.ones(1, 2), torch.ones(1, 2), ALONE[:1, :1], margin=10.0)
    assert terms["repulsion"] == 0 and loss.item() == pytest.approx(0, abs=1e-6)


def test_the_draw_follows_the_global_generator():
    text, motion = torch.randn(4, 3), torch.randn(4, 3)
    losses = []
    for seed in (1, 1, 2, 3, 4, 5):
        torch.manual_seed(seed)
        losses.append(contrastive_loss(text, motion, ALONE, margin=10.0)[0].item())
    assert losses[0] == losses[1]
    assert len(set(losses)) > 1


def test_info_nce_of_orthogonal_pairs_in_closed_form():
    pairs = torch.eye(4) * 3
    expected = -math.log(math.exp(1 / 0.5) / (math.exp(1 / 0.5) + 3))
    assert info_nce_loss(pairs, pairs, ALONE, 0.5).item() == pytest.approx(expected, rel=1e-5)


def test_info_nce_leaves_matching_pairs_out():
    text, motion = torch.randn(4, 5), torch.randn(4, 5)
    matches = ALONE.clone()
    matches[2:, :2] = matches[:2, 2:] = True
    halves = [info_nce_loss(text[p], motion[p], ALONE[:2, :2], 0.1) for p in ([0, 1], [2, 3])]
    whole = info_nce_loss(text, motion, matches, 0.1)
    torch.testing.assert_close(whole, (halves[0] + halves[1]) / 2)


@pytest.mark.parametrize("loss", ["contrastive", "infonce"])
def test_the_configuration_chooses_the_loss(loss):
    config = EvaluatorConfig(loss=loss, margin=3.0, temperature=0.2)
    text, motion = torch.randn(4, 5, requires_grad=True), torch.randn(4, 5, requires_grad=True)
    torch.manual_seed(0)
    value, terms = evaluator_loss(text, motion, ALONE, config)
    torch.manual_seed(0)
    if loss == "contrastive":
        expected = contrastive_loss(text, motion, ALONE, 3.0)[0]
        assert set(terms) == {"attraction", "repulsion"}
    else:
        expected = info_nce_loss(text, motion, ALONE, 0.2)
        assert terms == {}
    assert value.equal(expected)
    value.backward()
    assert text.grad.isfinite().all() and motion.grad.isfinite().all()
