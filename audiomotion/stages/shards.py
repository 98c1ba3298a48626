"""Shards that several processes make together: each whole or absent, and made once."""

import fcntl
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from audiomotion.errors import DataError
from audiomotion.files import read_json, sync_folder, sync_tree, write_json
from audiomotion.stages.base import MakeShard, ShardedWork, StageContext


class Shards:
    """The shards of one stage, in its scratch folder.

    A shard is written aside by whoever holds its lock, synced and renamed. The kernel releases the
    lock of a process that dies, so another makes that shard anew; no finished one is made again.

    Helpers may come at any time, also when the stage has been published and its scratch folder is
    being deleted. So they make nothing unless the set is open, which they see after they have seen
    that the shard whose lock they hold is missing: it is closed when none is.
    """

    def __init__(self, scratch: Path) -> None:
        self._root = scratch / "shards"
        self._open = self._root / "open.json"

    def open(self, num_shards: int) -> None:
        """Let helpers in; for the process that holds the stage's claim."""
        self._root.mkdir(exist_ok=True)
        write_json(self._open, num_shards)

    def close(self) -> None:
        """Let no helper begin another shard."""
        self._open.unlink()

    def folder(self, index: int) -> Path:
        """Return where shard `index` stands or will stand."""
        return self._root / f"{index:06d}"

    def missing(self) -> list[int]:
        """Return the shards that are not finished; none where the set is not open."""
        try:
            num_shards = int(read_json(self._open))
        except DataError:  # not yet, or not any more
            return []
        return [index for index in range(num_shards) if not self.folder(index).exists()]

    def make_any(self, make: MakeShard) -> bool:
        """Make one missing shard that nobody makes at the moment; return whether there was one."""
        return any(self._attempt(index, make, wait=False) for index in self.missing())

    def make_or_wait(self, make: MakeShard) -> bool:
        """As `make_any`; where others make all that is missing, wait for one, or take it over."""
        missing = self.missing()
        return any(self._attempt(index, make, wait=False) for index in missing) or any(
            self._attempt(index, make, wait=True) for index in missing
        )

    def counts(self) -> Mapping[str, float]:
        """Return the counts of the finished shards, added up."""
        total: Counter[str] = Counter()
        for path in sorted(self._root.glob("[0-9]" * 6 + "/counts.json")):
            total.update(read_json(path))
        return dict(total)

    def _attempt(self, index: int, make: MakeShard, *, wait: bool) -> bool:
        with self._locked(index, wait=wait) as mine:
            if not mine or self.folder(index).exists() or not self._open.exists():
                return False
            aside = self._root / f"{index:06d}.part"
            shutil.rmtree(aside, ignore_errors=True)  # of a process that was killed
            aside.mkdir()
            counts = make(index, aside)
            write_json(aside / "counts.json", dict(counts))
            sync_tree(aside)
            aside.rename(self.folder(index))
            sync_folder(self._root)
        return True

    @contextmanager
    def _locked(self, index: int, *, wait: bool) -> Iterator[bool]:
        """Hold a shard's lock; give False where another process holds it, or all is deleted."""
        try:
            lock = (self._root / f"{index:06d}.lock").open("w")
        except FileNotFoundError:
            yield False
            return
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True


def make_all(work: ShardedWork, context: StageContext) -> Mapping[str, float]:
    """Make every shard, together with whoever helps, and join them; return the counts.

    For the process that holds the stage's claim.
    """
    shards, sizes = Shards(context.scratch), work.shard_sizes
    shards.open(len(sizes))
    _report(shards, sizes, context)
    if shards.missing():
        with work.set_up() as make:
            while shards.missing():
                shards.make_or_wait(make)
                _report(shards, sizes, context)
    shards.close()
    work.finish([shards.folder(index) for index in range(len(sizes))])
    return shards.counts()


def _report(shards: Shards, sizes: Sequence[int], context: StageContext) -> None:
    """Report finished items, whoever made them."""
    left = sum(sizes[index] for index in shards.missing())
    context.report(sum(sizes) - left, sum(sizes), {})
