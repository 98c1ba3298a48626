"""What the models of a stage cost: parameters and operations, for the record of its run.

Nothing here may change what a stage leaves: random states are put back.
"""

import logging
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from math import prod
from typing import Any, Final

import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

logger = logging.getLogger(__name__)

Shape = Sequence[int]


def num_parameters(*modules: nn.Module | None) -> int:
    """Return the parameters of modules, each once."""
    found = {id(one): one.numel() for part in modules if part for one in part.parameters()}
    return sum(found.values())


def modules_in(holder: object) -> list[nn.Module]:
    """Return the modules that an encoder's object holds."""
    return [value for value in vars(holder).values() if isinstance(value, nn.Module)]


def model_facts(module: nn.Module, condition: nn.Module | None = None) -> dict[str, int]:
    """Return the parameters of a trained part, and of its own condition encoder where it has one.

    Args:
        module: The whole part.
        condition: What of it makes a condition of features.
    """
    facts = {"parameters": num_parameters(module)}
    return facts | ({"compressor_parameters": num_parameters(condition)} if condition else {})


def flops_of(call: Callable[[], object]) -> int | None:
    """Return the floating point operations of the matrix products and convolutions of a call.

    A multiplication with its addition counts as two. Whatever goes wrong, a count is not worth a
    stage: it is None then, as where nothing was counted, which torch did not compute.
    """
    try:
        with _countable(), FlopCounterMode(display=False, custom_mapping=_RECURRENT) as counter:
            call()
    except Exception as error:  # a part of another package may not bear being watched
        logger.warning("operations could not be counted: %s: %s", type(error).__name__, error)
        return None
    return counter.get_total_flops() or None


@contextmanager
def _countable() -> Iterator[None]:
    """Have attention computed by products that are seen, and put random states back."""
    fast = torch.backends.mha.get_fastpath_enabled()
    devices = [torch.cuda.current_device()] if torch.cuda.is_available() else []
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with (
            torch.no_grad(),
            torch.random.fork_rng(devices=devices),
            sdpa_kernel(SDPBackend.MATH),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)


def _layer_flops(inputs: Shape, own: Shape, hidden: Shape, *_: Any, **__: Any) -> int:
    """Return the operations of one recurrent layer on the CPU: each weight once a step and row.

    Args:
        inputs: `(steps, rows, width)`, or the first two the other way round.
        own: Weights of the inputs.
        hidden: Weights of the state before.
        _: What else the operator takes.
        __: The same, by name.
    """
    return 2 * prod(inputs[:2]) * (prod(own) + prod(hidden))


def _cudnn_flops(inputs: Shape, weights: Sequence[Shape], *_: Any, **__: Any) -> int:
    """Return the operations of recurrent layers on a GPU, given weights and biases of all."""
    matrices = (prod(shape) for shape in weights if len(shape) == 2)
    return 2 * prod(inputs[:2]) * sum(matrices)


_RECURRENT: Final[dict[Any, Any]] = {
    torch.ops.aten.mkldnn_rnn_layer: _layer_flops,
    torch.ops.aten._cudnn_rnn: _cudnn_flops,
}
"""Recurrent layers, which the library does not count."""
