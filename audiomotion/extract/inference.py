"""How frozen encoders are made and run: without gradients, and alike in every process."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

import torch
from torch import nn

from audiomotion.config.extractors import Precision
from audiomotion.errors import ModelError

Model = TypeVar("Model", bound=nn.Module)

_BATCH_SAMPLES: Final = 960_000
"""One minute of audio: about 2.5 GB of activations in WavLM base."""


def frozen(model: Model, device: str, precision: Precision = "float32") -> Model:
    """Return the model on `device`, in evaluation mode, without gradients.

    With `precision` bfloat16 every weight is rounded to it, and so is what the model computes.

    Raises:
        ModelError: The device cannot be used.
    """
    try:
        model = model.to(device, dtype=getattr(torch, precision))
    except (RuntimeError, AssertionError) as error:
        raise ModelError(
            f"device {device!r} cannot be used: {str(error).splitlines()[0]}; "
            "choose cpu, or a device that torch finds on this machine"
        ) from error
    return model.eval().requires_grad_(False)


def default_batch_samples(device: str) -> int:
    """Return how many samples share a batch; on a CPU single waveforms are the fastest."""
    return 1 if torch.device(device).type == "cpu" else _BATCH_SAMPLES


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Draw from a generator seeded with `seed`; the caller's random state is left as it was.

    Only the CPU's generator: models are initialised there, so that a seed means the same weights on
    every device.
    """
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield


@contextmanager
def exact_inference() -> Iterator[None]:
    """Run without gradients and in full float32.

    Shortened products (TF32, bfloat16), which a training loop may have switched on in this process,
    would make frames depend on their batch and on what ran before.
    """
    precision = torch.get_float32_matmul_precision()
    if precision != "highest":
        torch.set_float32_matmul_precision("highest")
    try:
        with (
            torch.inference_mode(),
            torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False),
        ):
            yield
    finally:
        if precision != "highest":
            torch.set_float32_matmul_precision(precision)
