"""The workers that train one model together, each on an equal share of every batch."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, distributed

from audiomotion.errors import ConfigError, WorkerLostError
from audiomotion.seeds import derive_seed

if TYPE_CHECKING:
    from torch.distributed.distributed_c10d import Store

PATIENCE = timedelta(days=7)
"""How long a worker waits for the others: the first one may wait for another driver's work, or
measure the validation split. When one has ended, who started them ends the others."""

Value = TypeVar("Value")
Batch = TypeVar("Batch", Tensor, list[int], NDArray[np.int64])


class WorkerGroup:
    """What a training asks of its group; this one has a single worker.

    What a step draws for the whole batch comes from `generator`, the same on all workers, and each
    takes its own rows of it. Losses and terms are parts that add up over the workers to those of
    the whole batch.
    """

    rank: int = 0
    size: int = 1

    def seed(self, seed: int) -> None:
        """Seed what the next step draws."""
        torch.manual_seed(seed)

    def generator(self, device: torch.device | str) -> torch.Generator | None:
        """Return what draws for the whole batch; None is torch's global generator."""
        del device
        return None

    def own(self, whole: Batch) -> Batch:
        """Return the own rows of something that has a row for each of the whole batch.

        Raises:
            ConfigError: They cannot be shared equally.
        """
        if len(whole) % self.size:
            raise ConfigError(
                f"a batch of {len(whole)} cannot be shared equally by {self.size} workers; choose "
                "a num_workers that divides it"
            )
        num_rows = len(whole) // self.size
        return whole[self.rank * num_rows : (self.rank + 1) * num_rows]

    def rand(self, num_rows: int, *shape: int, device: torch.device) -> Tensor:
        """Draw numbers `(num_rows, *shape)` in [0, 1) for the own rows."""
        generator = self.generator(device)
        return self.own(
            torch.rand(num_rows * self.size, *shape, generator=generator, device=device)
        )

    def first_rows(self, rows: Tensor, count: int) -> Tensor:
        """Return the first `count` rows of the whole batch, of which `rows` are the own ones."""
        if self.size == 1:
            return rows[:count]
        whole = rows.new_zeros(len(rows) * self.size, *rows.shape[1:])
        self.own(whole).copy_(rows)
        return self.add_up_(whole[:count])

    def part(self, mean: Tensor, terms: Mapping[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """Return means over the own rows as parts of the means over the whole batch."""
        return mean / self.size, {name: term / self.size for name, term in terms.items()}

    def once(self, number: float) -> float:
        """Return `number` on the first worker and 0 on the others, so that it is added once."""
        return number if self.rank == 0 else 0.0

    def add_up_(self, tensor: Tensor) -> Tensor:
        """Make a tensor, in place, the sum of those of all workers."""
        return tensor

    def totals(self, tensors: Sequence[Tensor]) -> list[Tensor]:
        """Return each tensor's sum over the workers."""
        if self.size == 1:
            return list(tensors)
        flat = self.add_up_(torch.cat([tensor.flatten() for tensor in tensors]))
        parts = torch.split(flat, [tensor.numel() for tensor in tensors])
        return [part.view_as(tensor) for part, tensor in zip(parts, tensors, strict=True)]

    def from_first(self, make: Callable[[], Value]) -> Value:
        """Return what `make` gives on the first worker; the others do not call it."""
        return make()


ALONE = WorkerGroup()


@contextmanager
def _loss_explained() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        raise WorkerLostError(f"a worker of the group was lost: {error}") from error


class DistributedGroup(WorkerGroup):
    """Several processes, by torch.distributed: NCCL on GPUs, Gloo on the CPU.

    With dropout 0 a training goes as with one worker, to rounding. Dropout is drawn by each worker
    for itself: other numbers, of the same distribution.
    """

    def __init__(
        self,
        rank: int,
        size: int,
        store: "Store",
        device: str,
        patience: timedelta = PATIENCE,
    ) -> None:
        """Meet the others; waits until all are there.

        Args:
            rank: 0 to `size` - 1; 0 is the first worker, which leaves the result.
            size: Number of workers.
            store: Where they meet.
            device: `cpu` or `cuda`.
            patience: How long to wait for the others.
        """
        self.rank, self.size = rank, size
        self._seed = 0
        self._generators: dict[torch.device, torch.Generator] = {}
        backend = "gloo" if device == "cpu" else "nccl"
        with _loss_explained():
            distributed.init_process_group(
                backend, store=store, rank=rank, world_size=size, timeout=patience
            )

    def seed(self, seed: int) -> None:
        """Seed what the next step draws, for all, and for oneself."""
        self._seed = seed
        self._generators = {}
        torch.manual_seed(derive_seed(seed, "worker", self.rank))

    def generator(self, device: torch.device | str) -> torch.Generator:
        """Return what draws for the whole batch, the same numbers on all workers."""
        device = torch.device(device)
        if device not in self._generators:
            self._generators[device] = torch.Generator(device).manual_seed(self._seed)
        return self._generators[device]

    def add_up_(self, tensor: Tensor) -> Tensor:
        """Make a tensor, in place, the sum of those of all workers: the same bits on all."""
        with _loss_explained():
            distributed.all_reduce(tensor)
        return tensor

    def from_first(self, make: Callable[[], Value]) -> Value:
        """Return what `make` gives on the first worker; the others do not call it."""
        shared: list[Any] = [make() if self.rank == 0 else None]
        with _loss_explained():
            distributed.broadcast_object_list(shared)
        value: Value = shared[0]
        return value

    def close(self) -> None:
        """Leave the group."""
        distributed.destroy_process_group()
