import numpy as np
import pytest
import torch
from torch import Tensor

from audiomotion.config.experiment import RvqConfig
from audiomotion.models.quantizer import EmaCodebook, ResidualQuantizer
from tests.golden import load_golden

GOLDEN = load_golden("rvq_train_pieces")


def config(**changes: object) -> RvqConfig:
    base = RvqConfig(num_quantizers=6, codebook_size=16, code_dim=8, quantizer_dropout=0.0)
    return base.model_copy(update=changes)


def close(actual: Tensor, expected: np.ndarray) -> None:
    torch.testing.assert_close(actual, torch.as_tensor(expected), rtol=0, atol=1e-5)


@pytest.mark.parametrize(("prefix", "decay"), [("ema_mu099", 0.99), ("ema_mu05", 0.5)])
def test_moving_averages_equal_the_published_ones(prefix: str, decay: float) -> None:
    changes = {"num_quantizers": 1, "ema_decay": decay, "sampling_temperature": 0.0}
    quantizer = ResidualQuantizer(config(**changes))
    for call, batch in enumerate(GOLDEN["ema_mu099_x"]):
        quantized = quantizer(torch.from_numpy(batch).transpose(1, 2))
        codebook = quantizer.codebooks[0]
        assert quantized.tokens[..., 0].equal(torch.from_numpy(GOLDEN[f"{prefix}_idx"][call]))
        close(quantized.latents.transpose(1, 2), GOLDEN[f"{prefix}_x_d"][call])
        close(quantized.commitment[0], GOLDEN[f"{prefix}_commit"][call])
        close(quantized.perplexity, GOLDEN[f"{prefix}_perplexity"][call])
        close(codebook.code_sum, GOLDEN[f"{prefix}_code_sum"][call])
        close(codebook.code_count, GOLDEN[f"{prefix}_code_count"][call])
        close(codebook.codebook, GOLDEN[f"{prefix}_codebook"][call])


def golden_quantizer() -> ResidualQuantizer:
    quantizer = ResidualQuantizer(config())
    for layer, codes in zip(quantizer.codebooks, GOLDEN["st_codebooks"], strict=True):
        layer.codebook.copy_(torch.from_numpy(codes))
        layer.restart_averages()
    return quantizer.eval()


def test_residual_sum_and_its_gradients_equal_the_published_ones() -> None:
    latents = torch.from_numpy(GOLDEN["st_x"]).transpose(1, 2).requires_grad_()
    quantized = golden_quantizer()(latents)
    close(quantized.latents.transpose(1, 2), GOLDEN["st_out"])
    assert quantized.tokens.equal(torch.from_numpy(GOLDEN["st_indices"]))
    close(quantized.commitment.mean(), GOLDEN["st_commit"])
    close(quantized.perplexity, GOLDEN["st_perplexity"])
    incoming = torch.from_numpy(GOLDEN["st_upstream_grad_in"]).transpose(1, 2)
    (through,) = torch.autograd.grad(quantized.latents, latents, incoming, retain_graph=True)
    close(through.transpose(1, 2), GOLDEN["st_grad_of_out_wrt_x"])
    (commit,) = torch.autograd.grad(quantized.commitment.mean(), latents)
    close(commit.transpose(1, 2), GOLDEN["st_grad_of_commit_wrt_x"])


def test_dropped_layers_equal_the_published_ones() -> None:
    latents = torch.from_numpy(GOLDEN["st_x"]).transpose(1, 2)
    quantized = golden_quantizer()(latents, num_layers=3)
    close(quantized.latents.transpose(1, 2), GOLDEN["dropidx2_out"])
    assert quantized.tokens.equal(torch.from_numpy(GOLDEN["dropidx2_indices"]))
    close(quantized.commitment.mean(), GOLDEN["dropidx2_commit"])
    close(quantized.perplexity, GOLDEN["dropidx2_perplexity"])


def test_encode_decode_agree_with_forward() -> None:
    quantizer, latents = golden_quantizer(), torch.randn(3, 7, 8)
    quantized = quantizer(latents)
    tokens = quantizer.encode(latents)
    assert tokens.equal(quantized.tokens)
    torch.testing.assert_close(quantizer.decode(tokens), quantized.latents)


def test_dropout_keeps_one_to_all_layers_and_leaves_the_others_untouched() -> None:
    torch.manual_seed(0)
    quantizer, kept = ResidualQuantizer(config(quantizer_dropout=1.0)), set()
    for _ in range(60):
        before = [layer.code_count.clone() for layer in quantizer.codebooks]
        tokens = quantizer(torch.randn(2, 20, 8)).tokens
        used = (tokens >= 0).all(dim=(0, 1))
        kept.add(int(used.sum()))
        for layer, old, was_used in zip(quantizer.codebooks, before, used, strict=True):
            assert was_used or layer.code_count.equal(old)
    assert kept == {1, 2, 3, 4, 5, 6}


def test_padding_neither_moves_codes_nor_gets_tokens() -> None:
    torch.manual_seed(0)
    alone, padded = golden_quantizer().train(), golden_quantizer().train()
    alone.temperature = padded.temperature = 0.0
    latents = torch.randn(1, 20, 8)
    alone(latents)
    quantized = padded(
        torch.nn.functional.pad(latents, (0, 0, 0, 5), value=9.0), torch.arange(25)[None] < 20
    )
    assert (quantized.tokens[:, 20:] == -1).all()
    assert (quantized.latents[:, 20:] == 0).all()
    for one, other in zip(alone.codebooks, padded.codebooks, strict=True):
        torch.testing.assert_close(one.codebook, other.codebook)


def test_codes_are_drawn_by_softmax_of_negative_distance() -> None:
    torch.manual_seed(0)
    codebook = EmaCodebook(4, 2, 0.9)
    codebook.codebook.copy_(torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.5], [3.0, 3.0]]))
    row = torch.tensor([0.4, 0.2])
    expected = torch.softmax(-(codebook.codebook - row).square().sum(dim=1) / 0.5, dim=0)
    drawn = codebook.draw(row.expand(200_000, 2), 0.5)
    torch.testing.assert_close(codebook.counts(drawn) / 200_000, expected, atol=4e-3, rtol=0)
    assert (codebook.draw(row.expand(5, 2), 0.0) == 0).all()


def test_a_batch_smaller_than_the_codebook_fills_it_with_near_copies() -> None:
    torch.manual_seed(0)
    codebook, rows = EmaCodebook(10, 3, 0.9), torch.randn(4, 3)
    codebook.start_from(rows)
    nearest = torch.cdist(codebook.codebook, rows).min(dim=1).values
    assert float(nearest.max()) < 0.05
    assert len(codebook.codebook.unique(dim=0)) == 10


def clustered_rows(num_rows: int = 400) -> Tensor:
    """Rows around eight far points, those of one point behind those of the other."""
    points = 10 * torch.randn(8, 3)
    return points.repeat_interleave(num_rows // 8, dim=0) + 0.1 * torch.randn(num_rows, 3)


def started(init: str, rows: Tensor, seed: int = 1) -> EmaCodebook:
    torch.manual_seed(seed)
    codebook = EmaCodebook(16, 3, 0.9, init=init)
    codebook.start_from(rows)
    return codebook


def test_kmeans_starts_nearer_to_clustered_rows_than_the_first_rows() -> None:
    torch.manual_seed(0)
    rows = clustered_rows()
    error = {}
    for init in ("data", "kmeans"):
        codebook = started(init, rows)
        assert codebook.initialised and codebook.code_sum.equal(codebook.codebook)
        error[init] = float((rows - codebook.codebook[codebook.nearest(rows)]).square().mean())
    assert error["kmeans"] < 0.1 * error["data"]


def test_kmeans_codes_are_the_means_of_their_rows() -> None:
    torch.manual_seed(0)
    rows = torch.tensor([[0.0], [1.0], [10.0], [14.0]]).repeat(5, 1)
    codebook = EmaCodebook(2, 1, 0.9, init="kmeans")
    codebook.start_from(rows)
    assert sorted(codebook.codebook.flatten().tolist()) == pytest.approx([0.5, 12.0])


def test_kmeans_depends_on_torchs_generator_alone() -> None:
    torch.manual_seed(0)
    rows = clustered_rows()
    assert started("kmeans", rows).codebook.equal(started("kmeans", rows).codebook)
    assert not started("kmeans", rows).codebook.equal(started("kmeans", rows, seed=2).codebook)


def test_kmeans_of_fewer_rows_than_codes_stays_near_the_rows() -> None:
    torch.manual_seed(0)
    rows = torch.randn(4, 3)
    codes = started("kmeans", rows).codebook
    assert codes.isfinite().all()
    assert float(torch.cdist(codes, rows).min(dim=1).values.max()) < 0.05


def test_unused_code_becomes_a_row_of_the_batch() -> None:
    codebook, rows = EmaCodebook(2, 1, 0.5), torch.tensor([[1.0], [2.0]])
    codebook.codebook.copy_(torch.tensor([[1.5], [50.0]]))
    codebook.restart_averages()
    codebook.follow(rows, codebook.nearest(rows))
    assert codebook.code_count.tolist() == [1.5, 0.5]
    assert codebook.codebook[1].item() == 2.0
