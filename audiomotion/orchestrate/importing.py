"""Published weights as artifacts: put into the store whole or not at all, and found there again.

Nothing here needs torch: a plan looks for imported weights too.
"""

import hashlib
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from audiomotion.config.checkpoints import CheckpointConfig, CheckpointKind, DatasetName
from audiomotion.files import full_disk_explained, read_json, write_json
from audiomotion.orchestrate.records import timestamp
from audiomotion.orchestrate.store import Artifact, ArtifactStore
from audiomotion.orchestrate.worker import environment
from audiomotion.stages.base import Stage
from audiomotion.stages.graph import CHECKPOINT, CheckpointStage

CHECKPOINT_RECORD: Final = "checkpoint.json"
"""What was imported: part, data set, sizes, source file, licence."""


@dataclass(frozen=True, eq=False)
class Importable:
    """Published weights that were read and checked."""

    config: CheckpointConfig
    """What they are."""

    record: Mapping[str, Any]
    """What `checkpoint.json` says of them besides."""

    write: Callable[[Path], None]
    """Writes the artifact's files into an empty folder."""

    @property
    def stage(self) -> CheckpointStage:
        """The stage whose artifact they are."""
        return Stage(CHECKPOINT, self.config)


@dataclass(frozen=True, eq=False)
class ImportedCheckpoint:
    """Published weights in the store."""

    config: CheckpointConfig
    artifact: Artifact

    @property
    def stage(self) -> CheckpointStage:
        """The stage whose artifact they are: an input of stages that use them."""
        return Stage(CHECKPOINT, self.config)

    @property
    def record(self) -> dict[str, Any]:
        """What `checkpoint.json` says: what, dataset, sizes, source, licence."""
        record: dict[str, Any] = read_json(self.artifact.folder / CHECKPOINT_RECORD)
        return record


def content_digest(arrays: Mapping[str, NDArray[np.generic]], words: Sequence[str] = ()) -> str:
    """Return the SHA-256 over names, types, shapes and bytes of arrays, and over words."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = arrays[name]
        array = array.astype(array.dtype.newbyteorder("<"), copy=False)
        digest.update(f"{name}\0{array.dtype.str}\0{array.shape}\0".encode())
        digest.update(array.tobytes())
    for word in words:
        digest.update(f"{word}\0".encode())
    return digest.hexdigest()


def import_checkpoint(
    store: ArtifactStore, importable: Importable
) -> tuple[ImportedCheckpoint, bool]:
    """Publish weights in the store; return them, and whether they were not there before.

    A process that dies in the middle leaves nothing but a work folder, which the next import of the
    same weights clears.

    Raises:
        DataError: The disk is full, the store is not writable, or an artifact in it is damaged.
    """
    began = time.monotonic()
    stage = importable.stage
    store.prepare()
    with store.claim(stage.fingerprint):
        found = store.find(stage)
        if found is not None:
            shutil.rmtree(store.work_folder(stage.fingerprint), ignore_errors=True)
            _fetch_record(store, found)
            return ImportedCheckpoint(importable.config, found), False
        artifact = _make(store, importable, began)
    return ImportedCheckpoint(importable.config, artifact), True


def find_imported(
    store: ArtifactStore, what: CheckpointKind, dataset: DatasetName | None = None
) -> list[ImportedCheckpoint]:
    """Return the imported weights of one part and data set, the latest import last.

    Raises:
        DataError: An artifact among them is damaged.
    """
    found = [
        imported
        for imported in _imported(store)
        if (imported.config.what, imported.config.dataset) == (what, dataset)
    ]
    return sorted(found, key=lambda imported: str(imported.artifact.manifest["finished"]))


def _make(store: ArtifactStore, importable: Importable, began: float) -> Artifact:
    config = importable.config
    work = store.work_folder(importable.stage.fingerprint)
    output = work / "output"
    with full_disk_explained(output):
        shutil.rmtree(work, ignore_errors=True)
        output.mkdir(parents=True)
        try:
            importable.write(output)
            record = {"what": config.what, "dataset": config.dataset, **importable.record}
            write_json(output / CHECKPOINT_RECORD, record)
            made = {
                "seconds": round(time.monotonic() - began, 3),
                "finished": timestamp(),
                "environment": environment("cpu", 1),
            }
            return store.publish(importable.stage, output, made)
        except BaseException:
            shutil.rmtree(work, ignore_errors=True)
            raise


def _imported(store: ArtifactStore) -> Iterator[ImportedCheckpoint]:
    """Yield what this version of the package can use."""
    for artifact in store.artifacts(CHECKPOINT.name):
        try:
            config = CheckpointConfig.model_validate(artifact.manifest["config"])
        except ValidationError:  # of another version
            continue
        whole = store.find(Stage(CHECKPOINT, config))
        if whole is not None:
            _fetch_record(store, whole)
            yield ImportedCheckpoint(config, whole)


def _fetch_record(store: ArtifactStore, artifact: Artifact) -> None:
    """Bring what `ImportedCheckpoint.record` reads to this machine."""
    store.fetch_files([(artifact.stage, artifact.fingerprint)], [CHECKPOINT_RECORD])
