"""How features are written, whatever they are features of: in shards, ragged, half precision."""

import time
from abc import abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, ClassVar, Final, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from audiomotion.data.ragged import RaggedWriter, join_ragged
from audiomotion.errors import ModelError
from audiomotion.files import link_or_copy, write_json
from audiomotion.stages.accounting import flops_of
from audiomotion.stages.base import MakeShard, ShardedWork, StageContext
from audiomotion.stages.results import FEATURES

ITEMS_A_SHARD: Final = 512
"""At the paper's size 171 shards of 180 MB, each a quarter of a minute on a GPU."""

_NAME: Final = "features"
_LARGEST_HALF: Final = float(np.finfo(np.float16).max)

Item = TypeVar("Item")


@dataclass(frozen=True)
class Encoded:
    """What a frozen encoder made of some items."""

    rows: Sequence[NDArray[np.float32]]
    """Features `(L_i, F)` of each."""

    counts: Mapping[str, int]
    """What is to be added up over all items."""


@dataclass(frozen=True)
class LoadedEncoder(Generic[Item]):
    """A frozen encoder, ready to run."""

    encode: Callable[[Sequence[Item]], Encoded]
    """Encodes some items together."""

    record: Mapping[str, Any]
    """Width, layers, rate and weights."""

    num_parameters: int
    """Frozen parameters."""


class FeatureWork(ShardedWork, Generic[Item]):
    """Writes the features of each item, row i for item i, and a record of where they come from."""

    items_a_batch: ClassVar[int]
    """Items that are encoded together, whose features are in memory at the same time."""

    duration_unit: ClassVar[str]
    """What durations are counted in."""

    context: StageContext

    @property
    @abstractmethod
    def part(self) -> str:
        """Name of the encoder, for messages."""

    @property
    @abstractmethod
    def items(self) -> Sequence[Item]:
        """Files or texts, one an instruction."""

    @property
    @abstractmethod
    def durations(self) -> Sequence[float]:
        """How long each item is, in `duration_unit`; items of like length share a batch."""

    @abstractmethod
    def load(self) -> LoadedEncoder[Item]:
        """Load the encoder."""

    @cached_property
    def shard_sizes(self) -> Sequence[int]:
        """Items of each shard."""
        starts = range(0, len(self.items), ITEMS_A_SHARD)
        return [min(ITEMS_A_SHARD, len(self.items) - start) for start in starts]

    @contextmanager
    def set_up(self) -> Iterator[MakeShard]:
        """Load the encoder, once a worker."""
        encoder = self.load()
        self.context.note("encoder", partial(self._facts, encoder))
        yield partial(self._write, encoder)

    def finish(self, shards: Sequence[Path]) -> None:
        """Give the shards one index; their files are linked."""
        join_ragged(shards, self.context.output, _NAME)
        link_or_copy(shards[0] / FEATURES, self.context.output / FEATURES)

    def _facts(self, encoder: LoadedEncoder[Item]) -> Mapping[str, Any]:
        """Return what the encoder costs; operations are those of the item of median length."""
        order = sorted(range(len(self.items)), key=lambda place: (self.durations[place], place))
        median = order[len(order) // 2]
        flops = flops_of(lambda: encoder.encode([self.items[median]]))
        return {
            "parameters": encoder.num_parameters,
            "flops": flops,
            self.duration_unit: self.durations[median],
        }

    def _write(self, encoder: LoadedEncoder[Item], index: int, folder: Path) -> Mapping[str, float]:
        """Write one shard, its shortest items first.

        Raises:
            ModelError: A value cannot be stored in half precision.
        """
        counts: Counter[str] = Counter()
        seconds = 0.0
        with RaggedWriter(folder, _NAME, np.float16) as writer:
            for batch in self._batches(index):
                items = [self.items[place] for place in batch]
                started = time.monotonic()
                encoded = encoder.encode(items)
                counts.update(encoded.counts)
                seconds += time.monotonic() - started
                for place, item, frames in zip(batch, items, encoded.rows, strict=True):
                    check_half_precision(frames, self.part, item)
                    writer.add(place - index * ITEMS_A_SHARD, frames)
                    counts["frames"] += len(frames)
        write_json(folder / FEATURES, encoder.record)
        return {**counts, "seconds": seconds}

    def _batches(self, index: int) -> Iterator[list[int]]:
        """Yield the places of a shard, those of like length together."""
        first = index * ITEMS_A_SHARD
        places = range(first, first + self.shard_sizes[index])
        order = sorted(places, key=lambda place: (self.durations[place], place))
        for start in range(0, len(order), self.items_a_batch):
            yield order[start : start + self.items_a_batch]


def check_half_precision(frames: NDArray[np.float32], part: str, item: object) -> None:
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
