import pytest
import torch
from torch import Tensor

from audiomotion.config.experiment import ResidualConfig
from audiomotion.errors import ModelError
from audiomotion.generate.guidance import guided_logits
from audiomotion.models.condition import Condition
from audiomotion.models.published import load_published
from audiomotion.models.residual_transformer import ResidualTransformer, draw_layer
from audiomotion.models.transformer import token_loss
from tests.golden import filled_state_dict, load_golden
from tests.models.published_models import (
    SMALL_TRANSFORMER,
    golden_inputs,
    published_residual,
    same_logits,
)

ATOL = 2e-3
SMALL = ResidualConfig(**SMALL_TRANSFORMER)


@pytest.mark.parametrize("num_layers", [6, 8])
@torch.no_grad()
def test_logits_equal_the_published_ones(num_layers: int) -> None:
    golden = load_golden(f"residual_transformer_logits_{num_layers}layers")
    model = published_residual(num_layers)
    tokens, condition, valid = golden_inputs(golden)
    for layer in (1, 4):

        def predict(known: Tensor, given: Condition, mask: Tensor, layer: int = layer) -> Tensor:
            logits: Tensor = model(known, layer, given, mask)
            return logits

        guided = guided_logits(predict, tokens, condition, valid, 5)
        same_logits(guided[..., ::8], golden[f"q{layer}_logits_cfg5_every8"], valid, ATOL)
        if num_layers == 8:
            conditional = model(tokens, layer, condition, valid)[..., ::8]
            same_logits(conditional, golden[f"q{layer}_logits_cond_every8"], valid, ATOL)
            history = model.history(tokens, torch.full((3,), layer), valid)[..., :8]
            expected = torch.from_numpy(golden[f"q{layer}_history_first8"])
            torch.testing.assert_close(history, expected, rtol=0, atol=1e-5)


@torch.no_grad()
def test_logits_without_shared_weights_equal_the_published_ones() -> None:
    golden = load_golden("residual_transformer_noshare_logits")
    valid = torch.arange(11) < torch.from_numpy(golden["lens_used"])[:, None]
    model = ResidualTransformer(
        ResidualConfig(num_layers=8, share_weights=False), 512, 6, 512
    ).eval()
    load_published(model, filled_state_dict("residual_transformer_noshare_weight"))
    logits = model.predict(
        torch.from_numpy(golden["history"]),
        torch.full((3,), int(golden["q"])),
        Condition.of_vectors(torch.from_numpy(golden["conds"])),
        valid,
    )
    same_logits(logits[..., ::8], golden["logits_every8"], valid, ATOL)


@torch.no_grad()
def test_training_loss_equals_the_published_one() -> None:
    golden, model = load_golden("residual_transformer_train_loss"), published_residual(8)
    tokens, condition, valid = golden_inputs(golden)
    layers = draw_layer(torch.from_numpy(golden["uniform"]), 6)
    assert layers.equal(torch.from_numpy(golden["active_layers"]))
    history = model.history(tokens, layers, valid)[..., :8]
    torch.testing.assert_close(
        history, torch.from_numpy(golden["history_sum_first8"]), rtol=0, atol=1e-5
    )
    loss, terms = model.loss_of(layers, tokens, condition, valid)
    assert float(loss) == pytest.approx(float(golden["loss"]), abs=1e-4)
    assert float(terms["accuracy"]) == pytest.approx(float(golden["acc"]))
    labels, expected = (torch.from_numpy(golden[name]).long() for name in ("labels", "pred_ids"))
    targets = tokens.take_along_dim(layers[:, None, None], dim=2).squeeze(2)
    assert targets.masked_fill(~valid, model.pad_id).equal(labels)
    predicted = model(tokens, layers, condition, valid).argmax(dim=-1)
    assert predicted[valid].equal(expected[valid])


def test_layers_are_drawn_as_published() -> None:
    golden = load_golden("sampling_pieces")
    layers = draw_layer(torch.from_numpy(golden["q_uniform"]), 6)
    assert layers.equal(torch.from_numpy(golden["q_layer"]))
    assert (draw_layer(torch.rand(50), 2) == 1).all()


def small(**changes: object) -> ResidualTransformer:
    torch.manual_seed(0)
    return ResidualTransformer(SMALL.model_copy(update=changes), 10, 4, 8).eval()


def batch() -> tuple[Tensor, Condition, Tensor]:
    torch.manual_seed(1)
    valid = torch.arange(9) < torch.tensor([[9], [4], [6]])
    return torch.randint(10, (3, 9, 4)), Condition.of_vectors(torch.randn(3, 8)), valid


@pytest.mark.parametrize("share_weights", [True, False])
@torch.no_grad()
def test_only_coarser_layers_and_real_tokens_are_read(share_weights: bool) -> None:
    model = small(share_weights=share_weights)
    tokens, condition, valid = batch()
    layers = torch.tensor([1, 2, 3])
    other = tokens.clone()
    for clip, layer in enumerate(layers):
        other[clip, :, layer:] = -1
    other[~valid] = -1
    logits, others = (model(x, layers, condition, valid) for x in (tokens, other))
    torch.testing.assert_close(logits[valid], others[valid])
    for clip, layer in enumerate(layers.tolist()):
        n = int(valid[clip].sum())
        alone = model(
            tokens[clip : clip + 1, :n],
            layer,
            condition[clip : clip + 1],
            valid[clip : clip + 1, :n],
        )
        torch.testing.assert_close(logits[clip : clip + 1, :n], alone)


@pytest.mark.parametrize("share_weights", [True, False])
def test_every_weight_of_an_active_layer_learns(share_weights: bool) -> None:
    model = small(share_weights=share_weights).train()
    tokens, condition, valid = batch()
    loss, _ = model.loss_of(torch.tensor([1, 2, 3]), tokens, condition, valid)
    loss.backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name


def test_tokens_without_a_code_are_no_target() -> None:
    model, (tokens, condition, valid) = small(), batch()
    layers = torch.tensor([1, 1, 1])
    logits, first = model(tokens, 1, condition, valid), torch.arange(9).expand(3, 9) < 3
    expected, _ = token_loss(logits, tokens[..., 1], first)
    tokens[:, 3:, 1] = -1
    loss, _ = model.loss_of(layers, tokens, condition, valid)
    torch.testing.assert_close(loss, expected)


def test_one_quantizer_needs_no_residual_transformer() -> None:
    with pytest.raises(ModelError, match="at least 2 quantizers, not 1"):
        ResidualTransformer(SMALL, 10, 1, 8)


@torch.no_grad()
@pytest.mark.parametrize("share_weights", [True, False])
def test_one_layer_for_all_clips_is_that_layer_for_each(share_weights: bool) -> None:
    config = ResidualConfig(num_layers=1, latent_dim=12, share_weights=share_weights)
    model = ResidualTransformer(config, 16, 4, 8).eval()
    tokens, valid = torch.randint(16, (3, 5, 4)), torch.arange(5) < torch.tensor([[5], [2], [4]])
    condition = Condition.of_vectors(torch.randn(3, 8))
    for layer in (1, 2, 3):
        together = model(tokens, layer, condition, valid)
        assert together.equal(model(tokens, torch.full((3,), layer), condition, valid))


@torch.no_grad()
def test_one_layer_for_all_clips_needs_no_value_back_from_a_gpu() -> None:
    """Tensors without values: whatever would wait for one raises."""
    with torch.device("meta"):
        model = ResidualTransformer(ResidualConfig(num_layers=1), 16, 4, 8).eval()
        condition = Condition.of_vectors(torch.zeros(3, 8))
        history, valid = torch.zeros(3, 5, 512), torch.ones(3, 5, dtype=torch.bool)
        layers = torch.full((3,), 2)
    assert model.predict(history, 2, condition, valid).shape == (3, 5, 17)
    with pytest.raises(NotImplementedError):
        model.predict(history, layers, condition, valid)


@pytest.mark.parametrize("share_weights", [True, False])
@torch.no_grad()
def test_one_layer_for_all_clips_gives_the_same_bytes_as_a_layer_a_clip(
    share_weights: bool,
) -> None:
    torch.manual_seed(0)
    config = SMALL.model_copy(update={"share_weights": share_weights})
    model = ResidualTransformer(config, 32, 4, 16).eval()
    tokens = torch.randint(-1, 32, (3, 7, 4))
    valid = torch.arange(7) < torch.tensor([7, 1, 4])[:, None]
    for layer in (1, 2, 3):
        joined = model.history(tokens, torch.full((3,), layer), valid)
        assert model.history_of_all(tokens, layer, valid).equal(joined)
        assert model._output_table(layer).equal(model.output_tables()[layer - 1])
