"""What of a store nobody needs: artifacts of no launch, and what interrupted runs left."""

import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Final

from audiomotion.orchestrate.records import RunFolder
from audiomotion.orchestrate.store import Artifact, ArtifactStore
from audiomotion.orchestrate.store.pins import pinned
from audiomotion.stages.graph import CHECKPOINT

_SPEECH: Final = "speech"
"""The cache that can be made again for nothing; rewrites may have been paid for."""


@dataclass(frozen=True)
class Garbage:
    """Something that can go."""

    kind: str
    """Name of a stage for an artifact; else what it is."""
    name: str
    num_bytes: int
    reason: str
    remove: Callable[[], None]


@dataclass(frozen=True)
class Limits:
    """What may be taken."""

    older_than: datetime
    """Nothing that was made or changed since."""
    imported: bool = False
    """Whether imported checkpoints may go too."""
    speech: bool = False
    """Whether the cache of speech may go too."""
    unfinished: bool = False
    """Whether what only launches name that failed or broke off may go too."""


def find_garbage(store: ArtifactStore, limits: Limits) -> list[Garbage]:
    """Return what can go; nothing that a launch names, and nothing that such a thing was made of.

    Raises:
        DataError: A record or a manifest cannot be read, so that nobody knows what it names.
    """
    artifacts = list(store.artifacts())
    needed = _needed(store, artifacts, limits)
    return [
        *_artifacts(store, artifacts, needed, limits),
        *_leftovers(store, artifacts, needed, limits),
        *_cache(store, limits),
    ]


def collect(store: ArtifactStore, garbage: Iterable[Garbage]) -> Iterator[Garbage]:
    """Remove what can go and yield it; what a process is making or removing stays."""
    for item in garbage:
        with store.claim(item.name, wait=False) as mine:
            if not mine:
                continue
            item.remove()
            store.done_with(item.name)
        yield item


def _needed(store: ArtifactStore, artifacts: Iterable[Artifact], limits: Limits) -> set[str]:
    """Return what launches and pins name, and all that it was made of."""
    store.pull(store.runs)
    folders = [RunFolder(store, path.parent.name) for path in store.runs.glob("*/run.json")]
    records = [record for folder in folders if (record := folder.load()) is not None]
    needed = pinned(store)
    for record in records:
        if not limits.unfinished or record.status not in ("failed", "interrupted"):
            needed |= {f"run-{record.id}", *record.fingerprints()}
    inputs = {one.fingerprint: set(one.manifest["inputs"].values()) for one in artifacts}
    new = set(needed)
    while new:
        new = {key for name in new for key in inputs.get(name, ())} - needed
        needed |= new
    return needed


def _artifacts(
    store: ArtifactStore, artifacts: Iterable[Artifact], needed: set[str], limits: Limits
) -> Iterator[Garbage]:
    for artifact in artifacts:
        kept = artifact.stage == CHECKPOINT.name and not limits.imported
        made = datetime.fromisoformat(str(artifact.manifest["finished"]))
        if artifact.fingerprint not in needed and not kept and made < limits.older_than:
            yield Garbage(
                artifact.stage,
                artifact.fingerprint,
                artifact.num_bytes,
                "no launch names it",
                partial(store.delete, artifact),
            )


def _leftovers(
    store: ArtifactStore, artifacts: Iterable[Artifact], needed: set[str], limits: Limits
) -> Iterator[Garbage]:
    """Yield what is left of runs; what a launch would go on from stays."""
    finished = {artifact.fingerprint for artifact in artifacts}
    for left in store.leftovers():
        is_old = datetime.fromtimestamp(left.modified, UTC) < limits.older_than
        if left.kind == "work" and left.name in needed - finished:
            continue
        if is_old:
            yield Garbage(
                left.kind, left.name, left.num_bytes, "an interrupted run left it", left.remove
            )


def _cache(store: ArtifactStore, limits: Limits) -> Iterator[Garbage]:
    folder = store.cache / _SPEECH
    if limits.speech and folder.exists():
        num_bytes = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        remove = partial(shutil.rmtree, folder, ignore_errors=True)
        yield Garbage("cache", _SPEECH, num_bytes, "it can be spoken again", remove)
