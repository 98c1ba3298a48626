import numpy as np
import pytest
import torch
from scipy import stats

from audiomotion.config.experiment import SamplingConfig
from audiomotion.generate.decoding import num_masked
from audiomotion.generate.noise import ClipNoise, _mix
from audiomotion.generate.sampling import draw_tokens, gumbel_argmax, likeliest
from tests.golden import load_golden

GOLDEN = load_golden("sampling_pieces")


def test_filter_keeps_the_published_classes() -> None:
    logits = torch.from_numpy(GOLDEN["logits"])
    _, classes = likeliest(logits, 0.9)
    kept = torch.zeros_like(logits, dtype=torch.bool).scatter(-1, classes, True)
    assert np.packbits(kept.numpy(), axis=-1).tolist() == GOLDEN["kept"].tolist()
    assert classes.shape[-1] == int(GOLDEN["kept_count"].max())
    _, classes = likeliest(torch.from_numpy(GOLDEN["logits513"]), 0.9)
    assert classes.shape[-1] == int(GOLDEN["kept513_count"].max())


@pytest.mark.parametrize(("name", "temperature"), [("T1", 1.0), ("T07", 0.7)])
def test_gumbel_draw_equals_the_published_one(name: str, temperature: float) -> None:
    values, classes = likeliest(torch.from_numpy(GOLDEN["logits"]), 0.9)
    uniform = torch.from_numpy(GOLDEN["uniform"]).gather(-1, classes)
    chosen = gumbel_argmax(values, uniform, temperature)
    drawn = classes.gather(-1, chosen[..., None]).squeeze(-1)
    assert drawn.equal(torch.from_numpy(GOLDEN[f"gumbel_pred_{name}"]))


@pytest.mark.parametrize("iterations", [10, 18])
def test_number_of_masked_tokens_equals_the_published_one(iterations: int) -> None:
    lengths = torch.from_numpy(GOLDEN["schedule_lengths"])
    counts = [num_masked(time, lengths) for time in torch.linspace(0, 1, iterations)]
    assert torch.stack(counts).equal(torch.from_numpy(GOLDEN[f"num_masked_{iterations}"]))


def test_draws_follow_the_filtered_softmax() -> None:
    logits = torch.tensor([2.0, 1.0, 0.0, -1.0, -9.0]).expand(20_000, 4, 5)
    sampling = SamplingConfig(guidance_scale=1.0, temperature=2.0, top_k_filter=0.3)
    drawn = draw_tokens(logits, sampling, ClipNoise(torch.arange(20_000), 0), 3)
    expected = torch.softmax(logits[0, 0, :4] / 2.0, dim=0)
    share = torch.bincount(drawn.flatten(), minlength=5) / drawn.numel()
    torch.testing.assert_close(share[:4], expected, atol=0.006, rtol=0)
    assert share[4] == 0


def test_without_noise_the_likeliest_token_is_taken() -> None:
    logits = torch.randn(2, 3, 7)
    drawn = draw_tokens(logits, SamplingConfig(guidance_scale=1.0), None, 0)
    assert drawn.equal(logits.argmax(dim=-1))


def test_noise_is_uniform_and_differs_in_every_coordinate() -> None:
    classes = torch.arange(40).expand(50, 20, 40)
    noise = [
        ClipNoise(torch.arange(50) + first, stream).uniform(step, classes)
        for first, stream, step in [(0, 0, 0), (1000, 0, 0), (0, 1, 0), (0, 0, 1)]
    ]
    stacked = torch.stack(noise).flatten(1)
    assert stats.kstest(stacked.flatten().numpy(), "uniform").pvalue > 1e-3
    correlation = torch.corrcoef(stacked) - torch.eye(4)
    assert correlation.abs().max() < 0.02
    for axis in (0, 1, 2):
        numbers = noise[0].movedim(axis, 0).flatten(1)
        assert (torch.corrcoef(numbers[:8]) - torch.eye(8)).abs().max() < 0.25
    assert stacked.min() > 0 and stacked.max() < 1


def test_noise_does_not_depend_on_batch_width_or_other_classes() -> None:
    seeds = torch.tensor([7, -3, 2**62])
    classes = torch.randint(100, (3, 6, 9))
    noise = ClipNoise(seeds, 1).uniform(2, classes)
    part = ClipNoise(seeds[1:2], 1).uniform(2, classes[1:2, :4, 5:])
    assert part.equal(noise[1:2, :4, 5:])


def test_noise_needs_no_value_back_from_a_gpu() -> None:
    """Tensors without values: whatever would wait for one raises."""
    classes = torch.zeros(2, 3, 4, dtype=torch.long, device="meta")
    assert ClipNoise(torch.zeros(2, dtype=torch.long, device="meta"), 1).uniform(3, classes).shape


@pytest.mark.parametrize("step", [0, 1, 9, 2**40])
def test_a_step_counts_the_same_as_a_number_and_as_a_tensor(step: int) -> None:
    state = torch.tensor([7, -3, 2**62])
    assert _mix(state, step).equal(_mix(state, torch.tensor(step)))
