import pytest
import torch
from torch import nn
from torch.nn import functional

from audiomotion.config.extractors import EncodecConfig, WavLMConfig
from audiomotion.extract.base import build_extractor
from audiomotion.stages.accounting import flops_of, model_facts, modules_in, num_parameters


def test_a_linear_layer_and_a_convolution():
    linear, convolution = nn.Linear(5, 7), nn.Conv1d(3, 4, kernel_size=5)
    assert flops_of(lambda: linear(torch.ones(2, 5))) == 2 * 2 * 5 * 7
    assert flops_of(lambda: convolution(torch.ones(2, 3, 10))) == 2 * 2 * 6 * 5 * 3 * 4


@pytest.mark.parametrize(("kind", "gates"), [(nn.LSTM, 4), (nn.GRU, 3)])
@pytest.mark.parametrize("inference", [False, True])
def test_recurrent_layers_which_the_library_leaves_out(kind, gates, inference):
    layers = kind(8, 16, num_layers=2, bidirectional=True)
    steps, rows = 5, 3
    weights = 2 * gates * 16 * ((8 + 16) + (32 + 16))
    with torch.inference_mode(inference):
        assert flops_of(lambda: layers(torch.randn(steps, rows, 8))) == 2 * steps * rows * weights


def test_a_gpu_kernel_of_recurrent_layers_counts_alike():
    from audiomotion.stages.accounting import _cudnn_flops

    shapes = [torch.Size(one.shape) for one in nn.GRU(8, 16).parameters()]
    assert _cudnn_flops(torch.Size((5, 3, 8)), shapes, 4, None) == 2 * 15 * 3 * 16 * (8 + 16)


@pytest.mark.parametrize("training", [False, True])
def test_attention_counts_whatever_kernel_would_run_it(training):
    layer = nn.TransformerEncoderLayer(32, 2, 64, batch_first=True)
    encoder = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False).train(training)
    length, width = 10, 32
    products = 4 * width * width + 2 * width * 64  # queries, keys, values, output; feed-forward
    expected = 2 * length * products + 2 * 2 * length * length * width
    assert flops_of(lambda: encoder(torch.randn(1, length, width))) == expected
    query = torch.randn(1, 2, length, 16)
    attended = flops_of(lambda: functional.scaled_dot_product_attention(query, query, query))
    assert attended == 2 * 2 * 2 * length * length * 16


def test_nothing_is_drawn_and_no_setting_stays():
    torch.manual_seed(3)
    state, fast = torch.get_rng_state(), torch.backends.mha.get_fastpath_enabled()
    assert flops_of(lambda: torch.randn(3, 4) @ torch.randn(4, 5)) == 2 * 3 * 4 * 5
    assert torch.equal(state, torch.get_rng_state())
    assert torch.backends.mha.get_fastpath_enabled() == fast
    assert torch.is_grad_enabled()


def test_what_cannot_be_counted_stops_nothing(caplog):
    def fail() -> None:
        raise RuntimeError("no watching")

    assert flops_of(fail) is None
    assert "operations could not be counted: RuntimeError: no watching" in caplog.text
    assert flops_of(lambda: None) is None


def test_shared_parameters_count_once():
    linear = nn.Linear(3, 2)
    both = nn.Sequential(linear, nn.ReLU(), nn.Sequential(linear))
    assert num_parameters(both, linear, None) == 8
    assert model_facts(both, linear) == {"parameters": 8, "compressor_parameters": 8}
    assert model_facts(both) == {"parameters": 8}


@pytest.mark.parametrize("config", [WavLMConfig, EncodecConfig])
def test_an_encoder_has_its_parameters_and_twice_the_audio_costs_more(config):
    encoder = build_extractor(config(weights="random", random_size="tiny"))
    assert num_parameters(*modules_in(encoder)) > 10_000
    audio = [0.1 * torch.randn(seconds * 16_000).numpy() for seconds in (1, 2)]
    one, two = (flops_of(lambda wave=wave: encoder.extract([wave])) for wave in audio)
    assert 1.5 * one < two < 3 * one  # EnCodec fills up the end
