import pytest
import torch

from audiomotion.config.experiment import MaskedConfig
from audiomotion.errors import ModelError
from audiomotion.generate.guidance import guided_logits
from audiomotion.models.condition import Condition
from audiomotion.models.masked_transformer import MaskedTransformer
from tests.golden import load_golden
from tests.models.published_models import (
    SMALL_TRANSFORMER,
    golden_draws,
    golden_inputs,
    published_masked,
    same_logits,
)

ATOL = 2e-4
SMALL = MaskedConfig(**SMALL_TRANSFORMER)


@torch.no_grad()
def test_logits_of_8_layers_equal_the_published_ones() -> None:
    golden, model = load_golden("mask_transformer_logits_8layers"), published_masked(8)
    tokens, condition, valid = golden_inputs(golden)
    conditional = model(tokens, condition, valid)
    same_logits(conditional[..., ::8], golden["logits_cond_every8"], valid, ATOL)
    same_logits(conditional[2:, :11], golden["logits_cond_seq2_full"][None], valid[2:, :11], ATOL)
    unconditional = model(tokens, condition.null(), valid)
    same_logits(unconditional[..., ::8], golden["logits_uncond_every8"], valid, ATOL)
    guided = guided_logits(model, tokens, condition, valid, 4)
    same_logits(guided[..., ::8], golden["logits_cfg4_every8"], valid, ATOL)
    expected = torch.from_numpy(golden["logits_cfg4_argmax"]).long()
    assert guided.argmax(dim=-1)[valid].equal(expected[valid])
    sums = torch.from_numpy(golden["logits_cfg4_logsumexp"])
    torch.testing.assert_close(guided.logsumexp(dim=-1)[valid], sums[valid], rtol=0, atol=2e-4)


@torch.no_grad()
def test_logits_of_6_layers_equal_the_published_ones() -> None:
    golden = load_golden("mask_transformer_logits_6layers")
    tokens, condition, valid = golden_inputs(golden)
    guided = guided_logits(published_masked(6), tokens, condition, valid, 4)
    same_logits(guided[..., ::8], golden["logits_cfg4_every8"], valid, ATOL)
    expected = torch.from_numpy(golden["logits_cfg4_argmax"]).long()
    assert guided.argmax(dim=-1)[valid].equal(expected[valid])


@torch.no_grad()
def test_training_loss_equals_the_published_one() -> None:
    golden = load_golden("mask_transformer_train_loss")
    tokens, condition, valid = golden_inputs(golden)
    model = published_masked(8)
    loss, terms = model.loss_of(golden_draws(golden), tokens, condition, valid)
    assert float(loss) == pytest.approx(float(golden["loss"]), abs=1e-4)
    assert float(terms["accuracy"]) == pytest.approx(float(golden["acc"]))
    seen, expected = (torch.from_numpy(golden[name]).long() for name in ("x_ids", "pred_ids"))
    predicted = model(seen, condition, valid).argmax(dim=-1)
    assert predicted[valid].equal(expected[valid])


def test_heads_must_divide_the_width() -> None:
    with pytest.raises(ModelError, match="5 heads do not divide a width of 24"):
        MaskedTransformer(SMALL.model_copy(update={"num_heads": 5}), 10, 8)


@torch.no_grad()
def test_logits_do_not_depend_on_padding_of_tokens_or_condition() -> None:
    torch.manual_seed(0)
    model = MaskedTransformer(SMALL, 10, 8).eval()
    tokens, valid = torch.randint(10, (2, 9)), torch.arange(9) < torch.tensor([[9], [4]])
    condition = Condition(torch.randn(2, 3, 8), torch.tensor([[True] * 3, [True, False, False]]))
    logits = model(tokens, condition, valid)
    alone = model(tokens[1:, :4], Condition(condition.tokens[1:, :1], valid[1:, :1]), valid[1:, :4])
    torch.testing.assert_close(logits[1:, :4], alone)


@torch.no_grad()
def test_several_condition_tokens_are_a_set() -> None:
    torch.manual_seed(0)
    model = MaskedTransformer(SMALL, 10, 8).eval()
    tokens, valid = torch.randint(10, (1, 5)), torch.ones(1, 5, dtype=torch.bool)
    several = Condition(torch.randn(1, 4, 8), torch.ones(1, 4, dtype=torch.bool))
    turned = Condition(several.tokens.flip(1), several.valid_mask)
    torch.testing.assert_close(model(tokens, several, valid), model(tokens, turned, valid))


def test_condition_is_dropped_in_training_only_and_for_single_clips() -> None:
    torch.manual_seed(0)
    condition = Condition.of_vectors(torch.ones(4000, 2))
    kept = condition.drop(0.2).tokens[:, 0]
    assert abs(kept.mean() - 0.8) < 0.03
    assert (kept[:, 0] == kept[:, 1]).all()
    assert condition.drop(0.0).tokens.equal(condition.tokens)
    assert (condition.drop(1.0).tokens == 0).all()
    model = MaskedTransformer(SMALL.model_copy(update={"condition_drop_prob": 1.0}), 10, 2)
    tokens, valid = torch.randint(10, (4, 5)), torch.ones(4, 5, dtype=torch.bool)
    torch.manual_seed(1)
    dropped, _ = model.train().training_loss(tokens, condition[:4], valid)
    torch.manual_seed(1)
    unconditional, _ = model.training_loss(tokens, condition[:4].null(), valid)
    assert dropped.equal(unconditional)
    torch.manual_seed(1)
    conditional, _ = model.eval().training_loss(tokens, condition[:4], valid)
    assert not conditional.equal(dropped)


def test_a_batch_without_masked_tokens_has_loss_zero() -> None:
    model = MaskedTransformer(SMALL, 10, 2)
    tokens, valid = torch.zeros(1, 5).long(), torch.zeros(1, 5, dtype=torch.bool)
    loss, _ = model.training_loss(tokens, Condition.of_vectors(torch.zeros(1, 2)), valid)
    assert float(loss.detach()) == 0


def test_eight_sequences_are_learned() -> None:
    torch.manual_seed(0)
    config = SMALL.model_copy(update={"latent_dim": 48, "condition_drop_prob": 0.0})
    model = MaskedTransformer(config, 16, 8)
    tokens, condition = torch.randint(16, (8, 12)), Condition.of_vectors(torch.randn(8, 8))
    valid = torch.ones(8, 12, dtype=torch.bool)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(250):
        loss, terms = model.training_loss(tokens, condition, valid)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert float(loss.detach()) < 0.5
    assert float(terms["accuracy"]) > 0.9
