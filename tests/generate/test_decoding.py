import itertools

import numpy as np
import pytest
import torch
from torch import Tensor

from audiomotion.config.experiment import (
    MaskedConfig,
    MaskedSamplingConfig,
    ResidualConfig,
    ResidualSamplingConfig,
)
from audiomotion.generate.decoding import (
    base_decoding_steps,
    decode_base_tokens,
    decode_residual_tokens,
    edit_base_tokens,
    num_masked,
)
from audiomotion.models.condition import Condition
from audiomotion.models.masked_transformer import MaskedTransformer
from audiomotion.models.residual_transformer import ResidualTransformer
from tests.golden import load_golden
from tests.models.published_models import (
    SMALL_TRANSFORMER,
    published_masked,
    published_residual,
)

BASE, RESIDUAL = MaskedSamplingConfig(), ResidualSamplingConfig()


def conditions(golden: dict[str, np.ndarray]) -> Condition:
    return Condition.of_vectors(torch.from_numpy(golden["conds"]))


@pytest.mark.parametrize("num_layers", [6, 8])
@torch.no_grad()
def test_greedy_base_decoding_equals_the_published_trace(num_layers: int) -> None:
    golden = load_golden(f"mask_transformer_trace_{num_layers}layers")
    lengths = torch.from_numpy(golden["lens"])
    valid = torch.arange(49) < lengths[:, None]
    steps = list(
        base_decoding_steps(published_masked(num_layers), conditions(golden), lengths, BASE)
    )
    assert len(steps) == int(golden["timesteps"]) and BASE.guidance_scale == golden["cond_scale"]
    for index, step in enumerate(steps):
        for actual, name in [(step.tokens_in, "ids_in"), (step.predicted, "pred_ids")]:
            expected = torch.from_numpy(golden[name][index]).long()
            assert actual[valid].equal(expected[valid]), (index, name)
        counts = (step.tokens_in == 512).sum(dim=1)
        assert counts.equal(torch.from_numpy(golden["num_masked"][index]))
        scores = torch.from_numpy(golden["scores"][index])
        torch.testing.assert_close(step.confidence[valid], scores[valid], rtol=2e-4, atol=1e-6)
    assert steps[-1].tokens.equal(torch.from_numpy(golden["final_ids"]).long())


@pytest.mark.parametrize("num_layers", [6, 8])
def test_greedy_residual_decoding_equals_the_published_trace(num_layers: int) -> None:
    golden = load_golden(f"residual_transformer_trace_{num_layers}layers")
    valid = torch.arange(49) < torch.from_numpy(golden["lens"])[:, None]
    base = torch.from_numpy(golden["base_ids"]).long().masked_fill(~valid, -1)
    model = published_residual(num_layers)
    tokens = decode_residual_tokens(model, base, conditions(golden), RESIDUAL)
    assert RESIDUAL.guidance_scale == golden["cond_scale"]
    assert tokens.equal(torch.from_numpy(golden["all_indices"]).long())
    likeliest = torch.from_numpy(golden["argmax_per_layer"]).long().movedim(0, 2)
    assert tokens[..., 1:][valid].equal(likeliest[valid])


def small_models() -> tuple[MaskedTransformer, ResidualTransformer]:
    torch.manual_seed(0)
    masked = MaskedTransformer(MaskedConfig(**SMALL_TRANSFORMER), 20, 8).eval()
    residual = ResidualTransformer(ResidualConfig(**SMALL_TRANSFORMER), 20, 3, 8).eval()
    with torch.no_grad():
        for parameter in [*masked.parameters(), *residual.parameters()]:
            parameter.add_(torch.randn_like(parameter) * 0.1)
    return masked, residual


def generate(condition: Condition, lengths: Tensor, seeds: Tensor | None) -> Tensor:
    masked, residual = small_models()
    base = decode_base_tokens(masked, condition, lengths, BASE, seeds)
    return decode_residual_tokens(residual, base, condition, RESIDUAL, seeds)


@pytest.mark.parametrize("seeded", [True, False])
def test_a_sample_does_not_depend_on_its_batch(seeded: bool) -> None:
    lengths, seeds = torch.tensor([13, 5, 1, 9]), torch.tensor([11, 5, 0, 3])
    vectors = torch.randn(4, 8)
    tokens = generate(Condition.of_vectors(vectors), lengths, seeds if seeded else None)
    for clip, length in enumerate(lengths.tolist()):
        one = slice(clip, clip + 1)
        alone = generate(
            Condition.of_vectors(vectors[one]), lengths[one], seeds[one] if seeded else None
        )
        assert tokens[clip, :length].equal(alone[0])
        assert (tokens[clip, length:] == -1).all()
    assert (tokens[..., 0] < 20).all() and tokens.max() < 20


def test_seed_and_condition_decide_the_sample() -> None:
    lengths, vectors = torch.tensor([30, 30, 30]), torch.randn(1, 8).expand(3, 8)
    tokens = generate(Condition.of_vectors(vectors), lengths, torch.tensor([1, 2, 1]))
    assert tokens[0].equal(tokens[2])
    assert not tokens[0].equal(tokens[1])
    other = generate(Condition.of_vectors(vectors + 1), lengths, torch.tensor([1, 2, 1]))
    assert not tokens.equal(other)


def test_every_step_masks_fewer_and_keeps_what_is_known() -> None:
    masked, _ = small_models()
    lengths = torch.tensor([17, 8])
    condition = Condition.of_vectors(torch.randn(2, 8))
    with torch.no_grad():
        steps = list(base_decoding_steps(masked, condition, lengths, BASE, torch.tensor([1, 2])))
    counts = [(step.tokens_in == masked.mask_id).sum(dim=1) for step in steps]
    assert counts[0].tolist() == [17, 8] and counts[-1].tolist() == [1, 1]
    for earlier, later in itertools.pairwise(steps):
        known = later.tokens_in != masked.mask_id
        assert later.tokens_in[known].equal(
            torch.where(earlier.tokens >= 0, earlier.tokens, later.tokens_in)[known]
        )
        known_before = earlier.tokens_in != masked.mask_id
        assert later.tokens[known_before].equal(earlier.tokens[known_before])


def edited(edit_mask: Tensor, seeds: Tensor | None) -> tuple[Tensor, Tensor]:
    """Return tokens of clips of 13, 8 and 5 tokens, padded to 15, before and after an edit."""
    masked, _ = small_models()
    tokens = torch.randint(20, (3, 15), generator=torch.Generator().manual_seed(3))
    tokens[torch.arange(15) >= torch.tensor([[13], [8], [5]])] = -1
    condition = Condition.of_vectors(torch.ones(3, 8))
    return tokens, edit_base_tokens(masked, condition, tokens, edit_mask, BASE, seeds)


@pytest.mark.parametrize("seeds", [None, torch.tensor([4, 5, 6])])
def test_an_edit_changes_tokens_inside_its_mask_alone(seeds: Tensor | None) -> None:
    edit_mask = torch.zeros(3, 15, dtype=torch.bool)
    edit_mask[0, 4:9] = edit_mask[1, 6:] = True
    before, after = edited(edit_mask, seeds)
    kept = ~edit_mask | (before < 0)
    assert after[kept].equal(before[kept])
    assert ((after >= 0) == (before >= 0)).all() and (after < 20).all()
    assert not after[0].equal(before[0]) and not after[1].equal(before[1])


def test_an_edit_of_nothing_returns_its_input() -> None:
    before, after = edited(torch.zeros(3, 15, dtype=torch.bool), torch.tensor([4, 5, 6]))
    assert after.equal(before)


@pytest.mark.parametrize("seeds", [None, torch.tensor([4, 5, 6])])
def test_an_edit_of_everything_is_a_generation(seeds: Tensor | None) -> None:
    _, after = edited(torch.ones(3, 15, dtype=torch.bool), seeds)
    masked, _ = small_models()
    condition, lengths = Condition.of_vectors(torch.ones(3, 8)), torch.tensor([13, 8, 5])
    generated = decode_base_tokens(masked, condition, lengths, BASE, seeds)
    assert after[:, :13].equal(generated)
    assert (after[:, 13:] == -1).all()


@torch.no_grad()
def test_an_edit_sees_what_is_kept_and_masks_shares_of_the_rest() -> None:
    masked, _ = small_models()
    known = torch.randint(20, (2, 20))
    known[0, 3:13] = known[1, 19:] = -1
    condition, lengths = Condition.of_vectors(torch.randn(2, 8)), torch.tensor([20, 20])
    steps = list(base_decoding_steps(masked, condition, lengths, BASE, None, known))
    counts = torch.stack([(step.tokens_in == masked.mask_id).sum(dim=1) for step in steps])
    expected = torch.stack([num_masked(time, torch.tensor([10, 1]))
                            for time in torch.linspace(0, 1, 10)])  # fmt: skip
    assert counts.equal(expected.long())
    given = known >= 0
    assert all(step.tokens_in[given].equal(known[given]) for step in steps)


def test_one_iteration_predicts_everything_at_once() -> None:
    masked, _ = small_models()
    condition = Condition.of_vectors(torch.randn(1, 8))
    sampling = MaskedSamplingConfig(iterations=1)
    tokens = decode_base_tokens(masked, condition, torch.tensor([6]), sampling)
    assert ((tokens >= 0) & (tokens < 20)).all()


def test_the_class_pad_never_comes_out_as_a_code() -> None:
    _, residual = small_models()
    with torch.no_grad():
        residual.output_proj_weight_.zero_()
        residual.embed_proj_shared_weight[:, 20] = 1e3 * torch.sign(
            residual.embed_proj_shared_weight[:, 20]
        )
    base = torch.randint(20, (8, 12))
    condition = Condition.of_vectors(torch.randn(8, 8))
    tokens = decode_residual_tokens(residual, base, condition, RESIDUAL, torch.arange(8))
    assert (tokens[..., 1] == -1).any()
    assert tokens.min() == -1 and tokens.max() < 20
