import pytest
import torch
from pydantic import ValidationError
from torch import nn

from audiomotion.config.compressors import (
    AvgPoolConfig,
    Conv1dConfig,
    MemoryRetrievalConfig,
    TransformerCompressorConfig,
)
from audiomotion.config.resolve import resolve
from audiomotion.errors import ModelError
from audiomotion.models.compressors.base import build_compressor

WAVLM_WIDTH = 768


def paper_sizes():
    with torch.device("meta"):
        return {
            arm.name: sum(
                parameter.numel()
                for parameter in build_compressor(
                    arm.experiment.compressor, WAVLM_WIDTH
                ).parameters()
            )
            for arm in resolve(axes=["compressor"], dataset="humanml3d")
        }


def test_sizes_of_the_arms_at_the_papers_sizes():
    assert paper_sizes() == {
        "avgpool-8": 3_151_360,
        "avgpool-32": 12_600_832,
        "avgpool-64": 25_200_128,
        "conv1d": 4_593_664,
        "transformer": 4_864_000,
        "memory-retrieval": 5_520_384,
    }


def test_compressors_that_learn_more_than_linear_layers_are_of_like_size():
    sizes = paper_sizes()
    like = [sizes[arm] for arm in ("avgpool-8", "conv1d", "transformer", "memory-retrieval")]
    assert max(like) <= 2 * min(like)


@pytest.mark.parametrize("pooling", ["class-token", "mean", "learned-queries"])
@pytest.mark.parametrize("downsampling", [1, 3])
def test_transformer_is_memory_retrieval_without_the_memory(pooling, downsampling):
    options = {"latent_dim": 16, "pooling": pooling, "downsampling": downsampling}
    with_memory = build_compressor(MemoryRetrievalConfig(**options), 12)
    without = build_compressor(TransformerCompressorConfig(**options), 12)
    own = ("query", "key", "value", "memory", "projection")

    def shared(module: nn.Module):
        return {
            name: tuple(value.shape)
            for name, value in module.named_parameters()
            if not name.startswith(own)
        }

    assert shared(without) == shared(with_memory)
    without.load_state_dict(with_memory.state_dict(), strict=False)
    with_memory.retrieve = without.projection.forward
    features, valid = torch.randn(2, 9, 12), torch.arange(9) < torch.tensor([[9], [4]])
    answers = (module.eval()(features, valid).tokens for module in (with_memory, without))
    assert torch.equal(*answers)


def test_a_retrieval_is_a_mixture_of_the_values_and_residual_adds_the_query():
    config = MemoryRetrievalConfig(latent_dim=16, num_memory_tokens=5)
    torch.manual_seed(0)
    plain = build_compressor(config, 12)
    torch.manual_seed(0)
    residual = build_compressor(config.model_copy(update={"residual": True}), 12)
    frames = torch.randn(2, 9, 12)
    values = plain.value(plain.memory)
    assert (plain.retrieve(frames) <= values.max(dim=0).values + 1e-5).all()
    assert (plain.retrieve(frames) >= values.min(dim=0).values - 1e-5).all()
    torch.testing.assert_close(
        residual.retrieve(frames) - plain.retrieve(frames), residual.query(frames)
    )


def test_average_pooling_is_a_linear_map_of_each_mean():
    compressor = build_compressor(AvgPoolConfig(num_segments=3, condition_dim=7), 12)
    features = torch.randn(2, 6, 12)
    means = compressor.norm(features, torch.ones(2, 6).bool()).view(2, 3, 2, 12).mean(dim=2)
    tokens = compressor(features, torch.ones(2, 6).bool()).tokens
    for place in range(3):
        weight, bias = compressor.weight[place].t(), compressor.bias[place, 0]
        expected = nn.functional.linear(means[:, place], weight, bias)
        torch.testing.assert_close(tokens[:, place], expected)


@pytest.mark.parametrize(("kernel_size", "stride"), [(4, 2), (3, 3), (1, 2)])
def test_a_kernel_that_misses_frames_is_refused(kernel_size, stride):
    with pytest.raises(ValidationError, match="must be odd and at least 2 · stride - 1"):
        Conv1dConfig(kernel_size=kernel_size, stride=stride)


class NoCompressorConfig(AvgPoolConfig):
    implementation = "builtins:print"


def test_a_class_that_is_no_compressor_is_named():
    with pytest.raises(ModelError, match=r"'avgpool': builtins:print is no Compressor; derive it"):
        build_compressor(NoCompressorConfig(), 12)
