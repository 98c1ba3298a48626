"""How features are written, whatever they are features of: in shards, ragged, half precision."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from audiomotion.data.ragged import Ragged, write_ragged
from audiomotion.errors import DataError, ModelError
from audiomotion.files import write_json
from audiomotion.stages.base import StageContext
from audiomotion.stages.results import FEATURES

_ITEMS_A_SHARD = 512
_LARGEST_HALF = float(np.finfo(np.float16).max)

Item = TypeVar("Item", str, Path)


def write_features(
    items: Sequence[Item],
    encode: Callable[[Sequence[Item]], list[NDArray[np.float32]]],
    context: StageContext,
    part: str,
    record: dict[str, Any],
) -> None:
    """Write the features of each item, row i for item i, and a record of where they come from.

    Finished shards stay in the scratch folder, so a killed run continues with the next one.

    Args:
        items: Files or texts, one an instruction.
        encode: Returns the features `(L_i, F)` of some of them.
        context: Where to write.
        part: Name of the encoder, for messages.
        record: Width, layers, rate and weights.

    Raises:
        ModelError: A value cannot be stored in half precision.
    """
    starts = range(0, len(items), _ITEMS_A_SHARD)
    names = [f"shard-{start:07d}" for start in starts]
    for start, name in zip(starts, names, strict=True):
        shard = items[start : start + _ITEMS_A_SHARD]
        if not _is_whole(context.scratch, name):
            rows = encode(shard)
            for item, frames in zip(shard, rows, strict=True):
                check_half_precision(frames, part, item)
            write_ragged(context.scratch, name, rows, np.float16)
        context.report(start + len(shard), len(items), {})
    rows_of_all = (row for name in names for row in Ragged.open(context.scratch, name))
    write_ragged(context.output, "features", rows_of_all, np.float16)
    write_json(context.output / FEATURES, record)


def check_half_precision(frames: NDArray[np.float32], part: str, item: str | Path) -> None:
    """Refuse what half precision would store as infinite.

    Args:
        frames: Features `(L, F)` of one instruction.
        part: Name of the encoder that gave them.
        item: What they are features of.

    Raises:
        ModelError: A value is beyond 65,504, or is not a number.
    """
    peak = float(np.max(np.abs(frames), initial=0.0))
    if not peak <= _LARGEST_HALF:
        raise ModelError(
            f"{part!r} gave a value of magnitude {peak:g} for {str(item)!r}; features are stored "
            "in half precision, which ends at 65504: look at that instruction, else choose other "
            "weights, another layer or precision float32"
        )


def _is_whole(folder: Path, name: str) -> bool:
    """Return whether a shard was written to its end: its offsets come last and give its size."""
    try:
        Ragged.open(folder, name)
    except DataError:
        return False
    return True
