import pytest
import torch
from torch import nn

from audiomotion.bench.generating import PARTS, GenerationSize, bench_generation
from audiomotion.bench.products import bare_products
from audiomotion.config.resolve import resolve
from tests.cli.command_line import TINY


def test_each_batch_size_has_its_speed_its_shares_and_its_floor() -> None:
    (arm,) = resolve(TINY)
    rounds: list[tuple[int, int]] = []
    size = GenerationSize({1: 5, 3: 6}, num_tokens=10)
    found = list(
        bench_generation(arm.experiment, size, "cpu", lambda *round_: rounds.append(round_))
    )
    assert [(row.batch_size, row.rounds) for row in found] == [(1, 5), (3, 6)]
    assert rounds == [(1, n) for n in range(6)] + [(3, n) for n in range(7)]
    for row in found:
        assert 0 < row.p50_seconds <= row.p99_seconds
        assert row.p50_seconds == pytest.approx(row.batch_size / row.rate.median, rel=0.5)
        assert set(row.shares) == set(PARTS) and 0 < sum(row.shares.values()) <= 1
        assert row.floor_rate.median > row.rate.median


@pytest.mark.parametrize("fused", [True, False])
def test_products_are_repeated_on_the_layers_own_weights_and_nothing_else(fused: bool) -> None:
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True).eval()
    x = torch.randn(2, 5, 8)

    @torch.inference_mode()
    def run() -> None:
        layer(x) if fused else layer.linear2(layer.linear1(x).relu())

    before = torch.backends.mha.get_fastpath_enabled()
    again = bare_products(run, list(layer.parameters()))
    assert torch.backends.mha.get_fastpath_enabled() == before
    with torch.profiler.profile() as profile:
        again()
    names = {event.key: event.count for event in profile.key_averages()}
    assert names["aten::linear"] == (4 if fused else 2)  # in, out, and both of the feed-forward
    assert not {"aten::relu", "aten::native_layer_norm", "aten::dropout"} & names.keys()
