"""What a stage is: declared inputs, a configuration, a fingerprint, and a way to run."""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from audiomotion.config.schema import Schema

if TYPE_CHECKING:
    from audiomotion.models.group import WorkerGroup

Report = Callable[[int, int, Mapping[str, float]], None]

MakeShard = Callable[[int, Path], Mapping[str, float]]
"""Writes shard i into an empty folder; returns counts, which are added up over all shards."""


Note = Callable[[str, Callable[[], Mapping[str, Any]]], None]
"""Takes a name, and what gives facts for the record of the run, which is called once or never."""


StopRequested = Callable[[], bool]
"""Whether the stage is asked to save where it is and to end with KeyboardInterrupt."""


def note_nothing(name: str, facts: Callable[[], Mapping[str, Any]]) -> None:
    """Note nothing, where no record is kept."""


@dataclass(frozen=True)
class StageContext:
    """Where a stage runs; nothing in it may change what the stage leaves."""

    inputs: Mapping[str, Path]
    """Folder of each input artifact, by role."""

    output: Path
    """Empty folder for what the stage leaves; published whole when `run` returns."""

    scratch: Path
    """Folder that survives a killed run: checkpoints, finished shards."""

    cache: Path
    """Folder of content-addressed files that all stages of a store share."""

    report: Report
    """Takes steps done, steps in all, and values to show."""

    data_root: Path | None = None
    """Folder of the raw data sets."""

    device: str = "cpu"
    """Torch device."""

    checkpoint_seconds: float = 30.0
    """Longest time between two checkpoints."""

    group: "WorkerGroup | None" = None
    """Who trains together; None is one worker. All run the stage, the first leaves the artifact."""

    stop_requested: StopRequested = bool  # which returns False
    """For stages that can end between two steps; what never asks is interrupted where it is."""

    note: Note = note_nothing
    """Tells what a stage builds: sizes, operations. It is of the record, not of the artifact."""


@dataclass(frozen=True)
class StageKind:
    """What all stages of one kind share."""

    name: str
    """The stage's name in plans, paths and tables."""

    version: int
    """Raised whenever a change of the code changes what the stage leaves."""

    work: str
    """What does the work, as `module:function`: plans are made without torch.

    Of a sharded stage it is a class, derived from `ShardedWork`.
    """

    sharded: bool = False
    """Whether the work is done in shards, by as many workers as there are."""


ConfigT = TypeVar("ConfigT", bound=Schema, covariant=True)


@dataclass(frozen=True, eq=False)
class Stage(Generic[ConfigT]):
    """One step of a run.

    Two stages with the same fingerprint leave the same artifact, so it is made once.
    """

    kind: StageKind

    config: ConfigT
    """The part of the configuration that the stage reads, and nothing else."""

    inputs: Mapping[str, "Stage[Any]"] = field(default_factory=dict)
    """The stages whose artifacts it reads, by role."""

    @property
    def name(self) -> str:
        """The stage's name in plans, paths and tables."""
        return self.kind.name

    def run(self, context: StageContext) -> None:
        """Write the artifact into `context.output`, continuing from `context.scratch`."""
        assert not self.kind.sharded, f"{self.name} is made in shards: see ShardedWork"
        self._work()(self, context)

    def sharded_work(self, context: StageContext) -> "ShardedWork":
        """Return the work of a sharded stage, seen from one process."""
        work = self._work()(self, context)
        assert isinstance(work, ShardedWork), f"{self.kind.work} is no ShardedWork"
        return work

    def load(self) -> None:
        """Import the code that does the work."""
        self._work()

    def _work(self) -> Callable[[Any, StageContext], Any]:
        module, _, name = self.kind.work.partition(":")
        work: Callable[[Any, StageContext], Any] = getattr(import_module(module), name)
        return work

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of name, version, configuration and the inputs' fingerprints."""
        return hashlib.sha256(json.dumps(self.identity(), sort_keys=True).encode()).hexdigest()

    def identity(self) -> dict[str, Any]:
        """Return what the fingerprint is the hash of."""
        return {
            "stage": self.name,
            "version": self.kind.version,
            "config": self.config.model_dump(mode="json"),
            "inputs": {role: stage.fingerprint for role, stage in self.inputs.items()},
        }

    def upstream(self) -> "Iterator[Stage[Any]]":
        """Yield every stage this one needs, itself last; a shared one may come more than once."""
        for stage in self.inputs.values():
            yield from stage.upstream()
        yield self


AnyStage = Stage[Any]
"""A stage of any kind."""


class ShardedWork(ABC):
    """The work of a sharded stage, seen from one of the processes that share it.

    It is made of a stage and a context. A shard's content depends on neither the process that
    makes it nor the shards made before, so that any number of workers leave the same bytes.
    """

    @property
    @abstractmethod
    def shard_sizes(self) -> Sequence[int]:
        """Items of each shard, which progress counts. It follows from the inputs."""

    @abstractmethod
    def set_up(self) -> AbstractContextManager[MakeShard]:
        """Prepare a worker, once: load an encoder, start a program. Undone when it ends.

        What is returned writes one shard. It is called for any shards, in any order, each time with
        a new folder, which is published whole or not at all.
        """

    @abstractmethod
    def finish(self, shards: Sequence[Path]) -> None:
        """Join the finished shards' folders, in order, in the context's `output`.

        It may be run again after a crash, and so leaves the shards as they are; large files are
        linked, not copied (`files.link_or_copy`).
        """
