"""The bare matrix work of a computation: its products and convolutions, nothing between them."""

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils._python_dispatch import TorchDispatchMode

_ATEN: Final = torch.ops.aten
_PRODUCTS: Final = (
    *(_ATEN.linear, _ATEN.matmul, _ATEN.mm, _ATEN.addmm, _ATEN.bmm, _ATEN.baddbmm),
    *(_ATEN.conv1d, _ATEN.convolution, _ATEN.scaled_dot_product_attention),
)
"""Inference mode shows some of them whole, which are taken apart elsewhere."""


class _Recorder(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch's is not typed
    """Notes each product, with operands to repeat it on."""

    def __init__(self, weights: Collection[nn.Parameter]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.calls: list[tuple[Any, list[Any], Mapping[str, Any]]] = []
        self._weights = {one.untyped_storage().data_ptr() for one in weights}
        self._operands: dict[object, Tensor] = {}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        if func.overloadpacket in _PRODUCTS:
            self.calls.append((func, [self._operand(arg) for arg in args], kwargs or {}))
        return func(*args, **(kwargs or {}))

    def _operand(self, arg: Any) -> Any:
        """Return weights themselves, and for activations, which are gone, others of their shape."""
        if not isinstance(arg, Tensor) or arg.untyped_storage().data_ptr() in self._weights:
            return arg
        key = arg.shape, arg.stride(), arg.dtype
        if key not in self._operands:
            self._operands[key] = arg.clone()
        return self._operands[key]


def bare_products(
    run: Callable[[], object], weights: Collection[nn.Parameter]
) -> Callable[[], None]:
    """Return what repeats the matrix products and convolutions of `run`, in order, and only these.

    It is the least time that these layers take here with this library: no norms, activations,
    masks, draws or copies. Attention without a product of its own counts with its softmax. Layers
    are taken apart while they are watched: a product inside a fused layer would not be seen.

    Args:
        run: The computation; it is done once.
        weights: Its weights. They are read from where they are, as each layer has its own.
    """
    recorder = _Recorder(weights)
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with sdpa_kernel(SDPBackend.MATH), torch.inference_mode(), recorder:
            run()
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)

    @torch.inference_mode()
    def again() -> None:
        for func, args, kwargs in recorder.calls:
            func(*args, **kwargs)

    return again
