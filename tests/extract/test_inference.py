import pytest
import torch

from audiomotion.errors import ModelError
from audiomotion.extract.inference import default_batch_samples, exact_inference, frozen, seeded


def test_a_seed_decides_the_draw_and_the_state_stays():
    before = torch.get_rng_state()
    draws = []
    for seed in (3, 3, 4):
        with seeded(seed):
            draws.append(torch.rand(4))
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])
    assert torch.equal(torch.get_rng_state(), before)


def test_precision_is_full_inside_and_as_before_outside():
    torch.set_float32_matmul_precision("medium")
    try:
        with exact_inference():
            assert torch.get_float32_matmul_precision() == "highest"
            assert not torch.backends.cudnn.allow_tf32
            assert torch.is_inference_mode_enabled()
        assert torch.get_float32_matmul_precision() == "medium"
        assert torch.backends.cudnn.allow_tf32
    finally:
        torch.set_float32_matmul_precision("highest")


def test_precision_comes_back_after_an_error():
    torch.set_float32_matmul_precision("high")
    try:
        with pytest.raises(ZeroDivisionError), exact_inference():
            raise ZeroDivisionError
        assert torch.get_float32_matmul_precision() == "high"
    finally:
        torch.set_float32_matmul_precision("highest")


def test_frozen_models_neither_train_nor_learn():
    model = frozen(torch.nn.Dropout(0.5), "cpu")
    assert not model.training
    assert not any(parameter.requires_grad for parameter in model.parameters())


def test_a_device_that_is_not_there_is_a_model_error():
    with pytest.raises(ModelError, match="device 'xpu:7' cannot be used"):
        frozen(torch.nn.Linear(1, 1), "xpu:7")


def test_only_accelerators_batch():
    assert default_batch_samples("cpu") == 1
    assert default_batch_samples("cuda:0") > 16_000
