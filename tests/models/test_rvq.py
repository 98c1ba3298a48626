import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from audiomotion.config.experiment import RvqConfig
from audiomotion.models.published import load_published
from audiomotion.models.rvq import RvqVae
from audiomotion.models.rvq_loss import rvq_loss
from tests.golden import filled_state_dict, load_golden
from tests.models.published_models import published_rvq

SMALL = RvqConfig(num_quantizers=3, codebook_size=16, code_dim=12, width=16, num_residual_blocks=2)
FEATURES, JOINTS = 35, 4


@pytest.fixture(scope="module")
def t2m() -> RvqVae:
    return published_rvq("rvqvae_t2m")


@pytest.fixture(scope="module")
def kit() -> RvqVae:
    return published_rvq("rvqvae_kit")


def small(padding: str = "exact", **changes: object) -> RvqVae:
    torch.manual_seed(0)
    model = RvqVae(SMALL.model_copy(update={"padding": padding, **changes}), FEATURES, JOINTS)
    for codebook in model.quantizer.codebooks:
        codebook.codebook.normal_(std=0.3)
        codebook.restart_averages()
    return model.eval()


def close(actual: Tensor, expected: np.ndarray) -> None:
    """Compare within 1e-4 of the expected array's largest number."""
    torch.testing.assert_close(
        actual, torch.as_tensor(expected), rtol=0, atol=1e-4 * float(np.abs(expected).max())
    )


@pytest.mark.parametrize("name", ["rvqvae_t2m", "rvqvae_kit"])
@torch.no_grad()
def test_encode_and_decode_equal_the_published_model(
    name: str, request: pytest.FixtureRequest
) -> None:
    golden = load_golden(name)
    model: RvqVae = request.getfixturevalue(name.removeprefix("rvqvae_"))
    motion = torch.from_numpy(golden["motion"])
    latents = model.encoder(motion.transpose(1, 2), None)
    close(latents[:, :16], golden["latent_first16_channels"])
    tokens = model.encode(motion)
    assert tokens.equal(torch.from_numpy(golden["indices"]).long())
    summed = model.quantizer.decode(tokens).transpose(1, 2)
    close(summed[:, :16], golden["quantized_sum_first16"])
    close(model.decode(tokens)[..., :48], golden["decode_first48"])
    given_tokens = torch.from_numpy(golden["given_indices"]).long()
    close(model.decode(given_tokens)[..., :48], golden["given_decode_first48"])
    close(model.decode(given_tokens[..., :3])[..., :48], golden["given3layers_decode_first48"])


@pytest.mark.parametrize("name", ["rvqvae_t2m", "rvqvae_kit"])
@torch.no_grad()
def test_forward_and_loss_equal_the_published_model(
    name: str, request: pytest.FixtureRequest
) -> None:
    golden = load_golden(name)
    model: RvqVae = request.getfixturevalue(name.removeprefix("rvqvae_"))
    motion = torch.from_numpy(golden["motion"])
    output = model(motion)
    close(output.reconstruction[..., :48], golden["forward_first48"])
    close(output.commitment.mean(), golden["commit_loss"])
    close(output.perplexity, golden["perplexity"])
    total, terms = model.training_loss(motion)
    close(total, golden["loss_total"])
    close(terms["reconstruction"], golden["loss_rec"])
    close(terms["positions"], golden["loss_explicit"])


def test_published_padding_changes_tokens_as_it_does_in_the_published_model(t2m: RvqVae) -> None:
    golden = load_golden("rvqvae_t2m")
    motion = torch.from_numpy(golden["motion"])[:1, :40]
    padded = torch.nn.functional.pad(motion, (0, 0, 0, 156))
    valid = torch.arange(196)[None] < 40
    with torch.no_grad():
        alone, in_padding = t2m.encode(motion)[0], t2m.encode(padded, valid)[0]
    assert alone.equal(torch.from_numpy(golden["unpadded40_indices"]).long())
    assert in_padding[:10].equal(torch.from_numpy(golden["padded196_indices_first10"]).long())
    assert (in_padding[10:] == -1).all()


def test_shared_codebook_equals_the_published_model(t2m: RvqVae) -> None:
    golden = load_golden("rvqvae_t2m")
    state = filled_state_dict("rvqvae_t2m")
    for layer in range(1, 6):
        state[f"quantizer.layers.{layer}.codebook"] = state["quantizer.layers.0.codebook"]
    load_published(t2m, state)
    with torch.no_grad():
        tokens = t2m.encode(torch.from_numpy(golden["motion"]))
        frames = t2m.decode(tokens)
    load_published(t2m, filled_state_dict("rvqvae_t2m"))
    assert tokens.equal(torch.from_numpy(golden["shared_indices"]).long())
    close(frames[..., :16], golden["shared_decode_first16"])


@settings(max_examples=25, deadline=None)
@given(
    lengths=st.lists(st.integers(4, 50), min_size=1, max_size=4),
    extra=st.integers(0, 13),
    seed=st.integers(0, 2**31),
)
@torch.no_grad()
def test_exact_padding_makes_a_clip_independent_of_its_batch(
    lengths: list[int], extra: int, seed: int
) -> None:
    model, width = small(), max(lengths) + extra
    clips = torch.randn(
        len(lengths), width, FEATURES, generator=torch.Generator().manual_seed(seed)
    )
    valid = torch.arange(width) < torch.tensor(lengths)[:, None]
    tokens = model.encode(clips, valid)
    frames = model.decode(tokens)
    for index, length in enumerate(lengths):
        alone = model.encode(clips[index : index + 1, :length])[0]
        n = length // 4
        assert len(alone) == n
        assert tokens[index, :n].equal(alone)
        assert (tokens[index, n:] == -1).all()
        torch.testing.assert_close(frames[index, : 4 * n], model.decode(alone[None])[0])
        assert (frames[index, 4 * n :] == 0).all()


@torch.no_grad()
def test_what_stands_in_the_padding_never_matters() -> None:
    model = small()
    clips, valid = torch.randn(2, 40, FEATURES), torch.arange(40) < torch.tensor([[40], [21]])
    noisy = torch.where(valid[..., None], clips, torch.randn_like(clips))
    output, other = model(clips, valid), model(noisy, valid)
    torch.testing.assert_close(output.reconstruction, other.reconstruction)
    assert float(model.training_loss(clips, valid)[0]) == pytest.approx(
        float(model.training_loss(noisy, valid)[0])
    )


@torch.no_grad()
def test_published_padding_lets_the_batch_in() -> None:
    model = small(padding="published")
    clip = torch.randn(1, 20, FEATURES)
    padded = torch.nn.functional.pad(clip, (0, 0, 0, 20), value=3.0)
    latents, in_padding = (model.encoder(x.transpose(1, 2), None) for x in (clip, padded))
    assert not torch.allclose(latents[..., 4], in_padding[..., 4])


def test_masked_training_loss_equals_that_of_the_clip_alone() -> None:
    model = small(block_dropout=0.0, quantizer_dropout=0.0, sampling_temperature=0.0).train()
    clip = torch.randn(1, 24, FEATURES)
    padded = torch.nn.functional.pad(clip, (0, 0, 0, 16), value=5.0)
    state = {key: value.clone() for key, value in model.state_dict().items()}
    alone, _ = model.training_loss(clip)
    model.load_state_dict(state)
    masked, _ = model.training_loss(padded, torch.arange(40)[None] < 24)
    torch.testing.assert_close(masked, alone)


def test_loss_in_closed_form() -> None:
    target = torch.zeros(2, 8, 10)
    reconstruction = torch.full_like(target, 0.5)
    commitment = torch.tensor([1.0, 3.0])
    config = RvqConfig(commitment_weight=0.1, position_weight=2.0)
    momask = rvq_loss(config, reconstruction, target, commitment, slice(4, 6))
    assert float(momask.total) == pytest.approx(0.125 + 2 * 0.125 + 0.1 * 2)
    paper = config.model_copy(update={"loss": "paper"})
    assert float(rvq_loss(paper, reconstruction, target, commitment, slice(4, 6)).total) == (
        pytest.approx(0.5 + 0.1 * 4)
    )
    valid = torch.zeros(2, 8, dtype=torch.bool)
    valid[0, 0] = True
    reconstruction[~valid] = 100.0
    masked = rvq_loss(paper, reconstruction, target, commitment, slice(4, 6), valid)
    assert float(masked.reconstruction) == pytest.approx(0.5)


def test_training_learns_a_few_clips() -> None:
    torch.manual_seed(0)
    model = RvqVae(SMALL.model_copy(update={"block_dropout": 0.0}), FEATURES, JOINTS)
    clips = torch.randn(4, 3, FEATURES)[:, torch.arange(32) // 11]
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    losses = []
    for _ in range(60):
        loss, _ = model.training_loss(clips)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.65 * losses[0]


@pytest.mark.parametrize("codebook_init", ["data", "kmeans"])
def test_training_resumes_bit_for_bit_from_a_state_dict(codebook_init: str) -> None:
    config = SMALL.model_copy(update={"codebook_init": codebook_init})

    def fresh() -> RvqVae:
        torch.manual_seed(0)
        return RvqVae(config, FEATURES, JOINTS)

    def train(model: RvqVae, steps: range) -> None:
        model.train()
        for step in steps:
            torch.manual_seed(step)
            loss, _ = model.training_loss(torch.randn(4, 32, FEATURES))
            model.zero_grad()
            loss.backward()
            with torch.no_grad():
                for parameter in model.parameters():
                    parameter -= 0.01 * parameter.grad

    whole, first = fresh(), fresh()
    train(whole, range(6))
    train(first, range(3))
    resumed = RvqVae(config, FEATURES, JOINTS)
    resumed.load_state_dict(first.state_dict())
    train(resumed, range(3, 6))
    for key, value in whole.state_dict().items():
        assert value.equal(resumed.state_dict()[key]), key
