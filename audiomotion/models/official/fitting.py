"""Whether tensors are those of a network: names, shapes and values, all problems at once."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn

from audiomotion.errors import ModelError
from audiomotion.models.published import AVERAGES

_NAMED: Final = 3
"""Tensors that a message names before it only counts."""


def expected_shapes(network: nn.Module) -> dict[str, torch.Size]:
    """Return name and shape of every tensor that a checkpoint of `network` has."""
    state = network.state_dict()
    return {name: tensor.shape for name, tensor in state.items() if not name.endswith(AVERAGES)}


def fitted(
    path: Path, tensors: Mapping[str, Tensor], shapes: Mapping[str, torch.Size], what: str
) -> dict[str, Tensor]:
    """Return copies of `tensors` as float32 once they are exactly those that `shapes` names.

    Raises:
        ModelError: Tensors are missing, extra, of another shape or type, or hold NaN or infinity;
            all of them are counted and the first of each named.
    """
    problems = _misfits(tensors, shapes)
    # Copies, so that a mapped file may be moved or replaced afterwards.
    copies = {
        name: tensors[name].to(torch.float32, copy=True).contiguous()
        for name in sorted(shapes.keys() & tensors.keys())
        if _fits(tensors[name], shapes[name])
    }
    broken = [name for name, tensor in copies.items() if not tensor.isfinite().all()]
    problems += _listed(broken, "with NaN or infinite values")
    if problems:
        raise ModelError(
            f"{path} is not the published {what}: {'; '.join(problems)}. The sizes must be those of"
            " the published system; get the file from its authors"
        )
    return copies


def _misfits(tensors: Mapping[str, Tensor], shapes: Mapping[str, torch.Size]) -> list[str]:
    common = [name for name in shapes if name in tensors]
    misshapen = [
        f"{name} is {_shape(tensors[name].shape)}, not {_shape(shapes[name])}"
        for name in common
        if tensors[name].shape != shapes[name]
    ]
    return [
        *_listed([name for name in shapes if name not in tensors], "missing"),
        *_listed([name for name in tensors if name not in shapes], "too many"),
        *_listed(misshapen, "of another shape"),
        *_listed([name for name in common if not _is_plain(tensors[name])], "of another type"),
    ]


def _fits(tensor: Tensor, shape: torch.Size) -> bool:
    return tensor.shape == shape and _is_plain(tensor)


def _is_plain(tensor: Tensor) -> bool:
    return tensor.is_floating_point() and tensor.layout == torch.strided


def _listed(names: Sequence[str], what: str) -> list[str]:
    if not names:
        return []
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    noun = "tensor" if len(names) == 1 else "tensors"
    return [f"{len(names)} {noun} {what} ({', '.join(names[:_NAMED])}{more})"]


def _shape(shape: torch.Size) -> str:
    return "x".join(map(str, shape)) or "a number"
