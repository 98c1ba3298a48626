"""Launches on disk that tables of the paper are filled from."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from audiomotion.orchestrate.records import RunFolder, RunRecord
from audiomotion.orchestrate.store import ArtifactStore
from tests.report.launches import axes, done, launch, result

EXTRACTORS = axes("feature-extractor")


def kept(store: ArtifactStore, record: RunRecord, run: str, **changes: Any) -> RunRecord:
    """Write a record into a store under an id, and return it."""
    own = replace(record, id=run, **changes)
    RunFolder(store, run).save(own)
    return own


def extractors(
    store: ArtifactStore, run: str, fid: Mapping[str, float], dataset: str = "kit", seeds: int = 3
) -> RunRecord:
    """Return a finished launch of `feature-extractor`; seeds wobble by 0.01."""
    artifacts = store.artifact_root
    arms = [
        done(artifacts, arm, seed, result([mean + 0.01 * seed, mean + 0.01 * seed + 0.002]))
        for arm, mean in fid.items()
        for seed in range(seeds)
    ]
    record = launch(artifacts, *arms, axis=EXTRACTORS, dataset=dataset)
    return kept(store, record, run)


def systems(store: ArtifactStore, run: str, dataset: str = "humanml3d") -> RunRecord:
    """Return a finished launch of `condition`."""
    artifacts = store.artifact_root
    arms = [done(artifacts, arm, 0, result([1.0, 1.1])) for arm in ("audio", "text")]
    record = launch(artifacts, *arms, axis=axes("condition"), dataset=dataset)
    return kept(store, record, run, title="condition")


def new_store(folder: Path) -> ArtifactStore:
    """Return an empty store."""
    store = ArtifactStore(folder / "store")
    store.prepare()
    return store
